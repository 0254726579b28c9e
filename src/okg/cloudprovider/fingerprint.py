"""Fingerprints of configurations, equal to those that the Go manager left on Services.

It hashes the text that Go's ``%#v``-like dump of its own structs gives, so the names of its types
and fields are part of the wire format. Another number would make the first look at each Service a
change.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from okg.workload.hashing import fnv1

GoValue: TypeAlias = (
    "str | bool | int | Sequence[GoValue] | Mapping[str, str] | GoStruct | Pointed | None"
)


Fields: TypeAlias = "tuple[tuple[str, str, GoValue], ...]"
"""Name, type and value of each field of a struct, in the order of its declaration."""

_WORDS: Mapping[bool | None, str] = {None: "<nil>", True: "true", False: "false"}


class GoStruct(msgspec.Struct, frozen=True):
    """A struct of Go.

    Attributes:
        type: as it is written before the braces, e.g. ``*alibabacloud.slbConfig``; empty inside
            lists, where Go leaves it out.
        fields: its fields.
    """

    type: str
    fields: Fields


class Pointed(msgspec.Struct, frozen=True):
    """A value behind a pointer, as an item of a list."""

    value: GoValue


def fingerprint(value: GoValue, type_: str = "") -> str:
    """Return the decimal fingerprint of a value; one that is no struct is written with its type."""
    text = _dump(value)
    return str(fnv1((f"({type_}){text}" if type_ else text).encode()))


def _dump(value: GoValue) -> str:
    match value:
        case None | bool():
            return _WORDS[value]
        case str() | int():
            return str(value)
        case GoStruct():
            fields = " ".join(f"{name}:{_field(kind, it)}" for name, kind, it in value.fields)
            return f"({value.type}){{{fields}}}" if value.type else f"{{{fields}}}"
        case Pointed():
            return f"<*>{_dump(value.value)}"
        case Mapping():
            return f"map[{' '.join(f'{key}:{value[key]}' for key in sorted(value))}]"
        case _:
            return f"[{' '.join(_dump(item) for item in value)}]"


def _field(kind: str, value: GoValue) -> str:
    # A struct brings its type along.
    return _dump(value) if isinstance(value, GoStruct) else f"({kind}){_dump(value)}"
