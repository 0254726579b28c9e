"""Informers: one informer a kind, shared by everybody in the process."""

import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from okg.api.resource import O, Object
from okg.cache.informer import Informer
from okg.cache.reflector import READ_TIMEOUT
from okg.client.decoding import Undecodable
from okg.client.rest import ApiClient
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.errors import CacheNotSynced, Forbidden, NotFound
from okg.threads import ThreadGroup

SYNC_TIMEOUT = 120.0
"""Seconds to wait for first lists, as in controller-runtime."""

_POLL = 0.02


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects of a kind are cached.

    Attributes:
        labels: label selector; empty for that of the kind.
        fields: field selector.
        namespaces: where; empty for where all kinds are cached.
    """

    labels: str = ""
    fields: str = ""
    namespaces: tuple[str, ...] = ()


class Informers:
    """Makes informers on demand and runs them together.

    Args:
        api: live client.
        namespaces: what to cache of namespaced kinds; empty for everywhere.
        selections: restrictions by kind.
        resync: seconds between reminders of everything to all handlers, or None.
        read_timeout: seconds of silence after which a watch counts as dead.
        on_undecodable: told of each object that does not fit its type.
        clock: where time comes from.
    """

    def __init__(
        self,
        api: ApiClient,
        *,
        namespaces: Sequence[str] = (),
        selections: Mapping[type[Object], Selection] | None = None,
        resync: float | None = None,
        read_timeout: float = READ_TIMEOUT,
        on_undecodable: Callable[[Undecodable], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._api = api
        self._clock = clock
        self._namespaces = namespaces
        self._selections = dict(selections or {})
        self._resync = resync
        self._read_timeout = read_timeout
        self._on_undecodable = on_undecodable
        self._lock = threading.Lock()
        self._informers: dict[type[Object], object] = {}
        self._group: ThreadGroup | None = None

    def informer(self, kind: type[O]) -> Informer[O]:
        """Return the informer of a kind; the first call makes it, and starts it if others run."""
        with self._lock:
            found = self._informers.get(kind)
            if isinstance(found, Informer):
                return found  # pyright: ignore[reportUnknownVariableType] # stored by its own kind
            selection = self._selections.get(kind, Selection())
            informer = Informer(
                self._api,
                kind,
                namespaces=selection.namespaces or self._namespaces,
                labels=selection.labels or kind.selector,
                fields=selection.fields,
                resync=self._resync,
                read_timeout=self._read_timeout,
                on_undecodable=self._on_undecodable,
                clock=self._clock,
            )
            self._informers[kind] = informer
            if self._group is not None:
                _start(self._group, informer)
            return informer

    def existing(self, kind: type[O]) -> Informer[O] | None:
        """Return the informer of a kind if there is one."""
        with self._lock:
            found = self._informers.get(kind)
        return found if isinstance(found, Informer) else None  # pyright: ignore[reportUnknownVariableType]

    def run(self, ctx: Context) -> None:
        """Run all informers until the context is done."""
        with self._lock:
            group = self._group = ThreadGroup(ctx)
            for informer in self._all():
                _start(group, informer)
        group.ctx.wait()
        group.join()

    def wait_for_sync(self, ctx: Context, *, timeout: float = SYNC_TIMEOUT) -> None:
        """Block until the first list of every informer is in.

        Raises:
            CacheNotSynced: the time is over; the message names the kind, the cause and the remedy.
        """
        ends = ctx.clock.monotonic() + timeout
        while waiting := [informer for informer in self._snapshot() if not informer.synced]:
            ctx.check()
            if ctx.clock.monotonic() >= ends:
                raise CacheNotSynced(explain(waiting[0], timeout))
            ctx.sleep(_POLL)

    def _snapshot(self) -> "list[Informer[Object]]":
        with self._lock:
            return self._all()

    def _all(self) -> "list[Informer[Object]]":
        return [i for i in self._informers.values() if isinstance(i, Informer)]


def explain(informer: Informer[O], timeout: float) -> str:
    """Say why an informer has nothing yet, and what to do about it."""
    resource, error = informer.kind.resource_type, informer.last_error
    what = f"no list of {resource.group_resource} within {timeout:g} s"
    if isinstance(error, NotFound):
        return f"{what}: the server does not serve it; install its CustomResourceDefinition"
    if isinstance(error, Forbidden):
        return f"{what}: grant list and watch on it to this client ({error.message})"
    return f"{what}: {error or 'the server has not answered'}"


def _start(group: ThreadGroup, informer: Informer[O]) -> None:
    group.start(f"informer-{informer.kind.resource_type.plural}", informer.run)
