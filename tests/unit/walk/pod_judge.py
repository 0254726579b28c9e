"""What a controller may do to pods, by what it knew and by what the server had."""

from collections.abc import Iterable, Iterator, Mapping

from okg.api.core import Pod
from okg.controllers import workload as workload_controller
from okg.workload.names import (
    LIFECYCLE_NORMAL,
    LIFECYCLE_STATE,
    OWNER_GSS,
    PREPARING_DELETE,
    PREPARING_UPDATE,
    REVISION,
    UPDATE_PRIORITY,
    UPDATING,
)
from okg.workload.native.health import is_available, is_ended, is_healthy, is_terminating
from okg.workload.native.rolling import SPECIFIED_DELETE
from okg.workload.ordinals import ordinal_of
from okg.workload.rolling_rules import Rules
from okg.workload.update_order import unavailable_limit
from unit.walk.scene import Scene

USERS = "user/"
"""What labels begin with that are none of ours."""

_BEGUN = {PREPARING_UPDATE, UPDATING}


class PodJudge:
    """Judges writes of pods.

    Attributes:
        taken_out: ids that we took out of service and that are not back, by set.
        refused: pods whose update was refused, with the revision.
    """

    def __init__(self) -> None:
        self.taken_out: dict[str, set[int]] = {}
        self.refused: set[tuple[str, str]] = set()

    def judge(self, scene: Scene, before: Pod | None, after: Pod | None) -> Iterator[str]:
        if scene.actor != workload_controller.NAME:
            yield from _metadata_complaints(before, after)
            return
        self.forget_who_is_back(scene.true_pods().values())
        if before is None:
            assert after is not None
            yield from _birth_complaints(scene, after)
        elif after is None or is_terminating(after) != is_terminating(before):
            yield from self._end_complaints(scene, before)
        else:
            yield from _ownership_complaints(scene, before, after)
            yield from _metadata_complaints(before, after)
            yield from self._change_complaints(scene, before, after)

    def _end_complaints(self, scene: Scene, pod: Pod) -> Iterator[str]:
        id_ = ordinal_of(pod.metadata.name)
        known = scene.known_pods().get(id_, pod)
        if pod.metadata.controller is None or pod.metadata.controller.uid != scene.gss_uid(
            scene.request.name
        ):
            yield "a pod of somebody else was deleted"
        elif _is_hooked(scene, pod) and _is_hooked(scene, known):
            yield "a hook holds this pod, and it was deleted"
        elif id_ not in scene.managed or is_ended(pod):
            return
        elif SPECIFIED_DELETE in {**pod.metadata.labels, **known.metadata.labels}:
            yield from self._budget_complaints(scene, id_, known)
        elif pod.metadata.labels.get(REVISION) != scene.newest:
            yield from self._budget_complaints(scene, id_, known)
            yield from self._update_complaints(scene, known)
        else:
            yield f"nobody condemned {id_}, managed are {sorted(scene.managed)}"

    def _change_complaints(self, scene: Scene, before: Pod, after: Pod) -> Iterator[str]:
        id_ = ordinal_of(before.metadata.name)
        if id_ not in scene.managed:
            return
        known = scene.known_pods().get(id_, before)
        if scene.serves(known) and not scene.serves(after):
            yield from self._budget_complaints(scene, id_, known)
        was, is_ = _state(before), _state(after)
        begins = is_ in _BEGUN and was not in _BEGUN
        revised = before.metadata.labels.get(REVISION) != after.metadata.labels.get(REVISION)
        if (begins and is_ != was) or revised:
            yield from self._update_complaints(scene, known)
        if revised and after.metadata.labels.get(REVISION) != scene.newest:
            yield "updated to what is not the newest revision"

    def _budget_complaints(self, scene: Scene, id_: int, known: Pod) -> Iterator[str]:
        """Yield a complaint where one more than may be is taken out of service."""
        pods = scene.known_pods()
        away = {other for other in scene.managed if not scene.serves(pods.get(other))}
        if id_ in scene.away:
            return
        ours = self.taken_out.setdefault(scene.request.name, set())
        others = (away | ours & scene.managed) - {id_}
        if len(others) >= scene.rules.at_a_time:
            yield (
                f"taken out of service while {sorted(others)} are away,"
                f" {scene.rules.at_a_time} may be"
            )
        ours.add(id_)

    def forget_who_is_back(self, pods: Iterable[Pod]) -> None:
        """Look who serves again of those that were taken out of service."""
        for pod in filter(is_healthy, pods):
            set_name, _, id_ = pod.metadata.name.rpartition("-")
            self.taken_out.get(set_name, set()).discard(int(id_))

    def _update_complaints(self, scene: Scene, known: Pod) -> Iterator[str]:
        """Yield why a pod may not be updated now."""
        rules = scene.rules
        if rules.on_delete or rules.paused:
            yield "updates stand still, and this is one"
            return
        pods = {id_: pod for id_, pod in scene.known_pods().items() if id_ in scene.managed}
        others = {id_: pod for id_, pod in pods.items() if id_ != ordinal_of(known.metadata.name)}
        # One that users have condemned is made anew as the partition has it.
        moved = [
            p
            for p in others.values()
            if _is_newest(scene, p) or (is_terminating(p) and not _is_specified(p))
        ]
        missing = len(scene.managed) - len({*others, ordinal_of(known.metadata.name)})
        if len(moved) + missing >= rules.replicas - rules.partition:
            yield (
                f"the partition keeps {rules.partition} of {rules.replicas}, {len(moved)} are"
                f" updated and {missing} missing already"
            )
        if _state(known) in _BEGUN or known.metadata.name in scene.attempted:
            # What was tried a moment ago had its turn by what was known then.
            return
        for other in others.values():
            waits = not _is_newest(scene, other) and not is_terminating(other)
            held = other.metadata.labels.get(LIFECYCLE_STATE) in {*_BEGUN, PREPARING_DELETE}
            free = waits and not held and not _is_specified(other)
            first = _rank(other, rules) < _rank(known, rules)
            tried = {*scene.attempted, *(name for name, r in self.refused if r == scene.newest)}
            if free and first and other.metadata.name not in tried:
                yield f"updated before {other.metadata.name}"


