"""What an autoscaler is told of a set: whether it is in use, and how many servers it should have.

The number is the set's wish corrected by what its servers say of themselves: too few that are free
raise it, those that wait to be deleted lower it, too many that are free lower it.
"""

import math
from collections.abc import Iterator, Mapping

import msgspec

from okg.api.core import Pod
from okg.api.game import GameServerSetStatus
from okg.workload.go_strconv import MAX_INT32, parse_float32, parse_integer
from okg.workload.names import GS_STATE, LIFECYCLE_STATE, OPS_STATE, PREPARING_DELETE
from okg.workload.pod_counts import Tally
from okg.workload.state import DELETING, PRE_DELETE

MIN_AVAILABLE = "minAvailable"
MAX_AVAILABLE = "maxAvailable"
"""Keys of a trigger's metadata; all others are somebody else's."""

_POD = "pod"
_FREE = "free"
_WAITING = "waiting"


class Crowd(msgspec.Struct, frozen=True):
    """How many servers a set has, by their pods.

    Attributes:
        total: pods, those that are on their way out included.
        free: those whose opsState is None; one that has none yet is not among them.
        waiting: those that wait to be deleted and whose deletion has not begun.
    """

    total: int = 0
    free: int = 0
    waiting: int = 0


def counted_as(pod: Pod) -> Iterator[str]:
    """Yield what a pod is counted as."""
    yield _POD
    ops_state = pod.metadata.labels.get(OPS_STATE)
    if ops_state == "None":
        yield _FREE
    elif ops_state == "WaitToBeDeleted" and not _is_leaving(pod):
        yield _WAITING


def tally_crowd(tally: Tally) -> Crowd:
    """Count the servers of a set."""
    return Crowd(tally(_POD), tally(_FREE), tally(_WAITING))


def read_min_available(metadata: Mapping[str, str]) -> float:
    """Return how many servers, or below 1 which share of them, shall be free; 0 by default.

    Raises:
        ValueError: it is no number.
    """
    text = metadata.get(MIN_AVAILABLE, "")
    try:
        return parse_float32(text) if text else 0.0
    except ValueError as error:
        raise ValueError(f"{MIN_AVAILABLE}: {error}; {_MIN_AVAILABLE_FORM}") from error


def read_max_available(metadata: Mapping[str, str]) -> int | None:
    """Return how many servers may be free, or None for any number.

    Raises:
        ValueError: it is no whole number.
    """
    text = metadata.get(MAX_AVAILABLE, "")
    try:
        return parse_integer(text, 32) if text else None
    except ValueError as error:
        raise ValueError(f"{MAX_AVAILABLE}: {error}; write a count such as 10") from error


def decide_active(status: GameServerSetStatus, min_available: float) -> bool:
    """Whether a set is in use, so that it must not go down to nothing."""
    waiting = status.wait_to_be_deleted_replicas or 0
    return min_available > 0 or status.current_replicas > waiting


def compute_replicas(
    replicas: int, crowd: Crowd, min_available: float, max_available: int | None
) -> int:
    """Return how many servers a set should have; as it comes out, also below zero.

    Args:
        replicas: how many it should have now.
        crowd: its servers.
        min_available: count or share of free servers to have at least; gives way to the next.
        max_available: count of free servers to have at most, or None.

    Raises:
        ValueError: ``min_available`` is negative or not a number.
    """
    at_least = compute_least_free(crowd, min_available)
    if max_available is not None:
        at_least = min(at_least, max_available)
    if crowd.free < at_least:
        return replicas + at_least - crowd.free
    if crowd.waiting:
        return replicas - crowd.waiting
    if max_available is not None and crowd.free > max_available:
        return replicas + max_available - crowd.free
    return replicas


def compute_least_free(crowd: Crowd, min_available: float) -> int:
    """Return how many servers must be free; 0 also where a share is reached already.

    Raises:
        ValueError: ``min_available`` is negative or not a number.
    """
    if not min_available >= 0:
        raise ValueError(
            f"{MIN_AVAILABLE}: {min_available:g} is no number from 0 on; {_MIN_AVAILABLE_FORM}"
        )
    if 0 < min_available < 1:
        return _least_by_share(crowd, min_available)
    return math.ceil(min(min_available, MAX_INT32))


_MIN_AVAILABLE_FORM = "write a count such as 3, or a share of the servers below 1 such as 0.2"


def _least_by_share(crowd: Crowd, share: float) -> int:
    """Return how many must be free for them to be a share of all, those that are to come included.

    What lacks is rounded to hundredths before it is rounded up, as upstream does: a share such as
    0.3 is not exact.
    """
    lacking = (crowd.total * share - crowd.free) / (1 - share)
    if lacking <= 0:
        return 0
    hundredths = math.floor(lacking * 100 + 0.5)
    return min(crowd.free + math.ceil(hundredths / 100), MAX_INT32)


def _is_leaving(pod: Pod) -> bool:
    meta = pod.metadata
    return (
        meta.deletion_timestamp is not None
        or meta.labels.get(GS_STATE) in {DELETING, PRE_DELETE}
        or meta.labels.get(LIFECYCLE_STATE) == PREPARING_DELETE
    )
