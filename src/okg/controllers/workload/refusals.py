"""Refusals: what was refused is not asked again at once, for the answer would be the same.

Asking costs more than a request: a pod is led out of service before its update is asked for, and
the event of that starts the next pass. A refusal stands until the record asks for something else,
or for a while, as whoever refuses may think otherwise. The lock guards the dictionary alone.
"""

from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock

import msgspec

from okg.api.kruise import AdvancedStatefulSet
from okg.controllers.pacing import REFUSED_PERIOD
from okg.runtime.reconcile import Request


class Refusal(msgspec.Struct, frozen=True):
    """That something was refused, and until when it need not be asked again."""

    message: str
    until: datetime


class Refusals:
    """Remembers what was refused for each set, and in which words."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._noted: dict[Request, tuple[int, dict[Hashable, Refusal]]] = {}

    def standing(
        self, workload: AdvancedStatefulSet, subject: Hashable, now: datetime
    ) -> Refusal | None:
        """Return what stands against asking for something, None if it may be asked for.

        Args:
            workload: of whose record.
            subject: equal for what would be asked in the same words.
            now: the time.
        """
        with self._lock:
            generation, noted = self._noted.get(Request.of(workload), (0, {}))
        refusal = noted.get(subject) if generation == workload.metadata.generation else None
        return refusal if refusal is not None and now < refusal.until else None

    def note(
        self,
        workload: AdvancedStatefulSet,
        subject: Hashable,
        message: str,
        now: datetime,
        *,
        period: timedelta = REFUSED_PERIOD,
    ) -> None:
        """Note that something was refused; what a record asked for before is forgotten."""
        refusal = Refusal(message, now + period)
        request, generation = Request.of(workload), workload.metadata.generation
        with self._lock:
            known, noted = self._noted.get(request, (generation, {}))
            kept = noted if known == generation else {}
            self._noted[request] = (generation, {**kept, subject: refusal})

    def forget(self, request: Request) -> None:
        """Drop a set that is gone."""
        with self._lock:
            self._noted.pop(request, None)
