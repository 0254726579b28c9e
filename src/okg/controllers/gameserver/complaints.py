"""Complaints: what has been said about a server already, so that it is said once.

Safe for threads; one lock, held for a dictionary access.
"""

import threading
from collections.abc import Iterable

from okg.runtime.reconcile import Request
from okg.workload.notices import Notice


class Complaints:
    """Remembers the standing complaints about each server, for the life of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: dict[Request, frozenset[Notice]] = {}

    def fresh(self, about: Request, complaints: Iterable[Notice]) -> list[Notice]:
        """Take the complaints of a pass and return those that did not stand before."""
        now = list(complaints)
        with self._lock:
            before = self._standing.pop(about, frozenset())
            if now:
                self._standing[about] = frozenset(now)
        return [complaint for complaint in now if complaint not in before]

    def forget(self, about: Request) -> None:
        """Drop what stands about a server that is gone."""
        self.fresh(about, ())
