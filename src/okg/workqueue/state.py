"""What a work queue holds and hands out next, as a pure state machine.

A key is in at most one place: waiting (until it is due), ready, or in somebody's hands. Added again
while waiting or ready it stays one entry, with the higher priority and the earlier time; added
while in somebody's hands it is kept aside and enters when that one is done. So a key is never in
two hands, and an addition is never lost.

Among ready keys the highest priority goes first, and within a priority the one that was ready
first. Heap entries that a later addition overtook stay in the heap and are passed over when they
come up.
"""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeAlias, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)

LOW_PRIORITY = -100
"""Priority of first lists and resyncs, so that they never starve what has just happened."""


class Taken(msgspec.Struct, Generic[K], frozen=True, gc=False):
    """A key to work on, with the time at which it had become due."""

    key: K
    due_at: float
    priority: int


class WaitUntil(msgspec.Struct, frozen=True, gc=False):
    """Nothing is due before this time."""

    time: float


class Empty(msgspec.Struct, frozen=True, gc=False):
    """Nothing is waiting at all."""


Next: TypeAlias = "Taken[K] | WaitUntil | Empty"

EMPTY = Empty()


class _Entry(msgspec.Struct, gc=False):
    due_at: float
    priority: int
    number: int
    ready: bool = False


class WorkQueueState(Generic[K]):
    """The keys of one queue. Not safe for threads; the queue around it holds a lock."""

    def __init__(self) -> None:
        self._entries: dict[K, _Entry] = {}
        self._ready: list[tuple[int, int, K]] = []
        self._delayed: list[tuple[float, int, K]] = []
        self._processing: dict[K, float] = {}
        self._again: dict[K, _Entry] = {}
        self._number = 0
        self._ready_count = 0

    def __len__(self) -> int:
        """Return how many keys are waiting or ready."""
        return len(self._entries)

    @property
    def ready_count(self) -> int:
        """How many keys could be taken now, as of the last look at the time."""
        return self._ready_count

    @property
    def processing(self) -> dict[K, float]:
        """Keys in somebody's hands, with the time they were taken."""
        return self._processing

    def add(self, key: K, now: float, *, after: float = 0.0, priority: int = 0) -> bool:
        """Add a key that is due in ``after`` seconds; return whether it was not there yet."""
        entries = self._again if key in self._processing else self._entries
        due_at = now + max(0.0, after)
        entry = entries.get(key)
        if entry is None:
            entries[key] = entry = _Entry(due_at, priority, self._next_number())
        elif priority <= entry.priority and due_at >= entry.due_at:
            return False
        else:
            self._overtake(entry, due_at, priority)
        if entries is self._entries:
            self._push(key, entry, now)
        return True

    def take(self, now: float) -> "Next[K]":
        """Hand out the next key, or say when to come back."""
        self._wake(now)
        while self._ready:
            _, number, key = heapq.heappop(self._ready)
            entry = self._entries.get(key)
            if entry is None or entry.number != number:
                continue
            del self._entries[key]
            self._ready_count -= 1
            self._processing[key] = now
            return Taken(key, entry.due_at, entry.priority)
        while self._delayed:
            due_at, number, key = self._delayed[0]
            entry = self._entries.get(key)
            if entry is not None and entry.number == number:
                return WaitUntil(due_at)
            heapq.heappop(self._delayed)
        return EMPTY

    def done(self, key: K, now: float) -> bool:
        """Take a key out of somebody's hands; return whether it entered again."""
        self._processing.pop(key, None)
        entry = self._again.pop(key, None)
        if entry is None:
            return False
        self._entries[key] = entry
        self._push(key, entry, now)
        return True

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _overtake(self, entry: _Entry, due_at: float, priority: int) -> None:
        """Give an entry the better of both times and priorities, under a number of its own."""
        if entry.ready:
            self._ready_count -= 1
            entry.ready = False
        entry.due_at = min(entry.due_at, due_at)
        entry.priority = max(entry.priority, priority)
        entry.number = self._next_number()

    def _push(self, key: K, entry: _Entry, now: float) -> None:
        if entry.due_at <= now:
            entry.ready = True
            self._ready_count += 1
            heapq.heappush(self._ready, (-entry.priority, entry.number, key))
        else:
            heapq.heappush(self._delayed, (entry.due_at, entry.number, key))

    def _wake(self, now: float) -> None:
        """Make ready what has become due, in the order in which it became due."""
        while self._delayed and self._delayed[0][0] <= now:
            _, number, key = heapq.heappop(self._delayed)
            entry = self._entries.get(key)
            if entry is not None and entry.number == number:
                entry.number = self._next_number()
                self._push(key, entry, now)
