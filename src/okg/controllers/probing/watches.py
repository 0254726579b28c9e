"""What is told to the desk: pods, and sets whose qualities are others."""

from collections.abc import Iterable, Sequence

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.client.client import Client
from okg.controllers.indexes import BY_SET, set_key
from okg.runtime.handlers import enqueue_mapped, enqueue_object
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch


def watches(client: Client) -> Sequence[AnyWatch]:
    """Return what a probe controller watches; ``client`` finds the pods of a set."""

    def pods_of(gss: GameServerSet) -> Iterable[Request]:
        key = set_key(gss.metadata.namespace, gss.metadata.name)
        return [Request.of(pod) for pod in client.list(Pod, index=(BY_SET, key))]

    return (
        Watch(Pod, enqueue_object),
        Watch(GameServerSet, enqueue_mapped(pods_of), when=qualities_changed),
    )


def qualities_changed(old: GameServerSet | None, new: GameServerSet | None) -> bool:
    """Whether a set is probed in another way; a new one has no pods, or they are seen anyway."""
    if old is None or new is None:
        return old is not new
    return old.metadata.uid != new.metadata.uid or _qualities(old) != _qualities(new)


def _qualities(gss: GameServerSet) -> object:
    return gss.spec.service_qualities if gss.spec is not None else None
