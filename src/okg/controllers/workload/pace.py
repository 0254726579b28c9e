"""Pace: how soon something is done again for one set. The lock guards the dictionary alone."""

from datetime import timedelta
from threading import Lock

from okg.runtime.reconcile import Request


class Pace:
    """Remembers when something was done last for each set.

    Args:
        gap: shortest time from one time to the next.
    """

    def __init__(self, gap: timedelta) -> None:
        self._gap = gap.total_seconds()
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
        rest = 0.0 if done is None else done + self._gap - now
        return timedelta(seconds=rest) if rest > 0 else None

    def did(self, request: Request, now: float) -> None:
        """Note that it was done."""
        with self._lock:
            self._done[request] = now

    def forget(self, request: Request) -> None:
        """Drop a set that is gone."""
        with self._lock:
            self._done.pop(request, None)
