"""What the metrics remember of one game server."""

from datetime import datetime

import msgspec

from okg.api.game import GameServer
from okg.workload.conditions import NETWORK_NORMAL
from okg.workload.names import OWNER_GSS
from okg.workload.priorities import priority_of

READY = "Ready"
"""Name of the state, of a server and of its network, whose arrival is timed."""


class NetworkFacet(msgspec.Struct, frozen=True, gc=False):
    """What servers are told apart by as far as their networks go.

    Attributes:
        type: of the network.
        state: its current state.
        normal: whether nothing keeps the server from having it.
    """

    type: str
    state: str
    normal: bool


_NO_NETWORK = NetworkFacet(type="", state="", normal=True)


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One game server as far as it is measured.

    Attributes:
        uid: tells it from an earlier server of the same name.
        owner: name of its set, empty without one.
        state: its current state, empty before there is a status.
        ops_state: its state of operation.
        network: of which kind its network is, and how it is; None without one.
        deletion_priority: that of its status.
        update_priority: that of its status.
        ready_after: seconds from its creation until it was last seen to become Ready, or None.
        network_ready_after: the same of its network.
    """

    uid: str
    owner: str
    state: str
    ops_state: str
    network: NetworkFacet | None
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
        network=_network_of(server),
        deletion_priority=priority_of(status.deletion_priority),
        update_priority=priority_of(status.update_priority),
    )
    if before is None or before.uid != after.uid:
        return after
    age = (now - (meta.creation_timestamp or now)).total_seconds()
    came = after.state == READY != before.state
    joined = _has_network(after) and not _has_network(before)
    return msgspec.structs.replace(
        after,
        ready_after=age if came else before.ready_after,
        network_ready_after=age if joined else before.network_ready_after,
    )


def _network_of(server: GameServer) -> NetworkFacet | None:
    network, conditions = server.status.network_status, server.status.conditions
    normal = not any(c.type == NETWORK_NORMAL and c.status == "False" for c in conditions)
    facet = NetworkFacet(network.network_type, network.current_network_state, normal)
    return None if facet == _NO_NETWORK else facet


def _has_network(record: ServerRecord) -> bool:
    return record.network is not None and record.network.state == READY
