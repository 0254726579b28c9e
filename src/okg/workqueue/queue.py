"""WorkQueue: the thread-safe shell around ``WorkQueueState``.

One lock and one condition. Workers wait on the condition until the next key is due, so there is no
timer thread. After ``shut_down`` nothing is added and nothing is handed out any more: what is left
will be listed again by the next process.
"""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

from okg.clock import SYSTEM_CLOCK, Clock
from okg.workqueue.limits import RateLimiter
from okg.workqueue.metrics import QueueMetrics
from okg.workqueue.state import Taken, WaitUntil, WorkQueueState

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """De-duplicating, delaying, prioritised queue of keys.

    Args:
        name: for metrics.
        limiter: how long failed keys wait.
        metrics: where to count, or None.
        clock: where time comes from.
    """

    def __init__(
        self,
        name: str = "",
        *,
        limiter: RateLimiter[K] | None = None,
        metrics: QueueMetrics | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._state: WorkQueueState[K] = WorkQueueState()
        self._limiter: RateLimiter[K] = limiter or RateLimiter()
        self._clock = clock
        self._changed = threading.Condition(threading.Lock())
        self._closed = False
        self._metrics = metrics.of(name, self._running) if metrics else None

    def __len__(self) -> int:
        """Return how many keys are waiting or ready."""
        with self._changed:
            return len(self._state)

    def add(self, key: K, *, after: float = 0.0, priority: int = 0) -> None:
        """Add a key that is due in ``after`` seconds."""
        now = self._clock.monotonic()
        with self._changed:
            if self._closed or not self._state.add(key, now, after=after, priority=priority):
                return
            self._changed.notify()
            depth = self._state.ready_count
        if self._metrics:
            self._metrics.adds.inc()
            self._metrics.depth.set(depth)

    def add_rate_limited(self, key: K, *, at_least: float = 0.0, priority: int = 0) -> None:
        """Add a key that failed, after its backoff.

        Args:
            key: what to add.
            at_least: seconds that the wait must not fall short of.
            priority: of the key.
        """
        with self._changed:
            delay = self._limiter.delay(key, self._clock.monotonic())
        if self._metrics:
            self._metrics.retries.inc()
        self.add(key, after=max(delay, at_least), priority=priority)

    def forget(self, key: K) -> None:
        """Start the key's backoff over: it succeeded."""
        with self._changed:
            self._limiter.forget(key)

    def retries(self, key: K) -> int:
        """Return how often in a row a key has failed."""
        with self._changed:
            return self._limiter.retries(key)

    def get(self) -> Taken[K] | None:
        """Wait for a key and take it; None once the queue is shut down. Call ``done`` after it."""
        with self._changed:
            taken = self._wait()
            depth = self._state.ready_count
        if taken is not None and self._metrics:
            self._metrics.depth.set(depth)
            self._metrics.waited.observe(max(0.0, self._clock.monotonic() - taken.due_at))
        return taken

    def done(self, key: K) -> None:
        """Give a key back that was taken."""
        now = self._clock.monotonic()
        with self._changed:
            started = self._state.processing.get(key, now)
            if self._state.done(key, now):
                self._changed.notify()
        if self._metrics:
            self._metrics.worked.observe(now - started)

    def shut_down(self) -> None:
        """Wake all workers and hand out nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait(self) -> Taken[K] | None:
        while not self._closed:
            now = self._clock.monotonic()
            step = self._state.take(now)
            if isinstance(step, Taken):
                return step
            self._clock.wait(
                self._changed, step.time - now if isinstance(step, WaitUntil) else None
            )
        return None

    def _running(self) -> list[float]:
        now = self._clock.monotonic()
        with self._changed:
            return [now - started for started in self._state.processing.values()]
