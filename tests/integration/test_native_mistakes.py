"""What stands in the way of pods that the manager makes itself: told, and no other server waits."""

import re
import time
from collections.abc import Generator, Mapping

import pytest
import urllib3
from msgspec.structs import replace

from integration.arena import ManagerProcess, in_place, names, template
from integration.native import NativeArena, open_native_arena
from okg.api.core import ObjectMeta, PersistentVolumeClaim, Pod
from okg.api.drafts import PodDraft
from okg.api.meta import Opaque
from okg.errors import ApiError
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

AT_ONCE = 2.0
"""Seconds in which a correction is picked up."""

LOOKED_FOR = 8.0
"""Seconds over which requests are counted."""

NO_SUCH_VOLUME = {
    "spec": {
        "containers": [
            {
                "name": "game",
                "image": "game:1",
                "volumeMounts": [{"name": "maps", "mountPath": "/maps"}],
            }
        ]
    }
}
DATA = [
    {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
]
KEEP = "example.com/keep"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Generator[NativeArena]:
    with open_native_arena(tmp_path_factory.mktemp("mistakes")) as arena:
        yield arena


@pytest.fixture(scope="module")
def okg(plane: NativeArena) -> Generator[ManagerProcess]:
    with plane.manager("--workload-backend=native") as manager:
        yield manager


@pytest.fixture
def namespace(plane: NativeArena, okg: ManagerProcess) -> str:
    return plane.namespace()


def requests(okg: ManagerProcess, *, code: str, method: str) -> int:
    """How many requests of the manager were answered so."""
    text = urllib3.request("GET", f"{okg.metrics}/metrics").data.decode()
    line = rf'rest_client_requests_total{{code="{code}",[^}}]*method="{method}"}} ([0-9.e+]+)'
    return sum(int(float(number)) for number in re.findall(line, text))


def refusals(okg: ManagerProcess, *, code: str, method: str) -> int:
    """How many such answers come in a while in which nobody does anything."""
    before = requests(okg, code=code, method=method)
    time.sleep(LOOKED_FOR)
    return requests(okg, code=code, method=method) - before


def told(plane: NativeArena, namespace: str, type_: str = "FailedCreatePod") -> str:
    """What the set's record says that it cannot do."""
    status = plane.workload(namespace).status
    return next((c.message for c in status.conditions if c.type == type_), "")


def events(plane: NativeArena, namespace: str, reason: str = "FailedCreate") -> list[str]:
    return [
        event.message
        for event in plane.events(namespace, reason)
        if event.involved_object.name == "a"
    ]


def told_on_the_set(plane: NativeArena, namespace: str) -> str:
    """What the set's own condition says after half a minute in which nothing has moved."""
    status = plane.get_set(namespace, "a").status
    conditions = status.conditions if status else ()
    return next((c.message for c in conditions if c.type == "Ready" and c.status == "False"), "")


def post(plane: NativeArena, path: str, document: Mapping[str, object]) -> None:
    plane.rest.call("POST", path, document)


def test_a_template_that_the_server_refuses_is_told_and_sent_once(
    plane: NativeArena, okg: ManagerProcess, namespace: str
) -> None:
    plane.create_set(namespace, "a", replicas=3, gameServerTemplate=NO_SUCH_VOLUME)
    plane.create_set(namespace, "b", replicas=1)

    words = 'spec.containers[0].volumeMounts[0].name: Not found: "maps"'
    eventually(lambda: words in (told(plane, namespace) if _has_record(plane, namespace) else ""))
    eventually(lambda: any(words in event for event in events(plane, namespace)), within=30)
    eventually(lambda: plane.ready(namespace) == {"b-0"}, within=60)
    assert refusals(okg, code="422", method="POST") <= 1
    assert len(events(plane, namespace)) == 1
    eventually(lambda: words in told_on_the_set(plane, namespace), within=60)

    plane.edit_set(namespace, "a", {"gameServerTemplate": template()})

    eventually(lambda: set(plane.pods(namespace)) >= names("a", range(3)), within=AT_ONCE)
    eventually(lambda: plane.ready(namespace) == names("a", range(3)) | {"b-0"}, within=60)
    assert told(plane, namespace) == ""


def test_an_image_that_nobody_lets_in_leaves_the_servers_in_service(
    plane: NativeArena, okg: ManagerProcess, namespace: str
) -> None:
    _forbid(plane, namespace, "game:bad")
    plane.create_set(namespace, "a", replicas=3, updateStrategy=in_place(maxUnavailable=1))
    eventually(lambda: plane.ready(namespace) == names("a", range(3)), within=60)
    _wait_until_forbidden(plane, namespace)

    plane.edit_set(namespace, "a", {"gameServerTemplate": template("game:bad")})

    eventually(lambda: "is not let in" in told(plane, namespace, "FailedUpdatePod"), within=30)
    eventually(lambda: events(plane, namespace, "FailedUpdatePodInPlace"), within=30)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(3)), within=30)
    before = {name: pod.metadata.resource_version for name, pod in plane.pods(namespace).items()}
    assert refusals(okg, code="422", method="PATCH") == 0
    after = {name: pod.metadata.resource_version for name, pod in plane.pods(namespace).items()}
    assert after == before

    plane.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})

    eventually(lambda: "game:2" in _asked_images(plane, namespace), within=AT_ONCE)
    eventually(lambda: plane.images(namespace) == ["game:2"] * 3, within=60)


