import msgspec
import pytest
from msgspec.structs import replace

from okg.api.apps import RevisionData, RevisionSpec
from okg.workload.native.capability import in_place_change
from okg.workload.native.history import newest_revision
from okg.workload.native.template_defaults import completed_like
from unit.fleet import a_set
from unit.workload.native.native_fleet import OLD, a_native

WRITTEN = {
    "metadata": {"labels": {"amount": "1.0"}},
    "spec": {
        "containers": [
            {
                "name": "game",
                "image": "game:1",
                "tty": False,
                "args": [],
                "env": [
                    {"name": "EMPTY", "value": ""},
                    {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "ports": [{"containerPort": 7777}],
                "resources": {"limits": {"cpu": "1000m", "example.com/gpu": 1}},
                "readinessProbe": {"httpGet": {"port": 8080}, "initialDelaySeconds": 0},
            }
        ],
        "volumes": [{"name": "scratch"}, {"name": "c", "configMap": {"name": "x"}}],
        "hostNetwork": False,
    },
}
COMPLETED = {
    "metadata": {"creationTimestamp": None, "labels": {"amount": "1.0"}},
    "spec": {
        "containers": [
            {
                "name": "game",
                "image": "game:1",
                "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "env": [
                    {"name": "EMPTY"},
                    {
                        "name": "ME",
                        "valueFrom": {
                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}
                        },
                    },
                ],
                "ports": [{"containerPort": 7777, "protocol": "TCP"}],
                "resources": {"limits": {"cpu": "1", "example.com/gpu": "1"}},
                "readinessProbe": {
                    "httpGet": {"port": 8080, "path": "/", "scheme": "HTTP"},
                    "timeoutSeconds": 1,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                },
            }
        ],
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "c", "configMap": {"name": "x", "defaultMode": 420}},
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    },
}


def raw(template: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(template, order="sorted"))


def pod_spec(**fields: object) -> dict[str, object]:
    return {"spec": {"containers": [{"name": "game", "image": "game:1"}], **fields}}


def container(**fields: object) -> dict[str, object]:
    return {"spec": {"containers": [{"name": "game", "image": "game:1", **fields}]}}


def test_what_openkruise_fills_in_and_rewrites_is_no_difference() -> None:
    completed = msgspec.json.decode(completed_like(raw(COMPLETED), raw(WRITTEN)))

    stored = {**COMPLETED, "metadata": {"labels": {"amount": "1.0"}}}
    assert completed == stored


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        (container(imagePullPolicy="Never"), container()),
        (container(), container(imagePullPolicy="Always")),
        (container(workingDir="/game"), container(workingDir="")),
        (pod_spec(terminationGracePeriodSeconds=60), pod_spec()),
        (pod_spec(), pod_spec(terminationGracePeriodSeconds=0)),
        (pod_spec(), pod_spec(hostNetwork=True)),
        (pod_spec(), pod_spec(automountServiceAccountToken=False)),
        (pod_spec(affinity={"podAffinity": {}}), pod_spec()),
        (pod_spec(nodeSelector={"size": "1000m"}), pod_spec(nodeSelector={"size": "1"})),
        (pod_spec(tolerations=[{}]), pod_spec(tolerations=[{}, {}])),
        ({"metadata": {"labels": {"a": "1.0"}}}, {"metadata": {"labels": {"a": "1"}}}),
    ],
)
def test_what_a_user_changes_stays_a_difference(
    stored: dict[str, object], wanted: dict[str, object]
) -> None:
    completed = completed_like(raw(stored), raw(wanted))

    assert msgspec.json.decode(completed) != stored


def test_a_revision_of_openkruises_is_known_again_under_its_own_name() -> None:
    wanted = a_native({"template": WRITTEN})
    stored = replace(OLD, data=RevisionData(spec=RevisionSpec(template=raw(COMPLETED))))

    assert newest_revision(wanted, a_set(), [stored]) is stored


def test_a_new_image_comes_in_place_although_the_old_template_was_completed() -> None:
    text = msgspec.json.encode(WRITTEN).replace(b"game:1", b"game:2")

    change = in_place_change(raw(COMPLETED), msgspec.Raw(text))

    assert (change.obstacle, change.images) == ("", {"game": "game:2"})


@pytest.mark.parametrize(("stored", "wanted"), [(b"", b"{}"), (b"{}", b"")])
def test_what_is_missing_is_left_as_it_is(stored: bytes, wanted: bytes) -> None:
    assert bytes(completed_like(msgspec.Raw(stored), msgspec.Raw(wanted))) == wanted
