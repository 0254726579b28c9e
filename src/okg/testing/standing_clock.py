"""A clock for programs of one thread: whoever would wait is told for how long instead."""

import threading

from okg.testing.clock import FakeClock


class Idle(Exception):
    """There is nothing to do.

    Attributes:
        seconds: after which time there will be, None for never by time alone.
    """

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class StandingClock(FakeClock):
    """Time that moves when the one thread there is moves it."""

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:  # noqa: ARG002
        """Wait for nothing.

        Raises:
            Idle: always.
        """
        raise Idle(timeout)
