"""Reading single parts of JSON that is otherwise kept as the user's bytes."""

from typing import TypeVar, cast

import msgspec

from okg.workload.invalid import InvalidField, shown

_T = TypeVar("_T")


def read_object(document: msgspec.Raw | None, field: str) -> dict[str, msgspec.Raw]:
    """Return the members of an object; none where it is absent or null.

    Raises:
        InvalidField: it is something else.
    """
    return _decode(document, dict[str, msgspec.Raw], "an object", field) or {}


def read_list(document: msgspec.Raw | None, field: str) -> list[msgspec.Raw]:
    """Return the items of a list; none where it is absent or null.

    Raises:
        InvalidField: it is something else.
    """
    return _decode(document, list[msgspec.Raw], "a list", field) or []


def read_text(document: msgspec.Raw | None, field: str) -> str:
    """Return a string; the empty one where it is absent or null.

    Raises:
        InvalidField: it is something else.
    """
    return _decode(document, str, "a string", field) or ""


def is_there(document: msgspec.Raw | None) -> bool:
    """Whether something is written, and not null."""
    return document is not None and bytes(document) not in {b"", b"null"}


def decode_json(document: bytes | msgspec.Raw, kind: type[_T], field: str) -> _T:
    """Return what some JSON says.

    Raises:
        InvalidField: it nests more deeply than can be read.
        msgspec.DecodeError: it does not fit the type.
    """
    try:
        return msgspec.json.decode(document, type=kind)
    except RecursionError as error:
        raise InvalidField(field, "nests too deeply to be read") from error


def _decode(document: msgspec.Raw | None, kind: type[_T], in_words: str, field: str) -> _T | None:
    if document is None or not bytes(document):
        return None
    try:
        return decode_json(document, cast("type[_T | None]", kind | None), field)
    except msgspec.DecodeError as error:
        found = shown(bytes(document).decode(errors="replace"))
        raise InvalidField(field, f"must be {in_words}, not {found}") from error
