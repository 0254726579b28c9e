"""Counters over the pods of a set.

The one place that walks all pods for the status, so that counters kept up to date by the cache's
events can take its place.
"""

from collections.abc import Iterable

import msgspec

from okg.api.core import Pod
from okg.workload.names import GS_STATE, OPS_STATE
from okg.workload.state import PRE_DELETE


class PodCounts(msgspec.Struct, frozen=True):
    """How many pods a set has, and in which states; terminating ones count."""

    total: int = 0
    maintaining: int = 0
    wait_to_be_deleted: int = 0
    pre_delete: int = 0


def count_pods(pods: Iterable[Pod]) -> PodCounts:
    """Count the pods of a set by their labels."""
    total = maintaining = wait_to_be_deleted = pre_delete = 0
    for pod in pods:
        labels = pod.metadata.labels
        ops_state = labels.get(OPS_STATE)
        total += 1
        maintaining += ops_state == "Maintaining"
        wait_to_be_deleted += ops_state == "WaitToBeDeleted"
        pre_delete += labels.get(GS_STATE) == PRE_DELETE
    return PodCounts(total, maintaining, wait_to_be_deleted, pre_delete)
