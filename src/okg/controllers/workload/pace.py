"""Pace: how soon something is done again for one set. The lock guards the dictionary alone."""

from datetime import timedelta
from threading import Lock

from okg.controllers.pacing import time_left
from okg.runtime.reconcile import Request


class Pace:
    """Remembers when something was done last for each set.

    Args:
        gap: shortest time from one time to the next.
    """

    def __init__(self, gap: timedelta) -> None:
        self._gap = gap
        self._done: dict[Request, float] = {}
        self._lock = Lock()

    def rest(self, request: Request, now: float) -> timedelta | None:
        """Return how long the next time has to wait, None for not at all.

        Args:
            request: which set.
            now: monotonic seconds.
        """
        with self._lock:
            done = self._done.get(request)
        return time_left(done, self._gap, now)

    def did(self, request: Request, now: float) -> None:
        """Note that it was done."""
        with self._lock:
            self._done[request] = now

    def forget(self, request: Request) -> None:
        """Drop a set that is gone."""
        with self._lock:
            self._done.pop(request, None)
