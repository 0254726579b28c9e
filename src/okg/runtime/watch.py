"""Watch: a kind that a controller looks at, as data."""

from datetime import timedelta
from typing import Generic, Protocol

from okg.api.resource import O, Object
from okg.cache.source import InformerSource
from okg.runtime.handlers import EventHandler
from okg.runtime.predicates import Predicate
from okg.runtime.reconcile import Request
from okg.workqueue.state import LOW_PRIORITY


class Enqueue(Protocol):
    """Takes a request into a controller's queue."""

    def __call__(self, request: Request, *, after: float = 0.0, priority: int = 0) -> None:
        """Add a request that is due in ``after`` seconds."""
        ...


class AnyWatch(Protocol):
    """A watch of whatever kind: what a controller needs to know of it."""

    @property
    def resource(self) -> type[Object]:
        """The kind that is watched."""
        ...

    def attach(self, source: InformerSource, enqueue: Enqueue) -> None:
        """Turn changes into requests from now on."""
        ...


class Watch(Generic[O]):
    """Changes of ``kind`` that pass ``when`` become the requests that ``handler`` returns.

    What a first list or a resync tells enters at low priority: nothing has just happened.

    Args:
        kind: what is looked at.
        handler: whom a change leads to.
        when: which changes count, or None for all.
        gather: how long a request waits, so that the changes of this time make one.
    """

    def __init__(
        self,
        kind: type[O],
        handler: EventHandler[O],
        *,
        when: Predicate[O] | None = None,
        gather: timedelta = timedelta(0),
    ) -> None:
        self.kind = kind
        self.handler = handler
        self.when = when
        self.gather = gather

    @property
    def resource(self) -> type[Object]:
        """The kind that is watched."""
        return self.kind

    def attach(self, source: InformerSource, enqueue: Enqueue) -> None:
        """Turn changes into requests from now on."""
        after = self.gather.total_seconds()

        def on_change(old: O | None, new: O | None, *, initial: bool) -> None:
            if self.when is not None and not self.when(old, new):
                return
            for request in self.handler(old, new):
                enqueue(request, after=after, priority=LOW_PRIORITY if initial else 0)

        source.informer(self.kind).add_handler(on_change)
