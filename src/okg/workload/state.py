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
    if begins_update(pod):
        return UPDATE_RUNNING
    return READY if _is_ready(pod) else NOT_READY


def begins_update(pod: Pod) -> bool:
    """Whether the gate is closed for an update in place, and what says so otherwise is not written.

    That follows in the next moment.
    """
    gate = pod.status.condition(IN_PLACE_UPDATE_READY)
    closed = gate is not None and (gate.status, gate.reason) == ("False", UPDATE_BEGINS)
    in_service = pod.metadata.labels.get(LIFECYCLE_STATE, "") not in _BY_LIFECYCLE
    return closed and in_service and not _is_ready(pod)


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


def _is_ready(pod: Pod) -> bool:
    ready = pod.status.condition("Ready")
    return ready is not None and ready.status == "True"
