"""Counters over the pods of a set.

The one place that walks all pods for the status, so that counters kept up to date by the cache's
events can take its place.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from okg.api.core import Pod
from okg.workload.names import GS_STATE, OPS_STATE
from okg.workload.revisions import is_of_revision
from okg.workload.state import CRASH, DELETING, PRE_DELETE, PRE_UPDATE, READY, game_server_state

_STARTING = {"", "ContainerCreating", "PodInitializing"}
"""Reasons for which a container waits that are no trouble."""


class PodCounts(msgspec.Struct, frozen=True):
    """How many pods a set has, and in which states; terminating ones count."""

    total: int = 0
    maintaining: int = 0
    wait_to_be_deleted: int = 0
    pre_delete: int = 0


class MemberCounts(msgspec.Struct, frozen=True):
    """How the servers of a set are, as their pods show it.

    Attributes:
        living: those that are not terminating.
        terminating: those that are.
        outdated: living ones that are not of the newest revision.
        held: living ones whose update or deletion a hook holds back.
        troubles: why living ones are not ready, in the kubelet's words, with how many.
    """

    living: int = 0
    terminating: int = 0
    outdated: int = 0
    held: int = 0
    troubles: Mapping[str, int] = {}


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


def count_members(members: Iterable[Pod], newest: str) -> MemberCounts:
    """Count the servers of a set by what their pods report.

    Args:
        members: the pods.
        newest: name of the newest revision, empty if there is none yet.
    """
    living = terminating = outdated = held = 0
    troubles: Counter[str] = Counter()
    for pod in members:
        state = game_server_state(pod)
        if state == DELETING:
            terminating += 1
            continue
        living += 1
        outdated += not is_of_revision(pod, newest)
        held += state in {PRE_DELETE, PRE_UPDATE}
        troubles.update(_troubles(pod, state))
    return MemberCounts(living, terminating, outdated, held, dict(sorted(troubles.items())))


def _troubles(pod: Pod, state: str) -> set[str]:
    if state == READY:
        return set()
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    waiting = (status.state.waiting for status in statuses if status.state)
    found = {why.reason for why in waiting if why is not None} - _STARTING
    return found | {CRASH} if state == CRASH else found
