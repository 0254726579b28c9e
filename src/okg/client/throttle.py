"""Throttle: at most so many requests a second on our side."""

import threading
import time
from collections.abc import Callable

from okg.ratelimit import TokenBucket


class Throttle:
    """Blocks callers so that together they send ``qps`` requests a second, with bursts.

    Args:
        qps: requests a second.
        burst: requests that may go at once after a quiet time.
        monotonic: where time comes from.
        sleep: how a caller waits.
    """

    def __init__(
        self,
        qps: float,
        burst: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._bucket = TokenBucket(qps, burst)
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the caller may send its request."""
        with self._lock:
            delay = self._bucket.reserve(self._monotonic())
        if delay > 0:
            self._sleep(delay)
