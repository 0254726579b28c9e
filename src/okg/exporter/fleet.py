"""Fleet: all servers and sets as numbers, kept by the change. A pure state machine.

Every change costs the same, however many servers there are. What is counted of a server is taken
from the record made of it when it was counted, so no order, repetition or gap in what is told can
make a count drift.
"""

from datetime import datetime
from typing import TypeAlias, TypeVar

from okg.api.game import GameServer, GameServerSet
from okg.exporter.server import NetworkFacet, ServerRecord, record_of

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""

F = TypeVar("F")


class Fleet:
    """Counts and records.

    Attributes:
        servers: record of each server there is.
        replicas: numbers of each set there is, by what they are numbers of.
        states: number of servers by current state; a state once seen stays, at zero.
        ops_states: number of servers by set and state of operation; a state once seen stays, at
            zero, until neither the set nor a server of it is there.
        networks: the same of their networks.
        seen: servers seen since the start.
    """

    def __init__(self) -> None:
        self.servers: dict[Key, ServerRecord] = {}
        self.replicas: dict[Key, dict[str, int]] = {}
        self.states: dict[str, int] = {}
        self.ops_states: dict[Key, dict[str, int]] = {}
        self.networks: dict[Key, dict[NetworkFacet, int]] = {}
        self.seen = 0

    def put_server(self, server: GameServer, now: datetime) -> None:
        """Take a server as it is now."""
        key = (server.metadata.namespace, server.metadata.name)
        before = self.servers.get(key)
        after = self.servers[key] = record_of(server, before, now)
        if before is None or before.uid != after.uid:
            self.seen += 1
        # Up before down, so that counts of what goes on are not dropped in between.
        self._count(key, after, 1)
        if before is not None:
            self._count(key, before, -1)

    def drop_server(self, server: GameServer) -> None:
        """Take the end of a server."""
        key = (server.metadata.namespace, server.metadata.name)
        before = self.servers.pop(key, None)
        if before is not None:
            self._count(key, before, -1)

    def put_set(self, gss: GameServerSet) -> None:
        """Take a set as it is now."""
        self.replicas[gss.metadata.namespace, gss.metadata.name] = replicas_of(gss)

    def drop_set(self, gss: GameServerSet) -> None:
        """Take the end of a set; its servers may outlive it for a while."""
        key = (gss.metadata.namespace, gss.metadata.name)
        self.replicas.pop(key, None)
        self._forget_if_gone(key)

    def _count(self, key: Key, record: ServerRecord, by: int) -> None:
        owner = (key[0], record.owner)
        _add(self.states, record.state, by)
        _add(self.ops_states.setdefault(owner, {}), record.ops_state, by)
        if record.network is not None:
            _add(self.networks.setdefault(owner, {}), record.network, by)
        self._forget_if_gone(owner)

    def _forget_if_gone(self, owner: Key) -> None:
        if owner not in self.replicas and not any(self.ops_states.get(owner, {}).values()):
            self.ops_states.pop(owner, None)
            self.networks.pop(owner, None)


def _add(counts: dict[F, int], facet: F, by: int) -> None:
    counts[facet] = counts.get(facet, 0) + by


def replicas_of(gss: GameServerSet) -> dict[str, int]:
    """Return the numbers of a set by the value of their label ``gsStatus``."""
    status = gss.status
    if status is None:
        return {"current": 0, "ready": 0, "available": 0}
    numbers = {
        "current": status.current_replicas,
        "ready": status.ready_replicas,
        "available": status.available_replicas,
        "maintaining": status.maintaining_replicas,
        "waitToBeDeleted": status.wait_to_be_deleted_replicas,
    }
    return {name: number for name, number in numbers.items() if number is not None}
