"""Values as Go's ``strconv`` reads them, which is how people have them in their manifests."""

import re
import struct

MAX_INT32 = 2**31 - 1

_FLOAT = re.compile(r"[+-]?([0-9_.]+(e[+-]?[0-9_]+)?|inf|infinity)|nan", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def parse_float32(text: str) -> float:
    """Return what ``ParseFloat(text, 32)`` does, but for hexadecimal: the nearest 32-bit number.

    Raises:
        ValueError: it is no number, or too large for 32 bits.
    """
    if not _FLOAT.fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    try:
        # What the pattern lets through too much, such as two points, Python refuses as Go does.
        nearest: float = struct.unpack("<f", struct.pack("<f", float(text)))[0]
    except ValueError as error:
        raise ValueError(f"{text!r} is not a number") from error
    except OverflowError as error:
        raise ValueError(f"{text!r} is too large a number") from error
    # A text beyond what even 64 bits hold is read as infinite, without having said so.
    if nearest in {float("inf"), float("-inf")} and "inf" not in text.lower():
        raise ValueError(f"{text!r} is too large a number")
    return nearest


def parse_integer(text: str, bits: int) -> int:
    """Return what ``ParseInt(text, 10, bits)`` does; with 64 bits that is ``Atoi``.

    Raises:
        ValueError: it is no whole number of so many bits.
    """
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    # Counted before it is read: Python refuses texts of thousands of digits in words of its own.
    limit = 1 << (bits - 1)
    digits = text.lstrip("+-").lstrip("0") or "0"
    number = int(digits) if len(digits) <= len(str(limit)) else limit + 1
    number = -number if text.startswith("-") else number
    if not -limit <= number < limit:
        raise ValueError(f"{text!r} is beyond {bits} bits")
    return number


def parse_bool(text: str) -> bool:
    """Return what ``ParseBool`` does.

    Raises:
        ValueError: it is neither true nor false.
    """
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError(f"{text!r} is neither true nor false")


def is_true(text: str) -> bool:
    """Whether a text is read as true; what is neither is false."""
    return text in _TRUE
