"""Status of a game server."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import (
    GameServer,
    GameServerCondition,
    GameServerStatus,
    ServiceQualityCondition,
)
from okg.workload.conditions import NETWORK_NORMAL
from okg.workload.names import DELETION_PRIORITY, GS_STATE, UPDATE_PRIORITY
from okg.workload.network_status import compute_network_status
from okg.workload.state import READY


def compute_server_status(
    server: GameServer,
    pod: Pod,
    conditions: Sequence[GameServerCondition],
    qualities: Sequence[ServiceQualityCondition],
    now: datetime,
) -> GameServerStatus:
    """Return the status of a server, the stored one if nothing changed.

    State and priorities come from the pod's labels: they tell what is in effect, not what is
    asked for.

    Args:
        server: the server with its stored status.
        pod: its pod, as just written.
        conditions: of pod, node and volumes.
        qualities: results of the service qualities.
        now: the time that a changed status carries.
    """
    labels, stored = pod.metadata.labels, server.status
    network = compute_network_status(
        pod,
        stored.network_status,
        now,
        recovers=_has_trouble(stored.conditions) and not _has_trouble(conditions),
    )
    fresh = GameServerStatus(
        desired_state=READY,
        current_state=labels.get(GS_STATE, ""),
        # A copy: the default object itself would be left out, and the field is always there.
        network_status=replace(network),
        pod_status=pod.status,
        service_qualities_conditions=tuple(qualities),
        update_priority=labels.get(UPDATE_PRIORITY, ""),
        deletion_priority=labels.get(DELETION_PRIORITY, ""),
        last_transition_time=stored.last_transition_time,
        conditions=tuple(conditions),
    )
    return stored if fresh == stored else replace(fresh, last_transition_time=now)


def _has_trouble(conditions: Sequence[GameServerCondition]) -> bool:
    """Whether a plugin is known to refuse the network."""
    return any(condition.type == NETWORK_NORMAL for condition in conditions)
