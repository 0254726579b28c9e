"""Which server goes first when a set shrinks. Only the pod's labels are asked."""

import re
from collections.abc import Iterable

from okg.api.core import Pod
from okg.workload.names import DELETION_PRIORITY, OPS_STATE
from okg.workload.ordinals import ordinal_of

_RANKS = {"Kill": 100, "WaitToBeDeleted": 1, "Allocated": -1, "Maintaining": -2}
"""Rank of an opsState, higher goes first; any other text ranks 0 like ``None``."""

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)


def in_deletion_order(pods: Iterable[Pod]) -> list[Pod]:
    """Return the pods, first to go first: by opsState, priority, ordinal, larger before smaller."""
    return sorted(pods, key=_preference, reverse=True)


def _preference(pod: Pod) -> tuple[int, int, int]:
    labels = pod.metadata.labels
    rank = _RANKS.get(labels.get(OPS_STATE, ""), 0)
    return rank, _integer(labels.get(DELETION_PRIORITY, "")), ordinal_of(pod.metadata.name)


def _integer(text: str) -> int:
    return int(text) if _INTEGER.fullmatch(text) else 0
