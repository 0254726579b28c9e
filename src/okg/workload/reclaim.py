"""Reclaiming: which game servers outlive their pods, and which go with their id."""

from collections.abc import Iterable, Set as AbstractSet

from msgspec.structs import replace

from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.resource import Object
from okg.workload.invalid import InvalidField
from okg.workload.names import GS_DELETING, OWNER_GSS, RECLAIM_CASCADE, RECLAIM_DELETE
from okg.workload.ordinals import belongs_to, ordinal_of
from okg.workload.scaling import managed_ordinals, spec_of


def mark_for_reclaim(
    servers: Iterable[GameServer], managed: AbstractSet[int]
) -> list[tuple[GameServer, GameServer]]:
    """Return the servers whose mark is wrong, each with its corrected value.

    A server that is scaled away is marked and goes when its pod is gone; one that comes back loses
    the mark. A server that never had one needs none to stay, one that goes with its pod needs none
    to go, and one that somebody made by hand is none of ours.
    """
    changes: list[tuple[GameServer, GameServer]] = []
    for server in filter(_outlives_pods, filter(_is_ours, servers)):
        stays = ordinal_of(server.metadata.name) in managed
        if stays == is_marked(server):
            changes.append((server, _marked(server, "false" if stays else "true")))
    return changes


def is_scaled_away(
    server: GameServer, gss: GameServerSet | None, workload: AdvancedStatefulSet | None
) -> bool:
    """Whether a server without a pod goes for good: nobody will make its pod again.

    The workload knows best. A mark may be left of a scale that did not happen, and a server that
    was made while its set shrank has none. Where there is no workload to ask, the mark counts.

    Args:
        server: whose pod is gone.
        gss: its set, None if there is none.
        workload: of its set, None if there is none.
    """
    if gss is None or workload is None or not _is_ours(server):
        return is_marked(server)
    if not is_marked(server) and not goes_with_its_id(gss):
        return False
    try:
        targets = managed_ordinals(workload)
    except InvalidField:
        return False
    return _outlives_pods(server) and ordinal_of(server.metadata.name) not in targets


def goes_with_its_id(gss: GameServerSet) -> bool:
    """Whether a server that is scaled away goes.

    With Cascade it goes with its pod, but for one that was made under another policy.
    """
    policy = spec_of(gss).game_server_template.reclaim_policy
    return policy in {"", RECLAIM_CASCADE, RECLAIM_DELETE}


def is_marked(server: Object) -> bool:
    """Whether a server was scaled away and goes as soon as its pod is gone."""
    return server.metadata.labels.get(GS_DELETING) == "true"


def _is_ours(server: GameServer) -> bool:
    set_name = server.metadata.labels.get(OWNER_GSS, "")
    return server.metadata.controller is not None and belongs_to(server.metadata.name, set_name)


def _outlives_pods(server: GameServer) -> bool:
    """Whether the garbage collector leaves a server when its pod goes."""
    manager = server.metadata.controller
    return manager is not None and manager.kind == GameServerSet.resource_type.kind


def _marked(server: GameServer, value: str) -> GameServer:
    labels = {**server.metadata.labels, GS_DELETING: value}
    return replace(server, metadata=replace(server.metadata, labels=labels))
