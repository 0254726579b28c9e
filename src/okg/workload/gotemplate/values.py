"""The values of a template, and how Go tells numbers, truth and types."""

import math
import re
from typing import TypeAlias

import msgspec


class Byte(int):
    """A number that was one byte of a text; of another type than other numbers."""

    __slots__ = ()


class Root(msgspec.Struct, frozen=True):
    """The object that ``.`` is at first.

    Attributes:
        result: its only field, ``.Result``.
    """

    result: bytes


Value: TypeAlias = bool | int | Byte | float | bytes | Root | None
"""None is no value, as in a template that is called without one."""

_TYPE_NAMES: dict[type, str] = {
    bool: "bool",
    int: "int",
    Byte: "uint8",
    float: "float64",
    bytes: "string",
    Root: "util.TemplateContext",
}

_DECIMAL = re.compile(
    rb"""[+-]? (?: \d+(?:_\d+)* \.? (?:\d+(?:_\d+)*)? | \.\d+(?:_\d+)* )
    (?: e[+-]?\d+(?:_\d+)* )?""",
    re.IGNORECASE | re.VERBOSE,
)
_HEXADECIMAL = re.compile(
    rb"""[+-]? 0x (?=_?[\da-f]|\.[\da-f]) (?:_?[\da-f])* \.? (?:[\da-f](?:_?[\da-f])*)?
    p[+-]?\d+(?:_\d+)*""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_NUMBER = re.compile(rb"nan|[+-]?inf(?:inity)?", re.IGNORECASE)


def type_name(value: Value) -> str:
    """Return Go's name of a value's type."""
    return "<nil>" if value is None else _TYPE_NAMES[type(value)]


def is_true(value: Value) -> bool:
    """Whether a condition holds: not false, zero, empty or absent."""
    return bool(value)


def to_float(text: bytes) -> float | None:
    """Return the number a text stands for; None if Go's ``strconv.ParseFloat`` refuses it."""
    if _NO_NUMBER.fullmatch(text):
        return float(text)
    if _DECIMAL.fullmatch(text):
        number = float(text)
    elif _HEXADECIMAL.fullmatch(text):
        number = _from_hexadecimal(text.replace(b"_", b"").decode())
    else:
        return None
    return number if math.isfinite(number) else None


def _from_hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return math.inf
