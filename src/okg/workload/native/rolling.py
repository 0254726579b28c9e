"""Rolling update: which pods of a set are updated or deleted now, and which have to wait.

At most so many pods are unavailable at a time as the set allows; what is unavailable anyway may be
updated without making it worse, as long as nothing that works comes before it in the order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from datetime import datetime

import msgspec

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.names import PREPARING_UPDATE, REVISION, UPDATING
from okg.workload.native.capability import UNKNOWN_REVISION, InPlaceChange
from okg.workload.native.completion import is_complete
from okg.workload.native.health import (
    is_available,
    is_ended,
    is_healthy,
    is_of_revision,
    is_terminating,
)
from okg.workload.native.layout import Layout, replicas_of
from okg.workload.native.lifecycle import state_of
from okg.workload.native.removal import is_preparing_delete
from okg.workload.ordinals import ordinal_of
from okg.workload.rolling_rules import IN_PLACE_ONLY, RECREATE, Rules
from okg.workload.update_order import in_update_order

SPECIFIED_DELETE = "apps.kruise.io/specified-delete"
"""Label, whatever its value, by which a user has one pod made anew."""


class Turn(msgspec.Struct, frozen=True):
    """A pod whose turn it is.

    Attributes:
        pod: which.
        change: what is updated in place, None if the pod is removed to be made anew.
    """

    pod: Pod
    change: InPlaceChange | None = None


class Stop(msgspec.Struct, frozen=True):
    """The pod that ends a walk, because it may be updated in place only and cannot be.

    Attributes:
        pod: which.
        obstacle: what only a new pod can bring.
    """

    pod: Pod
    obstacle: str


class Walk(msgspec.Struct, frozen=True):
    """What is done now.

    Attributes:
        turns: the pods whose turn it is, in order; those that were begun with before are among
            them until they are done.
        spared: pods that a hook holds back on their way out, and that are wanted again.
        stop: what the user has to change, None for nothing.
    """

    turns: tuple[Turn, ...] = ()
    spared: tuple[Pod, ...] = ()
    stop: Stop | None = None


def walk(
    layout: Layout,
    workload: AdvancedStatefulSet,
    update_revision: str,
    changes: Mapping[str, InPlaceChange],
    now: datetime,
) -> Walk:
    """Return whose turn it is.

    Args:
        layout: of the workload's pods, as a refresh has left them.
        workload: with its update strategy.
        update_revision: its newest revision.
        changes: what brings pods of other revisions to the newest one, by the name of theirs.
        now: the time.
    """
    rules = Rules.of(workload.spec.update_strategy, replicas_of(workload))
    if rules.on_delete or rules.paused:
        return Walk(spared=_spared(layout, ()))
    room = _Room(rules.at_a_time, _unavailable(layout, workload, now))
    turns = [Turn(pod) for pod in _specified(layout) if room.take(pod)]
    for pod in candidates(layout, rules, update_revision):
        if is_of_revision(pod, update_revision):
            continue
        if not room.take(pod):
            break
        if is_terminating(pod) or _is_specified(pod):
            continue
        change = changes.get(pod.metadata.labels.get(REVISION, ""), UNKNOWN_REVISION)
        if change.obstacle and rules.policy == IN_PLACE_ONLY:
            return Walk(tuple(turns), _spared(layout, turns), Stop(pod, change.obstacle))
        anew = change.obstacle or rules.policy == RECREATE
        turns.append(Turn(pod, None if anew else change))
    return Walk(tuple(turns), _spared(layout, turns))


def candidates(layout: Layout, rules: Rules, update_revision: str) -> Sequence[Pod]:
    """Return the pods that the partition does not keep, first to be updated first.

    By priority, what is of the newest revision or on its way there uses up what the partition
    leaves, so nothing that was updated is undone. By ordinal, those below the partition are kept.

    Pods that were begun with go on first. After another template or priority they might come later
    in the order, and have taken the room that those before them wait for.
    """
    how_many = max(0, rules.replicas - rules.partition)
    if not rules.by_priority:
        largest = reversed(layout.targets[-how_many:] if how_many else ())
        above = [ordinal for ordinal in largest if ordinal >= rules.partition]
        return _begun_first(layout.slots[i] for i in above if i in layout.slots)
    done: list[Pod] = []
    waiting: list[Pod] = []
    for pod in layout.slots.values():
        settled = is_terminating(pod) or is_of_revision(pod, update_revision)
        (done if settled else waiting).append(pod)
    order = (
        *in_update_order(done, by_priority=False),
        *_begun_first(in_update_order(waiting, by_priority=True)),
    )
    return order[: max(0, how_many - len(layout.missing))]


def _begun_first(pods: Iterable[Pod]) -> list[Pod]:
    return sorted(pods, key=lambda pod: state_of(pod) not in {PREPARING_UPDATE, UPDATING})


class _Room:
    """How many more pods may become unavailable.

    Args:
        limit: how many may be so in all.
        unavailable: ordinals of those that are.
    """

    def __init__(self, limit: int, unavailable: AbstractSet[int]) -> None:
        self._limit = limit
        self._unavailable = set(unavailable)

    def take(self, pod: Pod) -> bool:
        """Whether a pod may become unavailable, as it does then; one that is so may."""
        ordinal = ordinal_of(pod.metadata.name)
        if ordinal not in self._unavailable and len(self._unavailable) >= self._limit:
            return False
        self._unavailable.add(ordinal)
        return True


def _unavailable(layout: Layout, workload: AdvancedStatefulSet, now: datetime) -> AbstractSet[int]:
    fine = {
        ordinal
        for ordinal, pod in layout.slots.items()
        if is_healthy(pod) and is_complete(pod) and is_available(pod, workload, now)
    }
    return set(layout.targets) - fine


def _specified(layout: Layout) -> Iterator[Pod]:
    """Yield the pods that users want made anew, the largest ordinal first."""
    for ordinal in reversed(layout.targets):
        pod = layout.slots.get(ordinal)
        if pod is not None and _is_specified(pod) and not is_terminating(pod):
            yield pod


def _is_specified(pod: Pod) -> bool:
    return SPECIFIED_DELETE in pod.metadata.labels


def _spared(layout: Layout, turns: Sequence[Turn]) -> tuple[Pod, ...]:
    leaving = {turn.pod.metadata.name for turn in turns}
    return tuple(
        pod
        for pod in layout.slots.values()
        if is_preparing_delete(pod)
        and pod.metadata.name not in leaving
        and not (is_terminating(pod) or is_ended(pod) or _is_specified(pod))
    )
