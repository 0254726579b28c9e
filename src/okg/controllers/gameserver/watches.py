"""What starts a pass over a server: the server, its pod, and changes of its pod's node.

Changes of the set do not: a new template reaches a server with the pod that comes of it.
"""

from collections.abc import Iterable, Sequence

from okg.api.core import Node, Pod
from okg.api.game import GameServer
from okg.client.client import Client
from okg.controllers.indexes import BY_NODE
from okg.controllers.pacing import GATHER
from okg.runtime.handlers import enqueue_mapped, enqueue_object
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch
from okg.workload.names import OWNER_GSS


def watches(client: Client) -> Sequence[AnyWatch]:
    """Return what a GameServer controller watches.

    Args:
        client: finds the pods of a node.
    """

    def pods_on(node: Node) -> Iterable[Request]:
        return [Request.of(pod) for pod in client.list(Pod, index=(BY_NODE, node.metadata.name))]

    return (
        Watch(GameServer, enqueue_object),
        Watch(Pod, enqueue_object, when=is_of_a_set, gather=GATHER),
        Watch(Node, enqueue_mapped(pods_on), when=node_health_changed),
    )


def is_of_a_set(old: Pod | None, new: Pod | None) -> bool:
    """Whether a pod is a server's, or was until now: one that is let go leaves its server."""
    return any(pod is not None and OWNER_GSS in pod.metadata.labels for pod in (old, new))


def node_health_changed(old: Node | None, new: Node | None) -> bool:
    """Whether a node's conditions changed, or the node went; a heartbeat is neither.

    Our type does not declare heartbeat times, so comparing the values is enough. A node that
    appears has no pods yet, except at start, when every pod is looked at anyway.
    """
    if old is None or new is None:
        return new is None
    return old.status.conditions != new.status.conditions
