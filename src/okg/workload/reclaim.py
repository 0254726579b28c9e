"""Reclaiming: which game servers outlive their pods, and which go with their id."""

from collections.abc import Iterable, Set as AbstractSet

from msgspec.structs import replace

from okg.api.game import GameServer
from okg.api.resource import Object
from okg.workload.names import GS_DELETING
from okg.workload.ordinals import ordinal_of


def mark_for_reclaim(
    servers: Iterable[GameServer], managed: AbstractSet[int]
) -> list[tuple[GameServer, GameServer]]:
    """Return the servers whose mark is wrong, each with its corrected value.

    A server that is scaled away is marked and goes when its pod is gone; one that comes back loses
    the mark. A server that never had one needs none to stay.
    """
    changes: list[tuple[GameServer, GameServer]] = []
    for server in servers:
        stays = ordinal_of(server.metadata.name) in managed
        if stays == is_marked(server):
            changes.append((server, _marked(server, "false" if stays else "true")))
    return changes


def is_marked(server: Object) -> bool:
    """Whether a server was scaled away and goes as soon as its pod is gone."""
    return server.metadata.labels.get(GS_DELETING) == "true"


def _marked(server: GameServer, value: str) -> GameServer:
    labels = {**server.metadata.labels, GS_DELETING: value}
    return replace(server, metadata=replace(server.metadata, labels=labels))
