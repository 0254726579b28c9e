"""What the metrics remember of one game server."""

from datetime import datetime

import msgspec

from okg.api.game import GameServer
from okg.workload.names import OWNER_GSS
from okg.workload.priorities import priority_of

READY = "Ready"
"""Name of the state, of a server and of its network, whose arrival is timed."""


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One game server as far as it is measured.

    Attributes:
        uid: tells it from an earlier server of the same name.
        owner: name of its set, empty without one.
        state: its current state, empty before there is a status.
        ops_state: its state of operation.
        network_state: current state of its network.
        deletion_priority: that of its status.
        update_priority: that of its status.
        ready_after: seconds from its creation until it was last seen to become Ready, or None.
        network_ready_after: the same of its network.
    """

    uid: str
    owner: str
    state: str
    ops_state: str
    network_state: str
    deletion_priority: int
    update_priority: int
    ready_after: float | None = None
    network_ready_after: float | None = None


def record_of(server: GameServer, before: ServerRecord | None, now: datetime) -> ServerRecord:
    """Return what to remember of a server.

    A duration is taken when the change to Ready is seen at ``now``; a server that is Ready when it
    is first seen became so at a time nobody knows.
    """
    meta, status = server.metadata, server.status
    after = ServerRecord(
        uid=meta.uid,
        owner=meta.labels.get(OWNER_GSS, ""),
        state=status.current_state,
        ops_state=server.spec.ops_state,
        network_state=status.network_status.current_network_state,
        deletion_priority=priority_of(status.deletion_priority),
        update_priority=priority_of(status.update_priority),
    )
    if before is None or before.uid != after.uid:
        return after
    age = (now - (meta.creation_timestamp or now)).total_seconds()
    came = after.state == READY != before.state
    joined = after.network_state == READY != before.network_state
    return msgspec.structs.replace(
        after,
        ready_after=age if came else before.ready_after,
        network_ready_after=age if joined else before.network_ready_after,
    )
