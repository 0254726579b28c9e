"""Counts of a set's servers, kept by the cache: a question costs the same for any number of them.

The pods of a set must not be walked for it, because everybody may ask, at any rate.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from okg.api.core import Pod
from okg.api.resource import O
from okg.client.client import Client
from okg.workload.autoscaling import Crowd, counted_as, tally_crowd
from okg.workload.names import OWNER_GSS

BY_COUNT = "owner-gss/autoscaling"
"""Pods by ``namespace/set#count``."""


class Indexer(Protocol):
    """The part of a manager that keeps indexes."""

    def index(self, kind: type[O], name: str, function: Callable[[O], Iterable[str]]) -> None:
        """Keep a secondary index of a kind."""
        ...


def declare_index(indexer: Indexer) -> None:
    """Let the counts be kept; before the caches start."""
    indexer.index(Pod, BY_COUNT, count_keys)


def count_keys(pod: Pod) -> Iterable[str]:
    """Return under which counts a pod is, for the set it belongs to."""
    owner = pod.metadata.labels.get(OWNER_GSS)
    if not owner:
        return ()
    return [_key(pod.metadata.namespace, owner, count) for count in counted_as(pod)]


def count_crowd(client: Client, namespace: str, name: str) -> Crowd:
    """Count the servers of a set."""
    return tally_crowd(
        lambda count: client.count(Pod, index=(BY_COUNT, _key(namespace, name, count)))
    )


def _key(namespace: str, name: str, count: str) -> str:
    return f"{namespace}/{name}#{count}"
