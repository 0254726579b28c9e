"""The watch protocol: lines of JSON that become typed events."""

from collections.abc import Iterable, Iterator
from typing import Generic

import msgspec

from okg.api.core import ObjectReference
from okg.api.resource import O
from okg.client.decoding import (
    NOT_DECODED,
    EventType,
    Undecodable,
    WatchEvent,
    event_decoder,
    undecodable,
)
from okg.client.shallow import members
from okg.client.status import status_error
from okg.client.transport import HttpStream
from okg.errors import DecodeError


class Bookmark(msgspec.Struct, frozen=True, gc=False):
    """Nothing happened up to this resourceVersion."""

    resource_version: str


class _RawEvent(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class WatchStream(Generic[O]):
    """Typed events of one watch request, in the server's order.

    Iterating raises ApiError for an ERROR event (Expired among them) and StreamBroken when the
    connection fails; it ends quietly when the server ends the watch or after ``close``.
    """

    def __init__(self, kind: type[O], stream: HttpStream) -> None:
        self._kind = kind
        self._stream = stream

    def __iter__(self) -> Iterator[WatchEvent[O] | Bookmark | Undecodable]:
        """Yield events until the stream ends."""
        decoder = event_decoder(self._kind)
        for line in _lines(self._stream):
            try:
                event = decoder.decode(line)
            except NOT_DECODED:
                yield self._odd(line)
                continue
            if event.type is EventType.BOOKMARK:
                yield self._odd(line)
            else:
                yield event

    def close(self) -> None:
        """End the stream; callable from any thread."""
        self._stream.close()

    def _odd(self, line: bytes) -> Bookmark | Undecodable:
        """Read a line that is not a plain change: bookmark, error, or not our type."""
        try:
            raw = _raw_event(line)
            if raw.type == "ERROR":
                raise status_error(bytes(raw.object), request_line=f"watch {self._kind.__name__}")
            odd = undecodable(self._kind, raw.object)
        except msgspec.MsgspecError as error:
            failure = DecodeError(self._kind.resource_type.kind, "", str(error))
            return Undecodable(ObjectReference(), failure)
        if raw.type == EventType.BOOKMARK:
            return Bookmark(odd.reference.resource_version)
        return odd


def _raw_event(line: bytes) -> _RawEvent:
    try:
        return msgspec.json.decode(line, type=_RawEvent)
    except RecursionError:
        parts = members(line)
        kind = msgspec.json.decode(parts.get("type", b'""'), type=str)
        return _RawEvent(kind, msgspec.Raw(parts.get("object", b"{}")))


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    tail = b""
    for piece in pieces:
        if not tail and piece.find(b"\n") == len(piece) - 1:  # one event a piece: no copies
            yield piece
            continue
        *whole, tail = (tail + piece).split(b"\n")
        yield from filter(None, whole)
