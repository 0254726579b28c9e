"""Turnstile: a rate that can be asked whether somebody may pass, without letting anybody pass."""

from okg.ratelimit import TokenBucket


class Turnstile:
    """Lets ``rate`` pass a second on average and ``burst`` at once; all times in seconds."""

    def __init__(self, rate: float, burst: int) -> None:
        # The bucket is asked for the next one's token when somebody has passed.
        self._bucket = TokenBucket(rate, burst - 1)
        self._opens_at = 0.0

    def wait(self, now: float) -> float:
        """Return how long the next one has to wait, 0 for not at all."""
        return max(0.0, self._opens_at - now)

    def let_pass(self, now: float) -> None:
        """Let one pass, for whom there was no wait."""
        self._opens_at = now + self._bucket.reserve(now)