def _birth_complaints(scene: Scene, pod: Pod) -> Iterator[str]:
    id_ = ordinal_of(pod.metadata.name)
    if id_ not in scene.managed:
        yield f"{id_} was made, managed are {sorted(scene.managed)}"
    manager = pod.metadata.controller
    if manager is None or manager.uid != scene.gss_uid(scene.request.name):
        yield "a pod was made for a set that is not there"
    known = scene.known_pods()
    revision = pod.metadata.labels.get(REVISION)
    old = sum(not _is_newest(scene, p) for other, p in known.items() if other in scene.managed)
    if revision != scene.newest and old >= scene.rules.partition:
        yield f"made of an old revision, of which {old} are, {scene.rules.partition} may be"
    yield from _growth_complaints(scene, id_, known)


def _growth_complaints(scene: Scene, id_: int, known: Mapping[int, Pod]) -> Iterator[str]:
    workload = scene.workload
    assert workload is not None
    strategy = workload.spec.scale_strategy
    if strategy is None or strategy.max_unavailable is None:
        return
    limit = unavailable_limit(strategy.max_unavailable, workload.spec.replicas or 0)
    below = {
        other
        for other, pod in known.items()
        if other in scene.managed
        and other < id_
        and (is_terminating(pod) or not is_available(pod, workload, scene.now))
    }
    if len(below) >= limit:
        yield f"made while {sorted(below)} are under way, {limit} may be"


def _ownership_complaints(scene: Scene, before: Pod, after: Pod) -> Iterator[str]:
    """Yield what was done to a pod that is not the set's; letting one go is its own matter."""
    uid = scene.gss_uid(scene.request.name)
    was, is_ = before.metadata.controller, after.metadata.controller
    if was is not None and was.uid != uid:
        yield "a pod of somebody else was changed"
    if was is None and (is_ is None or is_.uid != uid):
        yield "a pod of nobody was changed"
    adopted = was is None and is_ is not None
    if adopted and before.metadata.labels.get(OWNER_GSS) != scene.request.name:
        yield "a pod was adopted that is none of the set"


def _metadata_complaints(before: Pod | None, after: Pod | None) -> Iterator[str]:
    if before is None or after is None:
        yield "pods are made and removed by others"
        return
    for kept in ("labels", "annotations"):
        was, is_ = getattr(before.metadata, kept), getattr(after.metadata, kept)
        lost = [key for key in was if key.startswith(USERS) and is_.get(key) != was[key]]
        if lost:
            yield f"what users wrote was changed: {lost}"


def _is_hooked(scene: Scene, pod: Pod) -> bool:
    assert scene.workload is not None
    lifecycle = scene.workload.spec.lifecycle
    hook = lifecycle.pre_delete if lifecycle else None
    labels = hook.labels_handler if hook else {}
    return any(pod.metadata.labels.get(key) == value for key, value in labels.items())


def _is_newest(scene: Scene, pod: Pod) -> bool:
    return pod.metadata.labels.get(REVISION) == scene.newest


def _is_specified(pod: Pod) -> bool:
    return SPECIFIED_DELETE in pod.metadata.labels


def _state(pod: Pod) -> str:
    state = pod.metadata.labels.get(LIFECYCLE_STATE, "")
    return LIFECYCLE_NORMAL if state in {"", PREPARING_DELETE} else state


def _rank(pod: Pod, rules: Rules) -> tuple[int, int, int]:
    """Return what sorts pods into the order of their updates."""
    label = pod.metadata.labels.get(UPDATE_PRIORITY) if rules.by_priority else None
    priority = int(label) if label else 0
    return (label is not None, -priority, -ordinal_of(pod.metadata.name))
