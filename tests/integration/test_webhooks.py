"""The webhooks of the binary behind a real API server, reached by their Service."""

import ssl
import threading
import time
from collections.abc import Generator

import msgspec
import pytest

from integration.hooked import Hooked, Replica, a_pod, open_hooked
from okg.api.admissionregistration import MutatingWebhookConfiguration
from okg.api.admitted import AdmittedPod
from okg.api.core import Pod, ResourceRequirements
from okg.api.game import GameServer, GameServerContainer, GameServerSpec
from okg.api.meta import ObjectMeta
from okg.errors import Forbidden
from okg.testing.eventually import eventually
from okg.webhooks.certificates.configurations import MUTATING

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hooked]:
    with open_hooked(tmp_path_factory.mktemp("hooked")) as hooked:
        yield hooked


@pytest.fixture(scope="module")
def replicas(hooked: Hooked) -> Generator[tuple[Replica, Replica]]:
    elected = ("--leader-elect", "--leader-election-namespace=kruise-game-system")
    with hooked.replica(*elected) as first, hooked.replica(*elected) as second:
        yield first, second


@pytest.fixture
def namespace(hooked: Hooked, replicas: tuple[Replica, Replica]) -> str:
    return hooked.arena.namespace()


def _network(name: str) -> dict[str, str]:
    return {"game.kruise.io/network-type": name}


def test_a_new_pod_has_the_image_and_resources_of_its_server(
    hooked: Hooked, namespace: str
) -> None:
    resources = ResourceRequirements(limits={"cpu": 1}, requests={"cpu": "500m"})
    override = GameServerContainer(name="game", image="game:2", resources=resources)
    meta = ObjectMeta(name="a-0", namespace=namespace)
    hooked.arena.admin.create(
        GameServer(metadata=meta, spec=GameServerSpec(containers=(override,)))
    )
    eventually(lambda: _dry_image(hooked, namespace, "a-0") == "game:2", within=20)

    hooked.arena.admin.create(a_pod(namespace, "a-0"))

    made = hooked.arena.admin.get(AdmittedPod, namespace, "a-0")
    assert made is not None
    [container] = made.spec.containers
    assert container.image == "game:2"
    assert container.resources == ResourceRequirements(
        limits={"cpu": "1"}, requests={"cpu": "500m"}
    )


def _dry_image(hooked: Hooked, namespace: str, name: str) -> str:
    """Return the image that a pod would get: caches follow a new server after a moment."""
    pod = a_pod(namespace, name)
    body = {"apiVersion": "v1", "kind": "Pod", **msgspec.to_builtins(pod)}
    path = f"/api/v1/namespaces/{namespace}/pods"
    answer = hooked.arena.rest.call("POST", path, body, query={"dryRun": "All"})
    return msgspec.convert(answer, Pod).spec.containers[0].image


def test_a_plugin_decides_what_a_pod_becomes(hooked: Hooked, namespace: str) -> None:
    pod = hooked.arena.admin.create(a_pod(namespace, "a-0", _network("Test-Net")))

    assert pod.metadata.annotations["game.kruise.io/network-status"] == "{}"


def test_the_trace_of_a_write_is_not_stored(hooked: Hooked, namespace: str) -> None:
    trace = {"game.kruise.io/traceparent": "00-a-b-01"}

    pod = hooked.arena.admin.create(a_pod(namespace, "a-0", trace))

    assert pod.metadata.annotations == {}


def test_a_refusal_of_a_plugin_reaches_the_user_in_its_words(
    hooked: Hooked, namespace: str
) -> None:
    with pytest.raises(Forbidden, match="no port is free in 8000-8100"):
        hooked.arena.admin.create(a_pod(namespace, "a-0", _network("Test-Refusing")))

    [event] = eventually(lambda: hooked.arena.events(namespace, "parameterError"), within=20)
    assert event.message == (
        f"Failed to CREATE pod {namespace}/a-0 ,because of no port is free in 8000-8100"
    )
    assert event.source.component == "kruise-game-webhook"


def test_a_slow_plugin_holds_up_its_own_pod_only_and_that_not_for_ever(
    hooked: Hooked, namespace: str
) -> None:
    admin = hooked.arena.admin
    took: list[float] = []

    def make_slow(name: str) -> None:
        started = time.monotonic()
        admin.create(a_pod(namespace, name, _network("Test-Slow")))
        took.append(time.monotonic() - started)

    slow = [threading.Thread(target=make_slow, args=(f"slow-{n}",)) for n in range(4)]
    for thread in slow:
        thread.start()
    quick = [_seconds_to_make(hooked, namespace, f"quick-{n}") for n in range(20)]
    assert took == []
    for thread in slow:
        thread.join()

    assert sorted(quick)[10] < 0.25
    assert len(took) == 4
    assert 7.9 < min(took) <= max(took) < 10
    pod = admin.get(Pod, namespace, "slow-0")
    assert pod is not None
    assert "game.kruise.io/network-status" not in pod.metadata.annotations
    messages = eventually(
        lambda: [e.message for e in hooked.arena.events(namespace, "MutatingTimeout")], within=20
    )
    assert f"Failed to CREATE pod {namespace}/slow-" in messages[0]
    assert messages[0].endswith(", because plugin Test-Slow exec timed out")


def _seconds_to_make(hooked: Hooked, namespace: str, name: str) -> float:
    started = time.monotonic()
    hooked.arena.admin.create(a_pod(namespace, name, _network("Test-Net")))
    return time.monotonic() - started


def test_a_set_with_an_unknown_network_is_refused_with_the_names_there_are(
    hooked: Hooked, namespace: str
) -> None:
    with pytest.raises(
        Forbidden,
        match=r"must be one of \[AlibabaCloud-.* Test-Net Test-Recording Test-Refusing Test-Slow ",
    ):
        hooked.arena.create_set(namespace, "a", replicas=0, network={"networkType": "Nowhere"})


def test_both_replicas_serve_the_certificate_of_the_secret(
    hooked: Hooked, replicas: tuple[Replica, Replica]
) -> None:
    stored = ssl.PEM_cert_to_DER_cert(hooked.store.current.certificate)

    served = {
        ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", replica.port)))
        for replica in replicas
    }

    assert served == {stored}
    assert (replicas[0].folder / "tls.key").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" not in replicas[0].manager.log + replicas[1].manager.log


def test_a_broken_bundle_is_put_right_while_the_manager_runs(
    hooked: Hooked, namespace: str
) -> None:
    path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{MUTATING}"
    before = hooked.arena.admin.get(MutatingWebhookConfiguration, "", MUTATING)
    assert before is not None
    change = [
        {"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"},
        {"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 15},
    ]

    hooked.arena.rest.call("PATCH", path, change, content_type="application/json-patch+json")

    eventually(
        lambda: (
            (now := hooked.arena.admin.get(MutatingWebhookConfiguration, "", MUTATING))
            and now.webhooks == before.webhooks
        ),
        within=20,
    )
    assert '"timeoutSeconds":15' in msgspec.json.encode(hooked.arena.rest.get(path)).decode()
    eventually(lambda: _dry_image(hooked, namespace, "a-0") == "game:1", within=20)
