"""A token bucket, pure: the caller passes the time in."""


class TokenBucket:
    """Admits ``rate`` events a second on average and ``burst`` at once.

    Not safe for threads; whoever shares one holds a lock.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at: float | None = None

    def reserve(self, now: float) -> float:
        """Take one token and return the seconds until it is there, 0 when it already is."""
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)
