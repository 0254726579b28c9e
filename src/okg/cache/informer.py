"""Informer: a store kept current by reflectors, and the handlers that hear of each change.

Consistency contract
- For one object, handlers hear changes in the server's order. Between objects there is no order.
- The store is updated before handlers are called, so a handler's reader sees at least its change.
- Changes may be folded: after a relist an object that was deleted and re-created meanwhile is
  reported as one update, and one that came and went is not reported at all.
- A deletion missed by the watch is reported after the relist with the last value known.
- Handlers run on the reflector's thread: microseconds, no I/O. They are registered before start.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic

from okg.api.resource import O
from okg.cache.reflector import READ_TIMEOUT, Reflector
from okg.cache.source import ChangeHandler
from okg.cache.store import Change, IndexFunction, Store
from okg.client.decoding import Undecodable
from okg.client.rest import ApiClient
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.threads import ThreadGroup


class Informer(Generic[O]):
    """All objects of one kind that match a selection, current and indexed.

    Args:
        api: live client.
        kind: which kind.
        namespaces: where; empty for everywhere.
        labels: label selector.
        fields: field selector.
        resync: seconds after which handlers are told everything once more, or None.
        read_timeout: seconds of silence after which a watch counts as dead.
        on_undecodable: told of each object that does not fit the type.
        clock: where time comes from.
    """

    def __init__(
        self,
        api: ApiClient,
        kind: type[O],
        *,
        namespaces: Sequence[str] = (),
        labels: str = "",
        fields: str = "",
        resync: float | None = None,
        read_timeout: float = READ_TIMEOUT,
        on_undecodable: Callable[[Undecodable], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.kind = kind
        scopes = namespaces if kind.resource_type.namespaced and namespaces else ("",)
        self.store: Store[O] = Store(by_namespace="" not in scopes)
        self._reflectors = [
            Reflector(
                api,
                kind,
                self,
                namespace=scope,
                labels=labels,
                fields=fields,
                read_timeout=read_timeout,
            )
            for scope in scopes
        ]
        self._handlers: list[ChangeHandler[O]] = []
        self._started = False
        self._synced = threading.Event()
        self._resync = resync
        self._next_resync = clock.monotonic() + resync if resync else None
        self._on_undecodable = on_undecodable
        self._clock = clock

    @property
    def synced(self) -> bool:
        """Whether the first list of every scope is in the store."""
        return self._synced.is_set()

    @property
    def last_error(self) -> Exception | None:
        """Why it is not getting on, or None."""
        return next((r.state.last_error for r in self._reflectors if r.state.last_error), None)

    def add_handler(self, handler: ChangeHandler[O]) -> None:
        """Call ``handler`` for every change from the first list on.

        Raises:
            RuntimeError: the informer runs already; changes would have been missed.
        """
        if self._started:
            raise RuntimeError(
                f"the informer of {self.kind.__name__} has started: add handlers before"
            )
        self._handlers.append(handler)

    def add_index(self, name: str, function: IndexFunction[O]) -> None:
        """Keep a secondary index."""
        self.store.add_index(name, function)

    def run(self, ctx: Context) -> None:
        """List and watch until the context is done; raises what a handler raised."""
        self._started = True
        group = ThreadGroup(ctx)
        for number, reflector in enumerate(self._reflectors):
            group.start(f"reflector-{self.kind.resource_type.plural}-{number}", reflector.run)
        group.join()

    def on_list(self, objects: Sequence[O], version: str, namespace: str) -> None:
        """Take a whole list from a reflector."""
        first = not self.synced
        for change in self.store.replace(objects, version, namespace=namespace):
            self._tell(change, initial=first or _same_version(change))
        if all(r.state.synced or r.namespace == namespace for r in self._reflectors):
            self._synced.set()

    def on_change(self, obj: O, *, gone: bool) -> None:
        """Take one change from a reflector."""
        self._tell(self.store.remove(obj) if gone else self.store.put(obj), initial=False)
        self._maybe_resync()

    def on_reached(self, version: str, namespace: str) -> None:
        """Take a bookmark from a reflector."""
        for change in self.store.reached(version, self._clock.monotonic(), namespace=namespace):
            self._tell(change, initial=False)
        self._maybe_resync()

    def on_undecodable(self, odd: Undecodable) -> None:
        """Pass on what did not decode; a value read earlier stays, and its writes will conflict."""
        if self._on_undecodable is not None:
            self._on_undecodable(odd)

    def _tell(self, change: Change[O], *, initial: bool) -> None:
        for handler in self._handlers:
            handler(change.old, change.new, initial=initial)

    def _maybe_resync(self) -> None:
        if self._next_resync is None or self._clock.monotonic() < self._next_resync:
            return
        self._next_resync = self._clock.monotonic() + (self._resync or 0.0)
        for obj in self.store.list():
            self._tell(Change(obj, obj), initial=True)


def _same_version(change: Change[O]) -> bool:
    return (
        change.old is not None
        and change.new is not None
        and change.old.metadata.resource_version == change.new.metadata.resource_version
    )
