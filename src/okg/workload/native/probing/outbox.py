"""Outbox: conditions that are still to be written, and which pod's turn it is.

What is to be written of one pod within a short time is one write. What changes a status goes before
what changes a message alone, and a message that changes all the time is written now and then. Two
writes of one pod never overlap. All times are in seconds of one clock.
"""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import Self

import msgspec

from okg.api.core import Pod, PodCondition
from okg.workload.native.probing.turnstile import Turnstile

COALESCE = 0.2
"""Time that a change waits for others of its pod."""

MESSAGE_GAP = 10.0
"""Shortest time from one write of a condition to the next that changes its message alone."""

_FIRST_RETRY, _LAST_RETRY = 1.0, 30.0


class PodRef(msgspec.Struct, frozen=True):
    """One pod, and no other of its name."""

    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, pod: Pod) -> Self:
        """Return the reference to a pod."""
        return cls(pod.metadata.namespace, pod.metadata.name, pod.metadata.uid)


class Write(msgspec.Struct, frozen=True):
    """Conditions of one pod by their type, None for one that is to go."""

    pod: PodRef
    conditions: Mapping[str, PodCondition | None]


class _Parcel:
    """What is to be written of one pod, and what is remembered about it."""

    __slots__ = (
        "conditions",
        "failures",
        "messages",
        "not_before",
        "place",
        "ready_at",
        "told_at",
        "urgent",
        "writing",
    )

    def __init__(self) -> None:
        self.conditions: dict[str, PodCondition | None] = {}
        self.messages: set[str] = set()
        self.told_at: dict[str, float] = {}
        self.not_before = 0.0
        self.urgent = False
        self.ready_at = 0.0
        self.place = 0
        self.failures = 0
        self.writing = False


_Place = tuple[float, int, PodRef]


class Outbox:
    """Conditions to be written. Not safe for threads.

    Args:
        rate: writes a second.
        burst: writes at once.
    """

    def __init__(self, rate: float = 50.0, burst: int = 100) -> None:
        self._gate = Turnstile(rate, burst)
        self._parcels: dict[PodRef, _Parcel] = {}
        self._urgent: list[_Place] = []
        self._mild: list[_Place] = []
        self._places = 0

    def __len__(self) -> int:
        """Return how many pods wait to be written."""
        return sum(1 for parcel in self._parcels.values() if parcel.conditions)

    def put(
        self, pod: PodRef, type_: str, condition: PodCondition | None, now: float, *, urgent: bool
    ) -> None:
        """Have a condition written, in place of what was to be written of it before.

        Args:
            pod: whose condition it is.
            type_: which condition.
            condition: what it shall be; None if it is to go.
            now: the time.
            urgent: whether more than its message changes.
        """
        parcel = self._parcels.setdefault(pod, _Parcel())
        told = parcel.told_at.get(type_)
        ready_at = now + COALESCE
        if not urgent and told is not None:
            ready_at = max(ready_at, told + MESSAGE_GAP)
        if urgent:
            parcel.messages.discard(type_)
        elif type_ not in parcel.conditions:
            parcel.messages.add(type_)
        if parcel.conditions:
            ready_at = min(ready_at, parcel.ready_at)
            urgent = urgent or parcel.urgent
        parcel.conditions[type_] = condition
        self._place(pod, parcel, ready_at, urgent=urgent)

    def take(self, now: float) -> Write | float | None:
        """Return the next write; else how long there will be none, None until something changes.

        A write that was taken has to be given back with ``done`` or ``again``.
        """
        waits = list[float]()
        for heap in (self._urgent, self._mild):
            while heap and not self._is_valid(heap[0]):
                heappop(heap)
            if heap:
                wait = max(heap[0][0] - now, self._gate.wait(now))
                if wait <= 0:
                    return self._start(heappop(heap)[2], now)
                waits.append(wait)
        return min(waits, default=None)

    def done(self, write: Write, now: float) -> None:
        """Note that a write was made."""
        parcel = self._parcels.get(write.pod)
        if parcel is not None:
            parcel.failures, parcel.not_before = 0, 0.0
            self._rest(write.pod, parcel, now)

    def again(self, write: Write, now: float) -> None:
        """Note that a write failed; it is made again, unless there is something newer."""
        parcel = self._parcels.get(write.pod)
        if parcel is None:
            return
        parcel.conditions = {**write.conditions, **parcel.conditions}
        parcel.urgent = True
        parcel.ready_at = parcel.not_before = now + min(
            _LAST_RETRY, _FIRST_RETRY * 2**parcel.failures
        )
        parcel.failures += 1
        self._rest(write.pod, parcel, now)

    def forget(self, pod: PodRef) -> None:
        """Drop everything about a pod."""
        self._parcels.pop(pod, None)

    def _place(self, pod: PodRef, parcel: _Parcel, ready_at: float, *, urgent: bool) -> None:
        parcel.ready_at = ready_at = max(ready_at, parcel.not_before)
        parcel.urgent = urgent
        if parcel.writing:
            return
        self._places += 1
        parcel.place = self._places
        heappush(self._urgent if urgent else self._mild, (ready_at, parcel.place, pod))

    def _rest(self, pod: PodRef, parcel: _Parcel, now: float) -> None:
        parcel.writing = False
        if parcel.conditions:
            self._place(pod, parcel, max(now, parcel.ready_at), urgent=parcel.urgent)

    def _is_valid(self, place: _Place) -> bool:
        parcel = self._parcels.get(place[2])
        return parcel is not None and parcel.place == place[1] and not parcel.writing

    def _start(self, pod: PodRef, now: float) -> Write:
        self._gate.let_pass(now)
        parcel = self._parcels[pod]
        conditions, parcel.conditions = parcel.conditions, {}
        messages, parcel.messages = parcel.messages, set()
        parcel.told_at |= dict.fromkeys(messages, now)
        parcel.writing = True
        return Write(pod, conditions)
