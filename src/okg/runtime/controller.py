"""Controller: a queue, its watches, its workers, one reconciler.

| outcome of a reconcile | what follows |
|---|---|
| returned nothing | backoff forgotten |
| ``Result(requeue_after=d)`` | backoff forgotten, added again in ``d`` |
| ``Result(requeue_after=d, tried=False)`` | backoff kept, added again in ``d`` |
| TerminalError | counted and logged; nothing until the next change |
| Conflict | added again after the backoff; normal, so logged at debug |
| another error | added again after the backoff, and not before a Retry-After is over |
| an exception that is no OkgError | the same, and counted as a panic, logged with its trace |
| LeadershipLost, Cancelled | nothing: the process is ending |

Anything that is not an ``Exception``, such as SystemExit, ends the controller.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from uuid import uuid4

from okg.cache.source import InformerSource
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.errors import ApiError, Cancelled, Conflict, LeadershipLost, OkgError, TerminalError
from okg.runtime.controller_metrics import ControllerMetrics, OneControllerMetrics
from okg.runtime.reconcile import Reconciler, Request, Result
from okg.runtime.watch import AnyWatch
from okg.telemetry.logging import EVENT_NAME
from okg.telemetry.tracing import NO_SPAN, NO_TRACER, Opening, Span, Tracer, current_span
from okg.threads import ThreadGroup
from okg.workqueue.limits import MAX_DELAY, RateLimiter
from okg.workqueue.metrics import QueueMetrics
from okg.workqueue.queue import WorkQueue

LOST_RACE = "reconcile.lost_race"
"""Event of a span: what was decided is void, and the next reconcile comes soon."""

_UNTRACED = nullcontext(NO_SPAN)


class Controller:
    """Runs one reconciler for all requests that its watches lead to.

    Args:
        name: in logs, metrics and thread names.
        reconciler: what is run; never twice at a time for one request.
        watches: which changes lead to which requests.
        workers: requests that are worked on at the same time.
        leader_elected: run only while this process leads.
        reconcile_timeout: seconds after which a reconcile's context is done, or None.
        span: how the span of each reconcile begins, for managers that trace; None for no spans.
            What a reconcile fails with is told to it, a lost race but as an event.
        longest_backoff: seconds that a request waits at most which fails again and again.
        clock: where time comes from.
    """

    def __init__(
        self,
        name: str,
        reconciler: Reconciler,
        watches: Sequence[AnyWatch],
        *,
        workers: int = 1,
        leader_elected: bool = True,
        reconcile_timeout: float | None = None,
        span: Callable[[Request], Opening] | None = None,
        longest_backoff: float = MAX_DELAY,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.name = name
        self.reconciler = reconciler
        self.watches = watches
        self.workers = workers
        self.leader_elected = leader_elected
        self._longest_backoff = longest_backoff
        self._timeout = reconcile_timeout
        self._opening = span
        self._tracer = NO_TRACER
        self._clock = clock
        self._metrics: OneControllerMetrics | None = None
        self.queue = self._new_queue()

    @property
    def threads(self) -> int:
        """How many threads work at the same time."""
        return self.workers

    def attach(
        self,
        source: InformerSource,
        metrics: ControllerMetrics | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """Take changes into the queue from now on, whether or not the workers run yet.

        Args:
            source: where the informers are.
            metrics: where to count, or None.
            tracer: opens the spans of reconciles.
        """
        self._tracer = tracer
        if metrics is not None:
            self._metrics = metrics.of(self.name, self.workers)
            self.queue = self._new_queue(metrics.queues)
        for watch in self.watches:
            watch.attach(source, self.enqueue)

    def _new_queue(self, metrics: QueueMetrics | None = None) -> WorkQueue[Request]:
        limiter: RateLimiter[Request] = RateLimiter(longest=self._longest_backoff)
        return WorkQueue(self.name, limiter=limiter, metrics=metrics, clock=self._clock)

    def enqueue(self, request: Request, *, after: float = 0.0, priority: int = 0) -> None:
        """Ask for a reconcile in ``after`` seconds."""
        self.queue.add(request, after=after, priority=priority)

    def run(self, ctx: Context) -> None:
        """Work until the context is done and every request in hand is finished."""
        started = {EVENT_NAME: "controller.start"}
        ctx.log.info("Starting controller", **started, controller=self.name, workers=self.workers)
        group = ThreadGroup(Context(ctx.log, clock=ctx.clock))
        forget = ctx.on_cancel(self.queue.shut_down)
        group.ctx.on_cancel(self.queue.shut_down)
        for number in range(self.workers):
            group.start(f"{self.name}-{number}", self._work)
        try:
            group.join()
        finally:
            forget()

    def work_once(self, ctx: Context) -> bool:
        """Wait for one request and work on it; False if the queue is shut down.

        What each worker does again and again, and a test in which nothing happens by itself.
        """
        taken = self.queue.get()
        if taken is None:
            return False
        try:
            with self._span(taken.key):
                self._reconcile(ctx, taken.key, taken.priority)
        finally:
            self.queue.done(taken.key)
        return True

    def _work(self, ctx: Context) -> None:
        while self.work_once(ctx):
            pass

    def _reconcile(self, ctx: Context, request: Request, priority: int) -> None:
        scope = ctx.child(
            controller=self.name,
            object={"name": request.name, "namespace": request.namespace},
            namespace=request.namespace,
            name=request.name,
            reconcileID=str(uuid4()),
        )
        metrics, started = self._metrics, self._clock.monotonic()
        if metrics:
            metrics.active.inc()
        outcome = "error"
        try:
            outcome = self._settle(request, self._call(scope, request), priority)
        except (Cancelled, LeadershipLost):
            outcome = ""
        except Exception as error:  # noqa: BLE001 - a failed request must not take others along
            self._failed(scope, request, error, priority)
        finally:
            if metrics:
                metrics.active.dec()
                metrics.seconds.observe(self._clock.monotonic() - started)
                if outcome:
                    metrics.results[outcome].inc()

    def _span(self, request: Request) -> AbstractContextManager[Span]:
        if self._opening is None or self._tracer is NO_TRACER:
            return _UNTRACED
        begin = self._opening(request)
        return self._tracer.root(begin.name, begin.attributes)

    def _call(self, scope: Context, request: Request) -> Result | None:
        if self._timeout is None:
            return self.reconciler.reconcile(scope, request)
        with scope.deadline(self._timeout) as limited:
            return self.reconciler.reconcile(limited, request)

    def _settle(self, request: Request, result: Result | None, priority: int) -> str:
        if result is None or result.tried:
            self.queue.forget(request)
        if result is None or result.requeue_after is None:
            return "success"
        self.queue.add(request, after=result.requeue_after.total_seconds(), priority=priority)
        return "requeue_after"

    def _failed(self, scope: Context, request: Request, error: Exception, priority: int) -> None:
        if self._metrics:
            self._metrics.errors.inc()
        if isinstance(error, Conflict):
            current_span().event(LOST_RACE)
        else:
            current_span().fail("failed to reconcile", error)
        if isinstance(error, TerminalError):
            if self._metrics:
                self._metrics.terminal.inc()
            scope.log.error("reconcile failed and is not retried", error=str(error))
            return
        if isinstance(error, Conflict):
            scope.log.debug("lost a race, reconciling again", error=str(error))
        elif isinstance(error, OkgError):
            scope.log.error(
                "reconcile failed", error=str(error), retries=self.queue.retries(request)
            )
        else:
            if self._metrics:
                self._metrics.panics.inc()
            scope.log.error("reconcile ended in a programming error", exc_info=error)
        wait = error.retry_after if isinstance(error, ApiError) else None
        self.queue.add_rate_limited(request, at_least=wait or 0.0, priority=priority)
