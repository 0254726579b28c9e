"""How long a failed request waits: its own backoff, and a limit over all requests."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from okg.ratelimit import TokenBucket

K = TypeVar("K", bound=Hashable)

BASE_DELAY = 0.005
MAX_DELAY = 1000.0
OVERALL_RATE = 10.0
OVERALL_BURST = 100
"""All four are client-go's default controller rate limiter."""

_MOST_DOUBLINGS = 62


class RateLimiter(Generic[K]):
    """The longer of two waits: exponential for the key, and a token bucket over all keys.

    Not safe for threads; the queue around it holds a lock.
    """

    def __init__(
        self,
        *,
        base: float = BASE_DELAY,
        longest: float = MAX_DELAY,
        rate: float = OVERALL_RATE,
        burst: int = OVERALL_BURST,
    ) -> None:
        self._base = base
        self._longest = longest
        self._bucket = TokenBucket(rate, burst)
        self._failures: dict[K, int] = {}

    def delay(self, key: K, now: float) -> float:
        """Count a failure of ``key`` and return the seconds it has to wait."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        own = min(self._base * 2.0 ** min(failures, _MOST_DOUBLINGS), self._longest)
        return max(own, self._bucket.reserve(now))

    def forget(self, key: K) -> None:
        """Start over for a key that succeeded."""
        self._failures.pop(key, None)

    def retries(self, key: K) -> int:
        """Return how often in a row a key has failed."""
        return self._failures.get(key, 0)
