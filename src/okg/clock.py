"""Time as a dependency, so that everything that waits can be tested without waiting."""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the library needs to know about time."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...

    def now(self) -> datetime:
        """Return the wall clock in UTC."""
        ...

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """Wait on a held condition for at most ``timeout`` seconds of this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Return ``time.monotonic()``."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """Wait on a held condition for at most ``timeout`` seconds."""
        condition.wait(timeout)


SYSTEM_CLOCK: Clock = SystemClock()
