"""Numbers as Go's ``strconv`` reads them, which is how people have them in their manifests."""

import re
import struct

MAX_INT32 = 2**31 - 1

_MIN_INT32 = -(2**31)
_FLOAT = re.compile(r"[+-]?([0-9_.]+(e[+-]?[0-9_]+)?|inf|infinity)|nan", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


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


def parse_int32(text: str) -> int:
    """Return what ``ParseInt(text, 10, 32)`` does.

    Raises:
        ValueError: it is no whole number of 32 bits.
    """
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    # Cut before it is read: Python refuses texts of thousands of digits in words of its own.
    digits = text.lstrip("+-").lstrip("0") or "0"
    number = int(digits) if len(digits) <= len(str(MAX_INT32)) else MAX_INT32 + 2
    number = -number if text.startswith("-") else number
    if not _MIN_INT32 <= number <= MAX_INT32:
        raise ValueError(f"{text!r} is beyond 32 bits")
    return number
