"""Pacing: how soon something is done again for one set."""

from datetime import timedelta

GATHER = timedelta(milliseconds=50)
"""How long changes of pods wait for each other: what leads a pod from one state into the next is
some writes in a row, and only where they lead is worth a pass."""

WRITE_GAP = timedelta(milliseconds=500)
"""Shortest time between two writes of a status. While a thousand servers start, each pass would
find another number; twice a second is what people and autoscalers can follow."""

REFUSED_PERIOD = timedelta(minutes=5)
"""Time until something that was refused is tried again; who refuses may have been replaced."""


def time_left(since: float | None, gap: timedelta, now: float) -> timedelta | None:
    """Return what is left of a gap, None if it is over or never began.

    Args:
        since: when it began, in monotonic seconds; None for never.
        gap: how long it is.
        now: monotonic seconds.
    """
    left = 0.0 if since is None else since + gap.total_seconds() - now
    wait = timedelta(seconds=left)
    # Compared as what it is rounded to: a wait of nothing would be forgotten.
    return wait if wait > timedelta(0) else None
