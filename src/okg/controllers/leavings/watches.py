"""What starts a look at a set that is gone: its end, and what it left behind."""

from collections.abc import Callable, Iterable, Sequence

from okg.api.game import GameServerSet
from okg.api.resource import Object
from okg.cloudprovider.leaving import Leaving
from okg.runtime.handlers import enqueue_mapped, enqueue_object
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch


def watches(plugins: Sequence[Leaving]) -> Sequence[AnyWatch]:
    """Return what a leavings controller watches."""
    left = {(kind, label) for plugin in plugins for kind, label in plugin.leaves.items()}
    return (
        Watch(GameServerSet, enqueue_object, when=_is_removal),
        *(Watch(kind, enqueue_mapped(_set_by(label))) for kind, label in left),
    )


def _set_by(label: str) -> Callable[[Object], Iterable[Request]]:
    def set_of(obj: Object) -> Iterable[Request]:
        name = obj.metadata.labels.get(label)
        return (Request(obj.metadata.namespace, name),) if name else ()

    return set_of


def _is_removal(_old: Object | None, new: Object | None) -> bool:
    return new is None
