from msgspec.structs import replace

from okg.api.game import GameServerCondition, NetworkStatus, ServiceQualityCondition
from okg.client.patch import diff
from okg.workload.gameserver_status import compute_server_status
from unit.fleet import LONG_AGO, NOW, a_pod, a_server

LABELS = {
    "game.kruise.io/gs-delete-priority": "100",
    "game.kruise.io/gs-update-priority": "0",
    "game.kruise.io/gs-state": "Ready",
}
CONDITIONS = (GameServerCondition(type="PodNormal", status="True"),)


def test_state_and_priorities_are_those_of_the_pods_labels() -> None:
    server = a_server({"spec": {"deletionPriority": 5}})

    status = compute_server_status(server, a_pod(labels=LABELS), CONDITIONS, (), NOW)

    assert status.desired_state == "Ready"
    assert status.current_state == "Ready"
    assert status.deletion_priority == "100"
    assert status.update_priority == "0"
    assert status.conditions == CONDITIONS
    assert status.pod_status == a_pod().status
    assert status.last_transition_time == NOW


def test_an_unchanged_status_is_the_stored_one() -> None:
    pod = a_pod(labels=LABELS)
    first = compute_server_status(a_server(), pod, CONDITIONS, (), LONG_AGO)
    server = replace(a_server(), status=first)

    assert compute_server_status(server, pod, CONDITIONS, (), NOW) is first


def test_results_of_qualities_are_those_of_this_pass() -> None:
    stored = {"serviceQualitiesConditions": [{"name": "gone", "status": "True"}]}
    heard = ServiceQualityCondition(name="idle", status="True")

    status = compute_server_status(a_server({"status": stored}), a_pod(), CONDITIONS, [heard], NOW)

    assert status.service_qualities_conditions == (heard,)


def test_the_state_of_the_network_is_the_pods() -> None:
    stored = {"networkStatus": {"networkType": "Old", "desiredNetworkState": "Ready"}}
    pod = a_pod(annotations={"game.kruise.io/network-type": "New"})

    with_network = compute_server_status(a_server(), pod, CONDITIONS, (), NOW)
    without = compute_server_status(a_server({"status": stored}), a_pod(), CONDITIONS, (), NOW)

    assert with_network.network_status.network_type == "New"
    assert without.network_status == NetworkStatus()


def test_fields_of_an_earlier_pod_are_taken_out_of_the_stored_status() -> None:
    stored = {"podStatus": {"phase": "Running", "podIP": "10.0.0.1", "reason": "Evicted"}}
    server = a_server({"status": stored})
    status = compute_server_status(server, a_pod(phase="Pending", ready=""), (), (), NOW)

    change = diff(server, replace(server, status=status), lock=False)

    assert change is not None
    assert b'"podStatus":{"phase":"Pending","podIP":null,"reason":null}' in change.body


def test_the_network_status_is_there_even_if_it_is_empty() -> None:
    server = a_server()
    status = compute_server_status(server, a_pod(), (), (), NOW)

    change = diff(server, replace(server, status=status), lock=False)

    assert change is not None
    assert b'"networkStatus":{}' in change.body
