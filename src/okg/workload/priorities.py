"""Which server goes first when a set shrinks. Only the pod's labels are asked."""

import re
from collections.abc import Iterable

from okg.api.core import Pod
from okg.api.meta import IntOrString
from okg.workload.names import DELETION_PRIORITY, OPS_STATE
from okg.workload.ordinals import ordinal_of

_RANKS = {"Kill": 100, "WaitToBeDeleted": 1, "Allocated": -1, "Maintaining": -2}
"""Rank of an opsState, higher goes first; any other text ranks 0 like ``None``."""

_INTEGER = re.compile(r"[+-]?\d{1,63}", re.ASCII)
"""No longer than the value of a label can be: what is made of it fits into a float."""


def in_deletion_order(pods: Iterable[Pod]) -> list[Pod]:
    """Return the pods, first to go first: by opsState, priority, ordinal, larger before smaller."""
    return sorted(pods, key=_preference, reverse=True)


def _preference(pod: Pod) -> tuple[int, int, int]:
    labels = pod.metadata.labels
    rank = _RANKS.get(labels.get(OPS_STATE, ""), 0)
    return rank, priority_of(labels.get(DELETION_PRIORITY)), ordinal_of(pod.metadata.name)


def priority_of(value: IntOrString | None) -> int:
    """Return the number that a priority stands for: ``"10"`` is 10; other words and None are 0."""
    if isinstance(value, str):
        return int(value) if _INTEGER.fullmatch(value) else 0
    return value or 0
