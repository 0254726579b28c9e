import pytest

from okg.api.core import Pod
from okg.workload.state import game_server_state
from unit.fleet import a_pod


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
