"""Notebook: what is remembered of each set between two passes, for the life of the process.

Nothing in it decides what is done, only how soon it is done again: a process that starts with an
empty one does the same, and may tell something twice. The lock guards the dictionary alone.
"""

from collections.abc import Hashable
from datetime import timedelta
from threading import Lock

import msgspec
from msgspec.structs import replace

from okg.controllers.pacing import REFUSED_PERIOD, WRITE_GAP, time_left
from okg.runtime.reconcile import Request

LOOK_GAP = timedelta(seconds=30)
"""Shortest time between two looks at every server of a set."""


class Refusal(msgspec.Struct, frozen=True):
    """What was refused, in which words, and until when it need not be tried again.

    Attributes:
        subject: equal as long as the same would be asked.
        message: the words.
        until: monotonic seconds.
    """

    subject: Hashable
    message: str
    until: float


class SetNotes(msgspec.Struct, frozen=True):
    """What is remembered of one set.

    Attributes:
        written_at: when its status was written; monotonic seconds, as below.
        looked_at: when every server of it was looked at.
        told: what the user was told to change, None if nothing was told yet.
        refused_workload: by whoever checks workloads.
        refused_probes: by whoever checks PodProbeMarkers.
        refused_move: by whoever keeps StatefulSets from being deleted.
    """

    written_at: float | None = None
    looked_at: float | None = None
    told: str | None = None
    refused_workload: Refusal | None = None
    refused_probes: Refusal | None = None
    refused_move: Refusal | None = None

    def time_to_write(self, now: float) -> timedelta | None:
        """Return how long the next write of the status has to wait, None for not at all."""
        return time_left(self.written_at, WRITE_GAP, now)

    def may_look(self, now: float) -> bool:
        """Whether it is time to look at every server again."""
        return time_left(self.looked_at, LOOK_GAP, now) is None


class Notebook:
    """The notes of all sets."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._notes: dict[Request, SetNotes] = {}

    def of(self, request: Request) -> SetNotes:
        """Return the notes of a set, blank ones if there are none."""
        with self._lock:
            return self._notes.get(request, SetNotes())

    def note(self, request: Request, **changes: object) -> None:
        """Change some of the notes of a set; passes over one set never overlap."""
        with self._lock:
            self._notes[request] = replace(self._notes.get(request, SetNotes()), **changes)

    def forget(self, request: Request) -> None:
        """Drop the notes of a set that is gone."""
        with self._lock:
            self._notes.pop(request, None)


def refused(subject: Hashable, message: str, now: float) -> Refusal:
    """Return the note of something that was refused just now."""
    return Refusal(subject, message, now + REFUSED_PERIOD.total_seconds())


def standing(refusal: Refusal | None, subject: Hashable, now: float) -> Refusal | None:
    """Return a refusal that still holds for what is to be asked, else None."""
    holds = refusal is not None and refusal.subject == subject and now < refusal.until
    return refusal if holds else None
