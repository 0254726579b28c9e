"""Desk: the thread-safe shell around the book of probes.

One lock guards the book; nothing is done under it but to read and write the book. Threads that want
a probe queue for ``_turn``, whose holder alone waits for the next one to be due: so many threads
are woken as there are probes. ``_turn`` is taken before the lock.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from okg.api.core import Pod
from okg.clock import SYSTEM_CLOCK, Clock
from okg.workload.native.probing.book import Assignment, Book, Instant, Outcome
from okg.workload.native.probing.outbox import Write
from okg.workload.native.probing.probe import Probes

_T = TypeVar("_T")


class Desk:
    """Where probes are handed out and their results are handed in.

    Args:
        book: what is known of all probes.
        clock: where time comes from.
    """

    def __init__(self, book: Book, clock: Clock = SYSTEM_CLOCK) -> None:
        self._book = book
        self._clock = clock
        self._turn = threading.Lock()
        lock = threading.Lock()
        self._probes = threading.Condition(lock)
        self._writes = threading.Condition(lock)
        self._closed = False

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many probes there are, how many run, and how many pods wait to be written."""
        with self._probes:
            return self._book.sizes

    @property
    def stretch(self) -> float:
        """By which factor the periods of the set that is worst off are too long."""
        with self._probes:
            return self._book.stretch

    def see(self, pod: Pod, of: str, probes: Probes) -> None:
        """Take note of a pod and of how its set, ``of``, is probed."""
        with self._probes:
            self._book.see(pod, of, probes, self._now())
            self._wake()

    def lose(self, namespace: str, name: str) -> None:
        """Forget a pod that is gone."""
        with self._probes:
            self._book.lose(namespace, name)

    def next_probe(self) -> Assignment | None:
        """Wait for a probe; None once the desk is closed. Hand its result in with ``settle``."""
        with self._turn, self._probes:
            return self._wait(self._probes, self._book.take_probe)

    def settle(self, assignment: Assignment, outcome: Outcome) -> None:
        """Hand in what a probe said."""
        with self._probes:
            self._book.settle(assignment, outcome, self._now())
            self._wake()

    def next_write(self) -> Write | None:
        """Wait for a write; None once the desk is closed. Then call ``wrote`` or ``write_again``.

        For one thread only.
        """
        with self._writes:
            return self._wait(self._writes, self._book.take_write)

    def wrote(self, write: Write) -> None:
        """Note that a write was made, or can never be."""
        with self._writes:
            self._book.wrote(write, self._now())

    def write_again(self, write: Write) -> None:
        """Note that a write failed."""
        with self._writes:
            self._book.write_again(write, self._now())

    def close(self) -> None:
        """Hand out nothing more."""
        with self._probes:
            self._closed = True
            self._probes.notify_all()
            self._writes.notify_all()

    def _wait(
        self, changed: threading.Condition, take: Callable[[Instant], _T | float | None]
    ) -> _T | None:
        while not self._closed:
            step = take(self._now())
            if step is not None and not isinstance(step, int | float):
                return step
            self._clock.wait(changed, step)
        return None

    def _wake(self) -> None:
        self._probes.notify()
        self._writes.notify()

    def _now(self) -> Instant:
        return Instant(self._clock.monotonic(), self._clock.now())
