"""Settling: what is about to be overtaken is not written.

A pod passes through a handful of states in its first moments, and each would cost writes for the
server, its status and the pod. Within a short time after the pod was made, only the outcome is
written. Nothing that somebody asked for waits, and after that time everything is written as it is.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServer, GameServerStatus
from okg.workload.conditions import NETWORK_NORMAL
from okg.workload.names import GS_STATE, IN_PLACE_UPDATE_READY, NETWORK_TYPE
from okg.workload.pod_sync import follows_defaults
from okg.workload.state import (
    CREATING,
    NOT_READY,
    UPDATE_RUNNING,
    begins_update,
    game_server_state,
)

SETTLE = timedelta(seconds=3)
"""Longer than scheduling, and than most bursts of reports by a kubelet."""

START = timedelta(seconds=10)
"""Longer than the start of most servers whose image is present."""


def time_to_creation(pod: Pod, now: datetime) -> timedelta | None:
    """Return how long a server's creation may wait for its pod to get a node, None for not."""
    if pod.spec.node_name or game_server_state(pod) != CREATING:
        return None
    return _rest(SETTLE, pod.metadata.creation_timestamp, now)


def time_to_sync(pod: Pod, server: GameServer, now: datetime) -> timedelta | None:
    """Return how long labels and status may wait for what is about to come, None for not.

    That is the start of the pod, for the first of them, and the change that an update in place is
    made of: until then a write of ours would only be in its way.

    A network plugin is called when the pod is written, and the pod may need it to become ready.
    """
    state = game_server_state(pod)
    if state == UPDATE_RUNNING and begins_update(pod):
        gate = pod.status.condition(IN_PLACE_UPDATE_READY)
        return _rest(SETTLE, gate.last_transition_time if gate else None, now)
    if pod.metadata.annotations.get(NETWORK_TYPE):
        return None
    starting = state in {CREATING, NOT_READY}
    if not starting or GS_STATE in pod.metadata.labels or not follows_defaults(server):
        return None
    return _rest(START, pod.metadata.creation_timestamp, now)


def time_to_status(
    stored: GameServerStatus, fresh: GameServerStatus, now: datetime
) -> timedelta | None:
    """Return how long a kubelet's reports may wait to be told, None for not.

    They are told once in a while; a state, a priority or a trouble of the network that changed is
    told at once, and the reports with it.
    """
    if not stored.current_state:
        return None
    reported = tuple(c for c in stored.conditions if c.type != NETWORK_NORMAL)
    troubles = tuple(c for c in fresh.conditions if c.type == NETWORK_NORMAL)
    told = replace(
        fresh,
        pod_status=stored.pod_status,
        conditions=(*reported, *troubles),
        last_transition_time=stored.last_transition_time,
    )
    return _rest(SETTLE, stored.last_transition_time, now) if told == stored else None


def _rest(time: timedelta, since: datetime | None, now: datetime) -> timedelta | None:
    """Return what is left of a time; None when it is over or clocks disagree."""
    if since is None:
        return None
    rest = time - (now - since)
    return rest if timedelta(0) < rest <= time else None
