"""Growth: which pods are made now, of which revision, and which have ended and make room.

A scale strategy bounds how many servers may be under way. Each that is missing, ending, or not yet
available takes one place, the smallest ids first; when none is left, larger ids wait.
"""

from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from datetime import datetime
from typing import TypeVar

import msgspec

from okg.api.apps import ControllerRevision
from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.native.health import is_available, is_ended, is_of_revision, is_terminating
from okg.workload.native.layout import Layout, replicas_of
from okg.workload.rolling_rules import Rules
from okg.workload.update_order import unavailable_limit

_T = TypeVar("_T")

MAX_WAVE = 64


class Growth(msgspec.Struct, frozen=True):
    """What a workload does to have all pods that shall be.

    Attributes:
        create: ids whose pods are made, ascending, each with its revision.
        replace: pods that have ended and go, to be made anew when they are gone.
    """

    create: Mapping[int, ControllerRevision]
    replace: Sequence[Pod]


def plan_growth(
    layout: Layout,
    workload: AdvancedStatefulSet,
    current: ControllerRevision,
    newest: ControllerRevision,
    *,
    now: datetime,
    waiting: AbstractSet[int] = frozenset(),
) -> Growth:
    """Return what is made and what makes room.

    Args:
        layout: of the workload's pods.
        workload: with partition and scale strategy.
        current: revision of pods that an update has yet to reach.
        newest: revision of all others.
        now: the time.
        waiting: ids whose storage is still on its way out.
    """
    revisions = revisions_of_missing(layout, workload, current, newest)
    create: dict[int, ControllerRevision] = {}
    replaced: list[Pod] = []
    places = _places(workload)
    for ordinal in layout.targets:
        pod = layout.slots.get(ordinal)
        if pod is not None and is_ended(pod) and not is_terminating(pod):
            replaced.append(pod)
        elif pod is None and ordinal not in waiting:
            create[ordinal] = revisions[ordinal]
        elif pod is None or not _is_under_way(pod, workload, now):
            continue
        if places is not None:
            places -= 1
            if not places:
                break
    return Growth(create=create, replace=replaced)


def revisions_of_missing(
    layout: Layout,
    workload: AdvancedStatefulSet,
    current: ControllerRevision,
    newest: ControllerRevision,
) -> Mapping[int, ControllerRevision]:
    """Return the revision of each pod that is missing.

    As many servers as the partition says stay on the current revision: the smallest ids, or, where
    priorities decide, any that happen to be.
    """
    rules = Rules.of(workload.spec.update_strategy, replicas_of(workload))
    if not rules.by_priority:
        kept = layout.targets[: rules.partition]
        return {o: current if o in kept else newest for o in layout.missing}
    name = newest.metadata.name
    room = rules.partition - sum(not is_of_revision(pod, name) for pod in layout.slots.values())
    old = max(0, room) if current.metadata.name != name else 0
    return {o: current if i < old else newest for i, o in enumerate(layout.missing)}


def in_waves(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Yield items in waves of 1, 2, 4 and so on: what fails for all, fails for few at first."""
    done, size = 0, 1
    while done < len(items):
        yield items[done : done + size]
        done, size = done + size, min(2 * size, MAX_WAVE)


def _places(workload: AdvancedStatefulSet) -> int | None:
    """Return how many servers may be under way, None for any number."""
    strategy = workload.spec.scale_strategy
    if strategy is None or strategy.max_unavailable is None:
        return None
    return unavailable_limit(strategy.max_unavailable, replicas_of(workload))


def _is_under_way(pod: Pod, workload: AdvancedStatefulSet, now: datetime) -> bool:
    return is_terminating(pod) or not is_available(pod, workload, now)
