import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.workload.state import game_server_state, with_state
from unit.fleet import NOW, a_pod


@pytest.mark.parametrize(
    ("pod", "state"),
    [
        (a_pod(), "Ready"),
        (a_pod(ready="False"), "NotReady"),
        (a_pod(ready="Unknown"), "NotReady"),
        (a_pod(ready=""), "NotReady"),
        (a_pod(terminating=True, lifecycle="Updating"), "Deleting"),
        (a_pod(lifecycle="Updating"), "Updating"),
        (a_pod(lifecycle="PreparingUpdate"), "PreUpdate"),
        (a_pod(lifecycle="PreparingDelete"), "PreDelete"),
        (a_pod(lifecycle="Normal"), "Ready"),
        (a_pod(lifecycle="PreparingNormal"), "Ready"),
        (a_pod(lifecycle="Updated", ready="False"), "NotReady"),
        (a_pod(phase="Failed"), "Crash"),
        (a_pod(phase="Failed", terminating=True), "Deleting"),
        (a_pod(phase="Pending"), "Creating"),
        (a_pod(phase="Pending", lifecycle="PreparingDelete"), "Creating"),
        (a_pod(phase="Pending", terminating=True), "Deleting"),
        (a_pod(phase="Succeeded"), "Unknown"),
        (a_pod(phase="Unknown"), "Unknown"),
        (a_pod(phase=""), "Unknown"),
    ],
)
def test_the_pod_shows_the_state(pod: Pod, state: str) -> None:
    assert game_server_state(pod) == state


def gated(status: str, reason: str, ready: str = "False", lifecycle: str = "Normal") -> Pod:
    """Return a pod with the gate of updates in place."""
    pod = a_pod(ready=ready, lifecycle=lifecycle)
    gate = PodCondition(type="InPlaceUpdateReady", status=status, reason=reason)
    return replace(pod, status=replace(pod.status, conditions=(*pod.status.conditions, gate)))


@pytest.mark.parametrize(
    ("pod", "state"),
    [
        (gated("False", "StartInPlaceUpdate"), "Updating"),
        (gated("False", "StartInPlaceUpdate", ready="True"), "Ready"),
        (gated("False", "StartInPlaceUpdate", lifecycle="PreparingUpdate"), "PreUpdate"),
        (gated("False", ""), "NotReady"),
        (gated("True", "StartInPlaceUpdate"), "NotReady"),
    ],
)
def test_an_update_has_begun_when_its_gate_is_closed(pod: Pod, state: str) -> None:
    assert game_server_state(pod) == state


def test_a_label_follows_the_state_and_tells_since_when() -> None:
    pod = a_pod(lifecycle="Updating", labels={"game.kruise.io/gs-state": "Ready"})

    told = with_state(pod, NOW)

    assert told.metadata.labels == {**pod.metadata.labels, "game.kruise.io/gs-state": "Updating"}
    assert told.metadata.annotations == {
        "game.kruise.io/state-last-changed-time": "2025-01-02T03:04:05Z"
    }
    assert with_state(told, NOW) is told


def test_a_pod_without_that_label_gets_none() -> None:
    pod = a_pod(lifecycle="Updating")

    assert with_state(pod, NOW) is pod
