"""Replica: one process with a plugin, its caches and what it remembers. Nothing moves by itself."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Self

from okg.api.core import Node, Pod
from okg.api.game import GameServerSet
from okg.api.networking import Ingress
from okg.api.resource import O, Object
from okg.api.service import Service
from okg.cache.client import CachedClient
from okg.cache.informer import Informer
from okg.cache.informers import Informers, Selection
from okg.cache.source import ChangeHandler
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpResponse, HttpStream
from okg.cloudprovider.asking import ask
from okg.cloudprovider.ledger_record import LABEL, LedgerRecord
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import NetworkPlugin, PluginError
from okg.cloudprovider.pool import Pool, pools_of
from okg.context import Context
from okg.errors import ApiError, Cancelled, OkgError, TimedOut, TransportError
from okg.testing.apiserver import FakeApiServer
from okg.testing.apiserver.faults import Effect
from okg.testing.clock import FakeClock
from okg.testing.feed import Feed

CALL_SECONDS = 8.0
"""How long a plugin is waited for, as at admission."""

KINDS: tuple[type[Object], ...] = (Pod, Node, Service, Ingress, GameServerSet, LedgerRecord)
_SELECTIONS: Mapping[type[Object], Selection] = {LedgerRecord: Selection(labels=LABEL)}


class Killed(BaseException):
    """The process has ended in the middle of what it did."""


class Wire:
    """What lies between a process and the server; a Transport.

    Args:
        server: the other end.

    Attributes:
        writes: how many there were.
        dies_at: number of the write with which the process ends, if any.
        strike: what happens to the write of a number, if anything does.
        meanwhile: called before each write; somebody may be faster.
    """

    def __init__(self, server: FakeApiServer) -> None:
        self.writes = 0
        self.dies_at: int | None = None
        self.strike: Callable[[int], Effect | None] = lambda _: None
        self.meanwhile: Callable[[], object] = lambda: None
        self._server = server
        self._dead = False

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, or raise what happens to it."""
        if self._dead:
            raise Killed
        if request.method == "GET":
            return self._server.send(request)
        self.meanwhile()
        self.writes += 1
        answer = self._forward(request)
        if self.writes == self.dies_at:
            self.die()
        return answer

    def _forward(self, request: HttpRequest) -> HttpResponse:
        effect = self.strike(self.writes)
        if effect is None:
            return self._server.send(request)
        rule = self._server.faults.inject(effect, times=1)
        try:
            return self._server.send(request)
        finally:
            self._server.faults.remove(rule)

    def die(self) -> None:
        """End the process.

        Raises:
            Killed: always.
        """
        self._dead = True
        raise Killed

    def stream(self, request: HttpRequest) -> HttpStream:
        """Answer with a stream."""
        return self._server.stream(request)

    def close(self) -> None:
        """Do nothing: the server stays."""


class Quiet:
    """A logger that says nothing."""

    def bind(self, **_fields: object) -> Self:
        """Return itself."""
        return self

    def debug(self, event: str, **_fields: object) -> None:
        """Say nothing."""

    info = warning = error = exception = debug


class PassingClock:
    """The Clock of a process: while that waits, time passes and others go on.

    Args:
        clock: the time that passes.
        meanwhile: what others do.
    """

    def __init__(self, clock: FakeClock, meanwhile: Callable[[], object]) -> None:
        self._clock = clock
        self._meanwhile = meanwhile

    def monotonic(self) -> float:
        """Return seconds."""
        return self._clock.monotonic()

    def now(self) -> datetime:
        """Return the time of day."""
        return self._clock.now()

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """Let others go on for so long."""
        del condition
        self._meanwhile()
        self._clock.advance(CALL_SECONDS if timeout is None else timeout)


class Replica:
    """One process.

    Args:
        server: where its objects are.
        clock: its time.
        plugin: what it runs.
        kinds: what the plugin reads, beyond what every cluster has.
    """

    def __init__(
        self,
        server: FakeApiServer,
        clock: FakeClock,
        plugin: NetworkPlugin,
        kinds: Sequence[type[Object]] = (),
    ) -> None:
        self.wire = Wire(server)
        self.plugin = plugin
        self.pools = pools_of([plugin])
        self._server = server
        self._clock = PassingClock(clock, self.hear)
        self._informers = Informers(ApiClient(self.wire), selections=_SELECTIONS)
        self.client = CachedClient(ApiClient(self.wire), self._informers, monotonic=clock.monotonic)
        observed = [(kind, pool) for pool in self.pools for kind in pool.kinds]
        for kind, pool in observed:
            self._informers.informer(kind).add_handler(_handler(pool))
        self.feeds = [self._feed(kind) for kind in dict.fromkeys((*KINDS, *kinds))]
        self._heard = -1
        self.hear()
        self.plugin.start(self._context(), self.client)

    def hear(self) -> int:
        """Tell the caches everything, and return how much that was."""
        if self._heard == self._server.revision:
            return 0
        self._heard = self._server.revision
        return sum(feed.deliver() for feed in self.feeds)

    def ask(self, operation: Operation, pod: Pod) -> Pod | OkgError:
        """Return what the plugin says, or why it says nothing.

        Raises:
            AssertionError: it failed in a way that nobody expects.
        """
        ctx = self._context()
        try:
            return ask(ctx, self.client, self.plugin, operation, pod)
        except (PluginError, ApiError, TransportError) as error:
            return error
        except Cancelled:
            return TimedOut(f"{operation} of {pod.key} had no answer in {CALL_SECONDS:.0f} s")
        except Exception as error:
            raise AssertionError(
                f"{self.plugin.name} raised {error!r} at {operation} of {pod.key};"
                " it may raise PluginError, ApiError and TransportError"
            ) from error

    def tidy(self) -> None:
        """Do what the leader does about the records of pools, now and then."""
        for pool in self.pools:
            for record in self.client.list(LedgerRecord, labels={LABEL: pool.name}):
                with suppress(ApiError, TransportError):
                    self.client.patch(record, pool.tidied(record, self._clock.now()))

    def _context(self) -> Context:
        ends = self._clock.monotonic() + CALL_SECONDS
        return Context(Quiet(), clock=self._clock, deadline=ends)

    def _feed(self, kind: type[O]) -> Feed[O]:
        selection = _SELECTIONS.get(kind, Selection())
        informer: Informer[O] = self._informers.informer(kind)
        return Feed(ApiClient(self._server), informer, selection.labels)


def _handler(pool: Pool) -> ChangeHandler[Object]:
    def tell(old: Object | None, new: Object | None, *, initial: bool) -> None:
        del initial
        pool.observe(old, new)

    return tell
