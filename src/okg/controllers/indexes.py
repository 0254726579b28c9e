"""Indexes that the caches keep for the controllers, so that no pass scans a namespace."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from okg.api.core import Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.resource import Object
from okg.controllers.host import Host
from okg.workload.names import OWNER_GSS
from okg.workload.pod_counts import facets_of

BY_SET = "owner-gss"
"""Pods and game servers by ``namespace/set``."""

BY_FACET = "owner-gss/facet"
"""Pods by ``namespace/set#facet``: what is counted of a set is the size of an entry."""

BY_NODE = "spec.nodeName"
"""Pods of game servers by the name of their node."""

BY_MANAGER = "strays-by-manager"
"""Pods that a set manages and whose label does not say so, by ``namespace/set``: mostly none."""

Index: TypeAlias = tuple[type[Any], str, Callable[[Any], Iterable[str]]]
"""Kind, name and function of an index."""


def indexes() -> Sequence[Index]:
    """Return the indexes that must be declared before the caches start."""
    return (
        (Pod, BY_SET, set_keys),
        (Pod, BY_FACET, facet_keys),
        (Pod, BY_NODE, node_names),
        (GameServer, BY_SET, set_keys),
    )


def declare_indexes(host: Host) -> None:
    """Declare the indexes with a manager; harmless when repeated."""
    for kind, name, function in indexes():
        host.index(kind, name, function)


def set_key(namespace: str, name: str) -> str:
    """Return the value under which members of a set are indexed."""
    return f"{namespace}/{name}"


def set_keys(member: Object) -> Iterable[str]:
    """Return the set that a pod or game server belongs to, if any."""
    owner = member.metadata.labels.get(OWNER_GSS)
    return (set_key(member.metadata.namespace, owner),) if owner else ()


def strayed_from(pod: Pod) -> Iterable[str]:
    """Return the set that manages a pod whose label names another set or none."""
    manager = pod.metadata.controller
    if manager is None or manager.kind != GameServerSet.resource_type.kind:
        return ()
    if pod.metadata.labels.get(OWNER_GSS) == manager.name:
        return ()
    return (set_key(pod.metadata.namespace, manager.name),)


def facet_key(set_key: str, facet: str) -> str:
    """Return the value under which pods of a set that show a facet are indexed."""
    return f"{set_key}#{facet}"


def facet_keys(pod: Pod) -> Iterable[str]:
    """Return what a pod shows, for the set it belongs to."""
    return [facet_key(key, facet) for key in set_keys(pod) for facet in facets_of(pod)]


def node_names(pod: Pod) -> Iterable[str]:
    """Return the node of a game server's pod, if any."""
    node = pod.spec.node_name
    return (node,) if node and OWNER_GSS in pod.metadata.labels else ()