def test_a_quota_that_is_used_up_is_told_and_asked_less_and_less(
    plane: NativeArena, okg: ManagerProcess, namespace: str
) -> None:
    _allow(plane, namespace, 1)
    plane.create_set(namespace, "a", replicas=3)

    eventually(lambda: plane.ready(namespace) == {"a-0"}, within=60)
    eventually(lambda: "exceeded quota: few" in told(plane, namespace), within=30)
    eventually(lambda: events(plane, namespace), within=30)
    assert "pod a-1" in told(plane, namespace)
    assert refusals(okg, code="403", method="POST") <= 16

    plane.edit_set(namespace, "a", {"replicas": 1})

    eventually(lambda: told(plane, namespace) == "", within=AT_ONCE)
    assert plane.ready(namespace) == {"a-0"}


def test_a_claim_on_its_way_out_keeps_its_own_server_waiting_and_no_other(
    plane: NativeArena, okg: ManagerProcess, namespace: str
) -> None:
    claim = _leaving_claim(plane, namespace, "data-a-1")
    template_ = template(volumeClaimTemplates=DATA)

    plane.create_set(namespace, "a", replicas=3, gameServerTemplate=template_)

    words = "pod a-1: claim data-a-1 is to be deleted; waiting for it"
    eventually(lambda: plane.ready(namespace) == {"a-0", "a-2"}, within=60)
    eventually(lambda: told(plane, namespace) == words, within=30)
    eventually(lambda: words in events(plane, namespace), within=30)
    assert refusals(okg, code="201", method="POST") <= 3

    plane.admin.patch(claim, replace(claim, metadata=replace(claim.metadata, finalizers=())))

    eventually(lambda: "a-1" in plane.pods(namespace), within=AT_ONCE)
    eventually(lambda: told(plane, namespace) == "", within=30)


def test_a_pod_of_somebody_else_in_a_servers_place_is_told_and_left_alone(
    plane: NativeArena, okg: ManagerProcess, namespace: str
) -> None:
    spec = Opaque(b'{"containers":[{"name":"app","image":"app:1"}]}')
    meta = ObjectMeta(name="a-1", namespace=namespace)
    other = plane.admin.create_from(PodDraft(metadata=meta, spec=spec), Pod)

    plane.create_set(namespace, "a", replicas=3)

    words = "pod a-1: one of this name exists and is nobody's; delete it"
    eventually(lambda: plane.ready(namespace) == {"a-0", "a-2"}, within=60)
    eventually(lambda: told(plane, namespace) == words, within=30)
    eventually(lambda: words in events(plane, namespace), within=30)
    assert refusals(okg, code="409", method="POST") <= 2
    assert plane.pods(namespace)["a-1"].metadata.uid == other.metadata.uid

    plane.admin.delete(plane.pods(namespace)["a-1"], grace_seconds=0)

    eventually(lambda: plane.ready(namespace) == names("a", range(3)), within=60)


def _has_record(plane: NativeArena, namespace: str) -> bool:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    return bool(plane.rest.get(path)["items"])


def _asked_images(plane: NativeArena, namespace: str) -> set[str]:
    return {pod.spec.containers[0].image for pod in plane.pods(namespace).values()}


def _allow(plane: NativeArena, namespace: str, pods: int) -> None:
    """Make a quota, and stand in for the controller that says how much of it is used."""
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    hard = {"pods": str(pods)}
    post(plane, path, {"metadata": {"name": "few"}, "spec": {"hard": hard}})
    status = {"status": {"hard": hard, "used": {"pods": "0"}}}
    merge = "application/merge-patch+json"
    plane.rest.call("PATCH", f"{path}/few/status", status, content_type=merge)


def _forbid(plane: NativeArena, namespace: str, image: str) -> None:
    """Let the API server refuse pods with an image in a namespace."""
    group = "/apis/admissionregistration.k8s.io/v1"
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["pods"],
    }
    check = {
        "expression": f"object.spec.containers.all(c, c.image != '{image}')",
        "message": f"{image} is not let in",
    }
    policy = {
        "metadata": {"name": namespace},
        "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": [check]},
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding = {
        "metadata": {"name": namespace},
        "spec": {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": selector},
        },
    }
    post(plane, f"{group}/validatingadmissionpolicies", policy)
    post(plane, f"{group}/validatingadmissionpolicybindings", binding)


def _wait_until_forbidden(plane: NativeArena, namespace: str) -> None:
    """A policy comes into force some time after it was made."""
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    pod = {
        "metadata": {"name": "try"},
        "spec": {"containers": [{"name": "c", "image": "game:bad"}]},
    }

    def is_refused() -> bool:
        try:
            post(plane, path, pod)
        except ApiError as error:
            return "is not let in" in str(error)
        return False

    eventually(is_refused, within=60)


def _leaving_claim(plane: NativeArena, namespace: str, name: str) -> PersistentVolumeClaim:
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    labels = {"game.kruise.io/owner-gss": "a"}
    meta = {"name": name, "finalizers": [KEEP], "labels": labels}
    post(plane, path, {"metadata": meta, "spec": DATA[0]["spec"]})
    claim = plane.admin.get(PersistentVolumeClaim, namespace, name)
    assert claim is not None
    plane.admin.delete(claim)

    def leaving() -> PersistentVolumeClaim | None:
        found = plane.admin.get(PersistentVolumeClaim, namespace, name)
        alone = found is not None and found.metadata.finalizers == (KEEP,)
        return found if alone else None

    found = eventually(leaving, within=30)
    assert found is not None
    return found
