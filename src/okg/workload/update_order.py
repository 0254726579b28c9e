"""Update order: which pods OpenKruise updates, in which order, and how many at a time."""

import re
from collections.abc import Iterable

from okg.api.core import Pod
from okg.api.meta import IntOrString
from okg.workload.names import UPDATE_PRIORITY
from okg.workload.ordinals import ordinal_of

_TRAILING_DIGITS = re.compile(r"\d+$", re.ASCII)


def in_update_order(pods: Iterable[Pod], *, by_priority: bool) -> list[Pod]:
    """Return pods that are to be updated, first to be updated first.

    Larger ordinals go first. By priority, a pod without the label goes before all others, then the
    larger number; only digits at the end of the label's value count.
    """
    descending = sorted(pods, key=lambda pod: ordinal_of(pod.metadata.name), reverse=True)
    return sorted(descending, key=_urgency) if by_priority else descending


def update_priority(pod: Pod) -> int | None:
    """Return the number by which a pod is updated, None if it has no label."""
    text = pod.metadata.labels.get(UPDATE_PRIORITY)
    if text is None:
        return None
    digits = _TRAILING_DIGITS.search(text)
    return int(digits[0]) if digits else 0


def unavailable_limit(limit: IntOrString | None, replicas: int) -> int:
    """Return how many servers may be unavailable at a time: a count or a share, at least one."""
    if isinstance(limit, str):
        share = limit.removesuffix("%")
        return max(1, replicas * int(share) // 100) if share.isdecimal() else 1
    return max(1, limit or 1)


def _urgency(pod: Pod) -> tuple[bool, int]:
    priority = update_priority(pod)
    return priority is not None, -(priority or 0)
