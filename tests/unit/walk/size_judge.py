"""What may become of a set's size and ids: who goes first, who comes back, and who must stay."""

from collections.abc import Iterator, Mapping, Set as AbstractSet

from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.controllers import gameserverset, workload as workload_controller
from okg.workload.names import (
    DELETION_PRIORITY,
    LIFECYCLE_STATE,
    OPS_STATE,
    PREPARING_DELETE,
    SCALE_DOWN_RESERVE_IDS,
)
from okg.workload.native.record import record_of
from okg.workload.ordinals import ordinal_of, parse_ordinals
from okg.workload.scaling import read_workload_reservations
from unit.walk.scene import Scene, managed_by

_RANKS = {"Kill": 0, "WaitToBeDeleted": 1, "None": 2, "": 2, "Allocated": 3, "Maintaining": 4}


def judge_record(scene: Scene, before: ConfigMap | None, after: ConfigMap | None) -> Iterator[str]:
    """Yield what must not be done to a set's record."""
    if after is None:
        yield "a record was deleted"
        return
    now = record_of(after)
    if before is None:
        yield from _rebuild_complaints(scene, now)
        return
    was = record_of(before)
    if scene.actor == workload_controller.NAME:
        if was.spec != now.spec or before.metadata.annotations != after.metadata.annotations:
            yield "more than the status was written"
    elif scene.actor != gameserverset.NAME:
        yield "nobody else writes records"
    elif _size(was) != _size(now):
        yield from _scale_complaints(scene, was, now)


def _rebuild_complaints(scene: Scene, now: AdvancedStatefulSet) -> Iterator[str]:
    gss = _known_set(scene)
    known = scene.labelled_pods()
    stays = {id_ for id_, pod in known.items() if _stays(pod)}
    staying = {id_ for id_, pod in scene.true_pods().items() if id_ in stays and _stays(pod)}
    lost = staying - managed_by(now) - _explicit(gss)
    if lost:
        yield f"the record was made anew without {sorted(lost)}"


def _scale_complaints(
    scene: Scene, was: AdvancedStatefulSet, now: AdvancedStatefulSet
) -> Iterator[str]:
    gss = _known_set(scene)
    assert gss.spec is not None
    explicit, managed = _explicit(gss), managed_by(now)
    if len(managed) != gss.spec.replicas:
        yield f"{sorted(managed)} shall be, {gss.spec.replicas} were asked for"
    if explicit - read_workload_reservations(now):
        yield f"{sorted(explicit)} are reserved by the user, and not here"
    pods = scene.labelled_pods()
    away = read_workload_reservations(was) | explicit
    candidates = {id_: pod for id_, pod in pods.items() if _stays(pod) and id_ not in away}
    dropped = candidates.keys() - managed
    if len(dropped) > max(0, len(candidates) - gss.spec.replicas):
        yield f"{sorted(dropped)} of {sorted(candidates)} were dropped for {gss.spec.replicas}"
    yield from _order_complaints(candidates, dropped)
    gained = managed - candidates.keys()
    if dropped and gss.metadata.generation not in scene.generations:
        yield f"{sorted(dropped)} were dropped by a spec of before this manager led"
    if gss.spec.scale_strategy.scale_down_strategy_type == SCALE_DOWN_RESERVE_IDS:
        lost = dropped - read_workload_reservations(now)
        if lost:
            yield f"{sorted(lost)} were dropped and may come back"
    if dropped and gained:
        yield f"{sorted(gained)} come while {sorted(dropped)} go"
    leaving = {id_ for id_, pod in pods.items() if not _stays(pod) and not _ends(pod)}
    taken = candidates.keys() | leaving | explicit
    free = [id_ for id_ in range(max(gained, default=-1)) if id_ not in taken | gained]
    if free:
        yield f"{sorted(gained)} come though {free} are free"


def _order_complaints(candidates: Mapping[int, Pod], dropped: AbstractSet[int]) -> Iterator[str]:
    for one in dropped:
        for other in candidates.keys() - dropped:
            if _rank(candidates[one]) > _rank(candidates[other]):
                yield f"{one} was dropped before {other}"


def _rank(pod: Pod) -> tuple[int, int, int]:
    """Return what sorts pods into the order in which they go."""
    labels = pod.metadata.labels
    priority = int(labels.get(DELETION_PRIORITY) or 0)
    return (_RANKS[labels.get(OPS_STATE, "")], -priority, -ordinal_of(pod.metadata.name))


def _known_set(scene: Scene) -> GameServerSet:
    gss = scene.client.get(GameServerSet, scene.request.namespace, scene.request.name)
    assert gss is not None
    return gss


def _explicit(gss: GameServerSet) -> frozenset[int]:
    assert gss.spec is not None
    return parse_ordinals(gss.spec.reserve_game_server_ids, "spec.reserveGameServerIds")


def _size(workload: AdvancedStatefulSet) -> object:
    return workload.spec.replicas, read_workload_reservations(workload)


def _ends(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is not None


def _stays(pod: Pod) -> bool:
    return not _ends(pod) and pod.metadata.labels.get(LIFECYCLE_STATE) != PREPARING_DELETE
