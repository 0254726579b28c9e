"""Recorder: writes Kubernetes Events from a thread of its own.

Whoever reports something only puts it into a bounded queue. One thread takes it out, lets the
`EventCorrelator` decide and talks to the server. The lock guards the queue alone.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace
from prometheus_client import CollectorRegistry, Counter

from okg.api.core import Event, EventSource, ObjectReference
from okg.api.resource import Object
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.errors import (
    Forbidden,
    NotFound,
    OkgError,
    ServerError,
    TooManyRequests,
    TransportError,
)
from okg.runtime.event_correlator import EventCorrelator, Occurrence
from okg.runtime.events import EventRecorder

QUEUE_LIMIT = 1000
FLUSH_SECONDS = 2.0
"""How long a stop goes on writing what was reported before it."""

_RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0)
"""Seconds between tries while the server gives no answer or none that counts."""


class EventWriter(Protocol):
    """The two requests we need; `okg.client.rest.ApiClient` has them.

    Its requests should end within a few seconds (see `okg.client.impatient`), or a stop waits.
    """

    def create(self, obj: Event) -> Event:
        """Create an Event."""
        ...

    def patch(
        self, before: Event, after: Event, *, subresource: str = "", lock: bool = True
    ) -> Event:
        """Write the difference of two values."""
        ...


class Recorder:
    """The process's EventRecorder, and the thread behind it.

    Args:
        writer: live, and not fenced: events are also written by those who do not lead.
        component: who reports, for what is recorded here directly; see ``named``.
        registry: gets ``okg_events_dropped_total``.
        clock: where time comes from.
    """

    def __init__(
        self,
        writer: EventWriter,
        component: str,
        *,
        registry: CollectorRegistry | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._correlator = EventCorrelator()
        self._changed = threading.Condition()
        self._waiting: deque[Occurrence] = deque()
        self._itself = self.named(component)
        self._dropped = Counter(
            "okg_events_dropped",
            "Kubernetes Events that were not written, by why not.",
            ("reason",),
            registry=registry,
        )

    def normal(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        """Report something that is going well."""
        self._itself.normal(about, reason, message)

    def warning(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        """Report something that somebody should look at."""
        self._itself.warning(about, reason, message)

    def named(self, component: str) -> EventRecorder:
        """Return a recorder whose events name another component as their source."""
        return _Source(EventSource(component=component), self._enqueue, self._clock)

    def run(self, ctx: Context) -> None:
        """Write events until the context is done, and what is left for two more seconds."""
        forget = ctx.on_cancel(self._wake)
        try:
            while (occurrence := self._next(ctx)) is not None:
                self._report(ctx, occurrence)
        finally:
            forget()
        self._flush(ctx)

    def _enqueue(self, occurrence: Occurrence) -> None:
        with self._changed:
            full = len(self._waiting) >= QUEUE_LIMIT
            if not full:
                self._waiting.append(occurrence)
                self._changed.notify()
        if full:
            self._dropped.labels("queue_full").inc()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _next(self, ctx: Context) -> Occurrence | None:
        with self._changed:
            while not ctx.done:
                if self._waiting:
                    return self._waiting.popleft()
                self._clock.wait(self._changed, None)
        return None

    def _flush(self, ctx: Context) -> None:
        until = self._clock.monotonic() + FLUSH_SECONDS
        with self._changed:
            left = deque(self._waiting)
            self._waiting.clear()
        while left and self._clock.monotonic() < until:
            self._report(ctx, left.popleft())
        if left:
            self._dropped.labels("stopped").inc(len(left))
            ctx.log.warning("events left unwritten at the stop", count=len(left))

    def _report(self, ctx: Context, occurrence: Occurrence) -> None:
        event = self._correlator.observe(occurrence, self._clock.monotonic())
        if event is None:
            self._dropped.labels("spam").inc()
            return
        try:
            self._write(ctx, event)
        except OkgError as error:
            self._dropped.labels("refused").inc()
            _log_refusal(ctx, event, error)

    def _write(self, ctx: Context, event: Event) -> None:
        for delay in _RETRY_DELAYS:
            try:
                self._write_once(event)
            except (TransportError, ServerError, TooManyRequests):
                if not ctx.sleep(delay):
                    raise
            else:
                return
        self._write_once(event)

    def _write_once(self, event: Event) -> None:
        if event.count > 1:
            before = replace(event, count=0, message="", last_timestamp=None)
            try:
                self._writer.patch(before, event, lock=False)
            except NotFound:  # it expired, or was never written
                pass
            else:
                return
        self._writer.create(event)


class _Source:
    """An EventRecorder of one component."""

    def __init__(
        self, source: EventSource, enqueue: Callable[[Occurrence], None], clock: Clock
    ) -> None:
        self._source = source
        self._enqueue = enqueue
        self._clock = clock

    def normal(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        self._record("Normal", about, reason, message)

    def warning(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        self._record("Warning", about, reason, message)

    def _record(
        self, kind: str, about: Object | ObjectReference, reason: str, message: str
    ) -> None:
        reference = about if isinstance(about, ObjectReference) else ObjectReference.of(about)
        self._enqueue(
            Occurrence(
                about=reference,
                type=kind,
                reason=reason,
                message=message,
                source=self._source,
                at=self._clock.now(),
            )
        )


def _log_refusal(ctx: Context, event: Event, error: OkgError) -> None:
    """Log an event that was not written; what happens while a namespace goes away is no news."""
    expected = isinstance(error, NotFound) or _is_terminating(error)
    log = ctx.log.debug if expected else ctx.log.warning
    about = event.involved_object
    log(
        "event not written",
        reason=event.reason,
        kind=about.kind,
        namespace=about.namespace,
        name=about.name,
        error=str(error),
    )


def _is_terminating(error: OkgError) -> bool:
    return isinstance(error, Forbidden) and any(
        cause.reason == "NamespaceTerminating" for cause in error.causes
    )
