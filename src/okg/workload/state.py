"""State of a game server, as its pod shows it."""

from datetime import UTC, datetime

from msgspec.structs import replace

from okg.api.core import Pod
from okg.workload.names import (
    GS_STATE,
    IN_PLACE_UPDATE_READY,
    LIFECYCLE_STATE,
    PREPARING_DELETE,
    PREPARING_UPDATE,
    STATE_CHANGED_AT,
    UPDATING,
)

UNKNOWN = "Unknown"
CREATING = "Creating"
READY = "Ready"
NOT_READY = "NotReady"
CRASH = "Crash"
UPDATE_RUNNING = "Updating"
DELETING = "Deleting"
PRE_DELETE = "PreDelete"
PRE_UPDATE = "PreUpdate"

UPDATE_BEGINS = "StartInPlaceUpdate"
"""Why the gate of updates in place is closed, in OpenKruise's words."""

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
    ready, gate = pod.status.condition("Ready"), pod.status.condition(IN_PLACE_UPDATE_READY)
    if ready is not None and ready.status == "True":
        return READY
    # The gate is closed first, and what says so otherwise is written in the next moment.
    begins = gate is not None and (gate.status, gate.reason) == ("False", UPDATE_BEGINS)
    return UPDATE_RUNNING if begins else NOT_READY


def with_state(pod: Pod, now: datetime) -> Pod:
    """Return a pod whose label tells its state, and since when.

    A pod whose server has not told one yet gets none.
    """
    meta, state = pod.metadata, game_server_state(pod)
    if meta.labels.get(GS_STATE, state) == state:
        return pod
    labels = {**meta.labels, GS_STATE: state}
    annotations = {**meta.annotations, STATE_CHANGED_AT: timestamp(now)}
    return replace(pod, metadata=replace(meta, labels=labels, annotations=annotations))


def timestamp(at: datetime) -> str:
    """Return a time as annotations have it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
