"""FakeClock: time that stands still until a test moves it."""

import threading
import time
from datetime import UTC, datetime, timedelta

_REAL_SECONDS = 10.0
"""How long a test may really wait for its threads before it fails."""


class FakeClock:
    """A Clock whose waits end when it is advanced far enough, or when they are notified.

    Args:
        start: what ``now`` returns at first.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self._start = start
        self._lock = threading.Condition()
        self._seconds = 0.0
        self._waiting: dict[object, threading.Condition] = {}

    def monotonic(self) -> float:
        """Return the seconds that the clock was advanced in all."""
        with self._lock:
            return self._seconds

    def now(self) -> datetime:
        """Return the start plus what the clock was advanced."""
        return self._start + timedelta(seconds=self.monotonic())

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """Wait on a held condition until it is notified or the time has come."""
        ends = None if timeout is None else self.monotonic() + timeout
        me = object()
        with self._lock:
            self._waiting[me] = condition
            self._lock.notify_all()
        try:
            if ends is None or self.monotonic() < ends:
                condition.wait()
        finally:
            with self._lock:
                self._waiting.pop(me, None)

    def advance(self, seconds: float) -> None:
        """Move on, and wake everybody who waits so that they look at the time."""
        with self._lock:
            self._seconds += seconds
            waiting = list(self._waiting.values())
            # Woken: who goes on waiting comes back.
            self._waiting.clear()
        for condition in waiting:
            with condition:
                condition.notify_all()

    def until_waiting(self, threads: int) -> None:
        """Return once so many threads wait on this clock.

        Raises:
            AssertionError: they did not within ten real seconds.
        """
        ends = time.monotonic() + _REAL_SECONDS
        with self._lock:
            while len(self._waiting) < threads:
                left = ends - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{len(self._waiting)} threads wait, not {threads}")
                self._lock.wait(left)
