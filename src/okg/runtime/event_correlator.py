"""EventCorrelator: turns what happens into Events that do not flood the cluster. Pure.

Three rules, with client-go's numbers. Identical events become one with a count. From the tenth
within ten minutes on, events that differ only in their message become one "combined" event. And a
source that keeps reporting about one object is cut down to one event in five minutes.

What is remembered is bounded; the least recently seen is forgotten first, which at worst makes an
event where a count would have done.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from okg.api.core import Event, EventSource, ObjectReference
from okg.api.meta import ObjectMeta

REMEMBERED = 4096
SIMILAR_LIMIT = 10
SIMILAR_WINDOW = 600.0
SPAM_BURST = 25
SPAM_INTERVAL = 300.0
COMBINED = "(combined from similar events): "
MESSAGE_LIMIT = 1024
"""Bytes; the server refuses longer ones."""

_NAME_LIMIT = 253
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is to be reported.

    Attributes:
        about: the object.
        type: ``Normal`` or ``Warning``.
        reason: one word in upper camel case.
        message: for people; cut to what the server takes.
        source: who reports it.
        at: when it happened, in UTC.
    """

    about: ObjectReference
    type: str
    reason: str
    message: str
    source: EventSource
    at: datetime


class EventCorrelator:
    """Decides for each occurrence which Event to write, if any. Not safe for threads."""

    def __init__(self) -> None:
        self._similar: _Memory[_Similar] = _Memory()
        self._written: _Memory[Event] = _Memory()
        self._allowances: _Memory[_Allowance] = _Memory()
        self._last_name = 0

    def observe(self, occurrence: Occurrence, now: float) -> Event | None:
        """Return the Event to write, or None when the source reports too often.

        A count above one means that the Event of this name was returned before, and only count,
        message and last timestamp differ.

        Args:
            occurrence: what happened.
            now: monotonic seconds.
        """
        occurrence, key = self._combine(occurrence, now)
        before = self._written.find(key)
        event = self._new(occurrence) if before is None else _again(before, occurrence)
        self._written.keep(key, event)
        source = _key(occurrence)[:2]
        allowance = self._allowances.find_or_make(source, lambda: _Allowance(now))
        return event if allowance.take(now) else None

    def _combine(self, occurrence: Occurrence, now: float) -> "tuple[Occurrence, Key]":
        key = _key(occurrence)
        similar = self._similar.find_or_make(key, lambda: _Similar(now))
        if similar.admit(occurrence.message, now):
            return occurrence, (*key, occurrence.message)
        return replace(occurrence, message=COMBINED + occurrence.message), key

    def _new(self, occurrence: Occurrence) -> Event:
        about, at = occurrence.about, occurrence.at.replace(microsecond=0)
        return Event(
            metadata=ObjectMeta(
                name=self._name(about.name, occurrence.at),
                namespace=about.namespace or "default",
            ),
            involved_object=about,
            reason=occurrence.reason,
            message=_cut(occurrence.message),
            type=occurrence.type,
            count=1,
            source=occurrence.source,
            first_timestamp=at,
            last_timestamp=at,
            reporting_component=occurrence.source.component,
            reporting_instance=occurrence.source.host,
        )

    def _name(self, about: str, at: datetime) -> str:
        """Return ``<object>.<hex>``: nanoseconds, made unique where the clock is coarser."""
        self._last_name = max(self._last_name + 1, (at - _EPOCH) // _MICROSECOND * 1000)
        suffix = f".{self._last_name:x}"
        return about[: _NAME_LIMIT - len(suffix)] + suffix


Key: TypeAlias = tuple[object, ...]
T = TypeVar("T")


class _Memory(Generic[T]):
    """The most recently used entries."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Key, T] = OrderedDict()

    def find(self, key: Key) -> T | None:
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def find_or_make(self, key: Key, make: Callable[[], T]) -> T:
        found = self.find(key)
        if found is not None:
            return found
        made = make()
        self.keep(key, made)
        return made

    def keep(self, key: Key, value: T) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)


class _Similar:
    """The messages seen of events that are alike otherwise."""

    def __init__(self, now: float) -> None:
        self._messages: set[str] = set()
        self._last = now

    def admit(self, message: str, now: float) -> bool:
        """Whether an event of its own is due; a quiet window starts afresh."""
        if now - self._last > SIMILAR_WINDOW:
            self._messages.clear()
        self._last = now
        if len(self._messages | {message}) >= SIMILAR_LIMIT:
            return False
        self._messages.add(message)
        return True


class _Allowance:
    """Events that one source may still write about one object."""

    def __init__(self, now: float) -> None:
        self._left = float(SPAM_BURST)
        self._at = now

    def take(self, now: float) -> bool:
        earned = (now - self._at) / SPAM_INTERVAL
        self._left = min(float(SPAM_BURST), self._left + earned)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def _key(occurrence: Occurrence) -> Key:
    """Return source, object (whatever its version), type and reason."""
    about = replace(occurrence.about, resource_version="")
    return (
        msgspec.structs.astuple(occurrence.source),
        msgspec.structs.astuple(about),
        occurrence.type,
        occurrence.reason,
    )


def _again(before: Event, occurrence: Occurrence) -> Event:
    return replace(
        before,
        count=before.count + 1,
        message=_cut(occurrence.message),
        last_timestamp=occurrence.at.replace(microsecond=0),
    )


def _cut(message: str) -> str:
    encoded = message.encode(errors="replace")  # half of a surrogate pair is no reason to fail
    if len(encoded) <= MESSAGE_LIMIT:
        return encoded.decode()
    return encoded[: MESSAGE_LIMIT - 3].decode(errors="ignore") + "..."
