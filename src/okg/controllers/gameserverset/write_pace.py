"""WritePace: so often, at most, is the status of one set written.

While a thousand servers start, each pass would find another number. Only the last one counts, and
it is never later than one gap. The lock guards the dictionary alone.
"""

from datetime import timedelta
from threading import Lock

from okg.runtime.reconcile import Request

GAP = timedelta(milliseconds=500)
"""Shortest time between two writes: twice a second is what people and autoscalers can follow."""


class WritePace:
    """Remembers when the status of each set was written last."""

    def __init__(self, gap: timedelta = GAP) -> None:
        self._gap = gap.total_seconds()
        self._written: dict[Request, float] = {}
        self._lock = Lock()

    def rest(self, request: Request, now: float) -> timedelta | None:
        """Return how long the next write has to wait, None for not at all.

        Args:
            request: which set.
            now: monotonic seconds.
        """
        with self._lock:
            written = self._written.get(request)
        rest = 0.0 if written is None else written + self._gap - now
        return timedelta(seconds=rest) if rest > 0 else None

    def wrote(self, request: Request, now: float) -> None:
        """Note a write."""
        with self._lock:
            self._written[request] = now

    def forget(self, request: Request) -> None:
        """Drop a set that is gone."""
        with self._lock:
            self._written.pop(request, None)
