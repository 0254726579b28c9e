"""Bytes into typed objects, one decoder a kind; an object that does not fit spoils no other."""

from enum import StrEnum
from functools import cache
from typing import Generic, TypeVar, cast

import msgspec

from okg.api.core import ObjectReference
from okg.api.meta import ListMeta, ObjectMeta
from okg.api.resource import O, Object
from okg.client.shallow import elements, members
from okg.errors import DecodeError

_T = TypeVar("_T")

NOT_DECODED = (msgspec.MsgspecError, RecursionError)
"""What a decoder raises for an object that does not fit, or that nests too deeply."""


class EventType(StrEnum):
    """What happened to an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


class WatchEvent(msgspec.Struct, Generic[O], frozen=True, gc=False):
    """One change of one object."""

    type: EventType
    object: O


class Undecodable(msgspec.Struct, frozen=True):
    """An object that does not fit our type; list and watch go on without it."""

    reference: ObjectReference
    error: DecodeError


class Listing(msgspec.Struct, Generic[O], frozen=True):
    """One page as read: the objects, those that did not decode, and where to go on."""

    items: tuple[O, ...]
    odd: tuple[Undecodable, ...]
    resource_version: str
    continue_: str


class Partial(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be read of any object, however odd the rest of it is."""

    kind: str = ""
    metadata: ObjectMeta = ObjectMeta()


class _Page(msgspec.Struct, Generic[O], frozen=True, gc=False):
    metadata: ListMeta
    items: tuple[O, ...] = ()


class _RawPage(msgspec.Struct, frozen=True):
    metadata: ListMeta
    items: tuple[msgspec.Raw, ...] = ()


def decode(kind: type[O], body: bytes | msgspec.Raw) -> O:
    """Return the object in ``body``.

    Raises:
        DecodeError: it does not fit the type; the message names the path within it.
    """
    try:
        return cast("O", _decoder(kind).decode(body))
    except NOT_DECODED as error:
        raise undecodable(kind, body).error from error


def decode_page(kind: type[O], body: bytes) -> Listing[O]:
    """Decode a page in one go; only where that fails, object by object."""
    try:
        page = cast("_Page[O]", _page_decoder(kind).decode(body))
    except NOT_DECODED:
        return _decode_each(kind, body)
    return Listing(page.items, (), page.metadata.resource_version, page.metadata.continue_)


def event_decoder(kind: type[O]) -> "msgspec.json.Decoder[WatchEvent[O]]":
    """Return the decoder of a kind's watch events."""
    return cast("msgspec.json.Decoder[WatchEvent[O]]", _event_decoder(kind))


def kind_of(body: bytes) -> str:
    """Return the kind that an answer says it is."""
    return msgspec.json.decode(body, type=Partial).kind


def undecodable(kind: type[Object], body: bytes | msgspec.Raw) -> Undecodable:
    """Describe an object that does not decode as ``kind``: which one it is, and why."""
    meta = _metadata_of(body)
    resource = kind.resource_type
    reference = ObjectReference(
        api_version=resource.api_version,
        kind=resource.kind,
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resource_version=meta.resource_version,
    )
    key = f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
    return Undecodable(reference, DecodeError(resource.kind, key, _why(kind, body)))


def _why(kind: type[Object], body: bytes | msgspec.Raw) -> str:
    try:
        _decoder(kind).decode(body)
    except msgspec.MsgspecError as error:
        return str(error)
    except RecursionError:
        return "it nests too deeply to be read"
    return "it does not fit its type"


def _metadata_of(body: bytes | msgspec.Raw) -> ObjectMeta:
    """Return the metadata of an object, blank if there is none to be read."""
    try:
        return msgspec.json.decode(body, type=Partial).metadata
    except msgspec.MsgspecError:
        return ObjectMeta()
    except RecursionError:
        return _decoded_or(ObjectMeta(), members(bytes(body)).get("metadata", b""))


def _decoded_or(default: _T, document: bytes) -> _T:
    try:
        return msgspec.json.decode(document, type=type(default))
    except NOT_DECODED:
        return default


def _raw_page(body: bytes) -> "_RawPage":
    try:
        return msgspec.json.decode(body, type=_RawPage)
    except RecursionError:
        parts = members(body)
        return _RawPage(
            _decoded_or(ListMeta(), parts.get("metadata", b"")),
            tuple(map(msgspec.Raw, elements(parts.get("items", b"")))),
        )


def _decode_each(kind: type[O], body: bytes) -> Listing[O]:
    try:
        page = _raw_page(body)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"{kind.resource_type.kind}List", "", str(error)) from error
    good: list[O] = []
    odd: list[Undecodable] = []
    for raw in page.items:
        try:
            good.append(cast("O", _decoder(kind).decode(raw)))
        except NOT_DECODED:
            odd.append(undecodable(kind, raw))
    meta = page.metadata
    return Listing(tuple(good), tuple(odd), meta.resource_version, meta.continue_)


# Caches lose type variables, so they are kept behind typed functions.


@cache
def _decoder(kind: type[Object]) -> "msgspec.json.Decoder[object]":
    return cast("msgspec.json.Decoder[object]", msgspec.json.Decoder(kind))


@cache
def _page_decoder(kind: type[Object]) -> "msgspec.json.Decoder[object]":
    page: type[object] = _Page[kind]  # type: ignore[valid-type] # pyright: ignore[reportInvalidTypeForm] # a run-time type
    return msgspec.json.Decoder(page)


@cache
def _event_decoder(kind: type[Object]) -> "msgspec.json.Decoder[object]":
    event: type[object] = WatchEvent[kind]  # type: ignore[valid-type] # pyright: ignore[reportInvalidTypeForm] # likewise
    return msgspec.json.Decoder(event)
