"""The state of a network on pods and game servers; the test plays the plugin."""

from collections.abc import Generator, Mapping

import msgspec
import pytest

from integration.arena import Arena, ManagerProcess, names
from okg.api.game import NetworkStatus
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

NODE_PORT = {
    "networkType": "Kubernetes-NodePort",
    "networkConf": [{"name": "PortProtocols", "value": "80"}],
}
ADDRESS = {"ip": "192.0.2.1", "ports": [{"name": "80", "protocol": "TCP", "port": 30080}]}
TRIGGER = "game.kruise.io/network-trigger-time"


@pytest.fixture(scope="module")
def manager(arena: Arena) -> Generator[ManagerProcess]:
    with arena.manager(NETWORK_TOTAL_WAIT_TIME="6", NETWORK_PROBE_INTERVAL_TIME="1") as manager:
        yield manager


def _play(arena: Arena, namespace: str, **spec: object) -> None:
    arena.create_set(namespace, "a", **{"replicas": 1, "network": NODE_PORT} | spec)
    eventually(lambda: arena.ready(namespace) == names("a", [0]), within=60)


def _note(arena: Arena, namespace: str, current: str, *addresses: Mapping[str, object]) -> None:
    """Note a state on the pod as a plugin does when the pod is written."""
    note = {
        "externalAddresses": [*addresses],
        "currentNetworkState": current,
        "createTime": None,
        "lastTransitionTime": None,
    }
    text = msgspec.json.encode(note).decode()
    arena.rest.call(
        "PATCH",
        f"/api/v1/namespaces/{namespace}/pods/a-0",
        {"metadata": {"annotations": {"game.kruise.io/network-status": text}}},
        content_type="application/merge-patch+json",
    )


def _network(arena: Arena, namespace: str) -> NetworkStatus:
    return arena.servers(namespace)["a-0"].status.network_status


def _states(arena: Arena, namespace: str) -> tuple[str, str]:
    network = _network(arena, namespace)
    return network.desired_network_state, network.current_network_state


def _triggered_at(arena: Arena, namespace: str) -> str:
    return arena.pods(namespace)["a-0"].metadata.annotations.get(TRIGGER, "")


def test_the_plugin_is_called_until_the_network_is_ready(arena: Arena, namespace: str) -> None:
    _play(arena, namespace)
    first = eventually(lambda: _triggered_at(arena, namespace), within=20)
    eventually(lambda: _triggered_at(arena, namespace) != first, within=20)
    waiting = _states(arena, namespace)

    _note(arena, namespace, "Ready", ADDRESS)
    eventually(lambda: _states(arena, namespace) == ("Ready", "Ready"), within=20)

    network = _network(arena, namespace)
    assert waiting == ("Ready", "NotReady")
    assert network.network_type == "Kubernetes-NodePort"
    assert [(a.ip, a.ports[0].port) for a in network.external_addresses] == [("192.0.2.1", 30080)]
    assert network.create_time is not None
    assert not arena.events(namespace, "GsNetworkState")


def test_a_wait_in_vain_ends_and_is_told_once(arena: Arena, namespace: str) -> None:
    _play(arena, namespace)

    [event] = eventually(lambda: arena.events(namespace, "GsNetworkState"), within=30)
    last = _triggered_at(arena, namespace)
    before = arena.servers(namespace)["a-0"].metadata.resource_version
    arena.edit_server(namespace, "a-0", {"metadata": {"annotations": {"gs-sync/look": "again"}}})
    eventually(lambda: _looked(arena, namespace), within=20)

    [again] = arena.events(namespace, "GsNetworkState")
    assert event.message == "Network wait timeout: waited 6s, max 6s"
    assert event.type == "Warning"
    assert again.count == 1
    assert _triggered_at(arena, namespace) == last
    assert before != arena.servers(namespace)["a-0"].metadata.resource_version


def _looked(arena: Arena, namespace: str) -> bool:
    return arena.pods(namespace)["a-0"].metadata.annotations.get("gs-sync/look") == "again"


def test_a_network_that_fails_later_is_tried_again(arena: Arena, namespace: str) -> None:
    _play(arena, namespace)
    _note(arena, namespace, "Ready", ADDRESS)
    eventually(lambda: _states(arena, namespace) == ("Ready", "Ready"), within=20)
    before = _triggered_at(arena, namespace)

    _note(arena, namespace, "NotReady", ADDRESS)

    eventually(lambda: _states(arena, namespace) == ("Ready", "NotReady"), within=20)
    eventually(lambda: _triggered_at(arena, namespace) != before, within=20)


def test_disabling_a_network_flips_label_and_desired_state(arena: Arena, namespace: str) -> None:
    _play(arena, namespace)
    _note(arena, namespace, "Ready", ADDRESS)
    eventually(lambda: _states(arena, namespace) == ("Ready", "Ready"), within=20)

    arena.edit_server(namespace, "a-0", {"spec": {"networkDisabled": True}})
    eventually(lambda: _states(arena, namespace) == ("NotReady", "Ready"), within=20)
    _note(arena, namespace, "NotReady")
    eventually(lambda: _states(arena, namespace) == ("NotReady", "NotReady"), within=20)
    arena.edit_server(namespace, "a-0", {"spec": {"networkDisabled": False}})

    eventually(lambda: _states(arena, namespace) == ("Ready", "NotReady"), within=20)
    labels = arena.pods(namespace)["a-0"].metadata.labels
    assert labels["game.kruise.io/network-disabled"] == "false"


def test_a_server_without_network_has_an_empty_state(arena: Arena, namespace: str) -> None:
    _play(arena, namespace, network=None)

    server = arena.rest.get(f"/apis/game.kruise.io/v1alpha1/namespaces/{namespace}/gameservers/a-0")
    status = server["status"]
    assert isinstance(status, dict)
    assert status["networkStatus"] == {}
    assert _triggered_at(arena, namespace) == ""
