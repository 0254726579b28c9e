"""The walk of an update: which servers are taken out of service now, to come back updated.

A server counts as out of service while it is missing, unhealthy, or not yet available. Those may be
updated at any time; others only as long as fewer than the limit are out.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet, StatefulSetRollingUpdate
from okg.workload.names import SPECIFIED_DELETE
from okg.workload.native.growth import ON_DELETE
from okg.workload.native.health import is_available, is_healthy, is_of_revision, is_terminating
from okg.workload.native.layout import Layout, replicas_of
from okg.workload.ordinals import ordinal_of
from okg.workload.update_order import in_update_order, unavailable_limit


class Walk(msgspec.Struct, frozen=True):
    """What an update does now, first to be done first.

    Attributes:
        replace: servers that somebody wants replaced.
        update: servers that get the newest revision.
    """

    replace: Sequence[Pod] = ()
    update: Sequence[Pod] = ()


def walk(layout: Layout, workload: AdvancedStatefulSet, newest: str, now: datetime) -> Walk:
    """Return what an update does now.

    Args:
        layout: of the workload's pods.
        workload: says how it is updated.
        newest: name of the newest revision.
        now: the time.
    """
    strategy = workload.spec.update_strategy
    rolling = (strategy.rolling_update if strategy else None) or StatefulSetRollingUpdate()
    if rolling.paused or (strategy is not None and strategy.type == ON_DELETE):
        return Walk()
    limit = unavailable_limit(rolling.max_unavailable, replicas_of(workload))
    out = _out_of_service(layout, workload, now)
    replaced: list[Pod] = []
    for ordinal in sorted(layout.slots, reverse=True):
        pod = layout.slots[ordinal]
        if is_unwanted(pod) and (len(out) < limit or ordinal in out):
            replaced.append(pod)
            out.add(ordinal)
    updated: list[Pod] = []
    for pod in candidates(layout, rolling, newest):
        ordinal = ordinal_of(pod.metadata.name)
        if is_of_revision(pod, newest):
            continue
        if len(out) >= limit and ordinal not in out:
            break
        if not is_terminating(pod) and not is_unwanted(pod):
            updated.append(pod)
            out.add(ordinal)
    return Walk(replaced, updated)


def candidates(layout: Layout, rolling: StatefulSetRollingUpdate, newest: str) -> Sequence[Pod]:
    """Return the pods that the partition lets an update reach, in its order.

    Where priorities decide, servers that are updated already, terminate or are missing use up what
    the partition leaves; so a larger partition rolls nothing back.
    """
    partition = rolling.partition or 0
    room = max(0, len(layout.targets) - partition)
    if rolling.unordered_update is None:
        reached = [o for o in layout.targets if o >= partition][-room:] if room else []
        return [layout.slots[o] for o in reversed(reached) if o in layout.slots]
    pods = layout.slots.values()
    done = [pod for pod in pods if is_of_revision(pod, newest) or is_terminating(pod)]
    left = in_update_order((pod for pod in pods if pod not in done), by_priority=True)
    ordered = [*in_update_order(done, by_priority=False), *left]
    return ordered[: max(0, room - len(layout.missing))]


def is_unwanted(pod: Pod) -> bool:
    """Whether somebody wants the pod replaced."""
    return SPECIFIED_DELETE in pod.metadata.labels


def _out_of_service(layout: Layout, workload: AdvancedStatefulSet, now: datetime) -> set[int]:
    serving = {
        ordinal
        for ordinal, pod in layout.slots.items()
        if is_healthy(pod) and is_available(pod, workload, now)
    }
    return set(layout.targets) - serving
