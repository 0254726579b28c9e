"""A clock for tests of one thread: nobody waits."""

import threading
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class LeapingClock:
    """Time leaps to whatever would have been waited for."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def now(self) -> datetime:
        return START + timedelta(seconds=self._now)

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        assert timeout is not None, "nothing would ever end this wait"
        self._now += timeout
