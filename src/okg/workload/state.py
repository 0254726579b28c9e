"""State of a game server, as its pod shows it."""

from okg.api.core import Pod
from okg.workload.names import LIFECYCLE_STATE, PREPARING_DELETE, PREPARING_UPDATE, UPDATING

UNKNOWN = "Unknown"
CREATING = "Creating"
READY = "Ready"
NOT_READY = "NotReady"
CRASH = "Crash"
UPDATE_RUNNING = "Updating"
DELETING = "Deleting"
PRE_DELETE = "PreDelete"
PRE_UPDATE = "PreUpdate"

_BY_PHASE = {"Pending": CREATING, "Failed": CRASH}

_BY_LIFECYCLE = {
    UPDATING: UPDATE_RUNNING,
    PREPARING_UPDATE: PRE_UPDATE,
    PREPARING_DELETE: PRE_DELETE,
}


def game_server_state(pod: Pod) -> str:
    """Return the state: what is about to happen to the pod first, then how it is."""
    if pod.metadata.deletion_timestamp is not None:
        return DELETING
    if pod.status.phase != "Running":
        return _BY_PHASE.get(pod.status.phase, UNKNOWN)
    in_transition = _BY_LIFECYCLE.get(pod.metadata.labels.get(LIFECYCLE_STATE, ""))
    if in_transition is not None:
        return in_transition
    ready = pod.status.condition("Ready")
    return READY if ready is not None and ready.status == "True" else NOT_READY
