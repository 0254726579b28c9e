"""Counters over the pods of a set, without walking them.

A pod shows facets, and the cache knows how many pods of a set show each: a pass over a set of ten
thousand servers costs what one over ten costs. Only why servers are in trouble, which is asked when
nothing has moved for a while, is found by looking at every pod.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from okg.api.core import Pod
from okg.workload.names import (
    GS_STATE,
    KILL,
    LIFECYCLE_STATE,
    OPS_STATE,
    OWNER_GSS,
    PREPARING_DELETE,
    REVISION,
)
from okg.workload.ordinals import belongs_to
from okg.workload.revisions import short_revision
from okg.workload.state import CRASH, DELETING, PRE_DELETE, PRE_UPDATE, READY, game_server_state

Tally: TypeAlias = Callable[[str], int]
"""Says how many pods of a set show a facet."""

_POD = "pod"
_MAINTAINING = "opsState=Maintaining"
_WAITING = "opsState=WaitToBeDeleted"
_PRE_DELETE = "state=PreDelete"
_LIVING = "living"
_TERMINATING = "terminating"
_UNREADY = "unready"
_HELD = "held"
_KILLED = "killed"
_LEAVING = "leaving"
_OF_REVISION = "revision="

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
        unready: living ones that are not ready, or being updated.
        outdated: living ones that are not of the newest revision.
        held: living ones whose update or deletion a hook holds back.
        killed: living ones that asked to be removed, and whose removal has not begun.
        leaving: living ones whose removal a hook holds back.
        troubles: why living ones are not ready, in the kubelet's words, with how many.
    """

    living: int = 0
    terminating: int = 0
    unready: int = 0
    outdated: int = 0
    held: int = 0
    killed: int = 0
    leaving: int = 0
    troubles: Mapping[str, int] = {}


def facets_of(pod: Pod) -> Iterator[str]:
    """Yield what is counted of a pod.

    Pods whose name is not of the form ``<set>-<number>`` are no servers; they count as pods only.
    """
    labels = pod.metadata.labels
    ops_state = labels.get(OPS_STATE)
    yield _POD
    if ops_state == "Maintaining":
        yield _MAINTAINING
    elif ops_state == "WaitToBeDeleted":
        yield _WAITING
    if labels.get(GS_STATE) == PRE_DELETE:
        yield _PRE_DELETE
    if belongs_to(pod.metadata.name, labels.get(OWNER_GSS, "")):
        yield from _facets_of_member(pod)


def tally_pods(tally: Tally) -> PodCounts:
    """Count the pods of a set by their labels."""
    return PodCounts(tally(_POD), tally(_MAINTAINING), tally(_WAITING), tally(_PRE_DELETE))


def tally_members(tally: Tally, newest: str = "") -> MemberCounts:
    """Count the servers of a set, but for their troubles.

    Args:
        tally: of the set.
        newest: name of the newest revision, empty if there is none yet.
    """
    living = tally(_LIVING)
    return MemberCounts(
        living=living,
        terminating=tally(_TERMINATING),
        unready=tally(_UNREADY),
        outdated=living - tally(_OF_REVISION + short_revision(newest)),
        held=tally(_HELD),
        killed=tally(_KILLED),
        leaving=tally(_LEAVING),
    )


def count_troubles(members: Iterable[Pod]) -> Mapping[str, int]:
    """Count why servers are not ready; walks all of them."""
    troubles: Counter[str] = Counter()
    for pod in members:
        troubles.update(_troubles(pod, game_server_state(pod)))
    return dict(sorted(troubles.items()))


def _facets_of_member(pod: Pod) -> Iterator[str]:
    labels, state = pod.metadata.labels, game_server_state(pod)
    if state == DELETING:
        yield _TERMINATING
        return
    yield _LIVING
    if state != READY:
        yield _UNREADY
    yield _OF_REVISION + short_revision(labels.get(REVISION, ""))
    if state in {PRE_DELETE, PRE_UPDATE}:
        yield _HELD
    if labels.get(LIFECYCLE_STATE) == PREPARING_DELETE:
        yield _LEAVING
    elif labels.get(OPS_STATE) == KILL:
        yield _KILLED


def _troubles(pod: Pod, state: str) -> set[str]:
    if state in {READY, DELETING}:
        return set()
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    waiting = (status.state.waiting for status in statuses if status.state)
    found = {why.reason for why in waiting if why is not None} - _STARTING
    return found | {CRASH} if state == CRASH else found
