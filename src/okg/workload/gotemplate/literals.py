"""Constants as Go writes them: texts, characters, numbers."""

import re
import sys

from okg.workload.gotemplate.fault import Fault
from okg.workload.gotemplate.values import to_float

_ELEMENT = re.compile(
    r"""\\x([0-9a-fA-F]{2}) | \\([0-7]{3}) | \\u([0-9a-fA-F]{4}) | \\U([0-9a-fA-F]{8})
    | \\(.) | ([^\\])""",
    re.VERBOSE | re.DOTALL,
)
_BYTES = frozenset({1, 2})
"""Groups of `_ELEMENT` that stand for a byte; the others stand for a character."""

_BASES = {1: 16, 2: 8, 3: 16, 4: 16}
_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}

_INTEGER = re.compile(
    r"[+-]?(?:(0x(?:_?[\da-f])+|0b(?:_?[01])+|0o(?:_?[0-7])+)|0((?:_?[0-7])*)|[1-9](?:_?\d)*)",
    re.IGNORECASE | re.ASCII,
)
_INT64 = range(-(2**63), 2**63)
_BYTE = range(256)
_CHARACTER = range(sys.maxunicode + 1)
_SURROGATES = range(0xD800, 0xE000)


def read_text(literal: str) -> bytes:
    """Return what a text in double quotes or backquotes stands for.

    Raises:
        Fault: it has an escape that Go does not know.
    """
    if literal.startswith("`"):
        return literal[1:-1].replace("\r", "").encode()
    return b"".join(
        bytes([code]) if is_byte else chr(code).encode() for code, is_byte in _codes(literal)
    )


def read_character(literal: str) -> int:
    """Return the code of a character in single quotes.

    Raises:
        Fault: it is not exactly one character.
    """
    match _codes(literal):
        case [(code, _)]:
            return code
        case _:
            raise Fault(f"{literal} is not one character; put a text in double quotes")


def read_number(literal: str) -> int | float:
    """Return the number a constant stands for.

    Raises:
        Fault: Go has no such constant, or no room for it in 64 bits.
    """
    if match := _INTEGER.fullmatch(literal):
        return _integer(literal, match)
    number = to_float(literal.encode())
    if number is None or not re.search("[.ep]", literal, re.IGNORECASE):
        raise Fault(f"{literal} is not a number")
    return number


def _integer(literal: str, match: re.Match[str]) -> int:
    prefixed, octal = match.groups()
    try:
        number = int(literal.replace("_", ""), 0 if prefixed else 8 if octal else 10)
    except ValueError:  # thousands of digits
        number = _INT64.stop
    if number not in _INT64:
        raise Fault(f"{literal} does not fit into 64 bits")
    return number


def _codes(literal: str) -> list[tuple[int, bool]]:
    """Return code and whether it is a mere byte, for each character between the quotes."""
    return [_code(match, literal[0]) for match in _ELEMENT.finditer(literal, 1, len(literal) - 1)]


def _code(match: re.Match[str], quote: str) -> tuple[int, bool]:
    group = match.lastindex or 0
    found = match[group]
    if group in _BASES:
        is_byte, code = group in _BYTES, int(found, _BASES[group])
        if code in (_BYTE if is_byte else _CHARACTER) and code not in _SURROGATES:
            return code, is_byte
    elif match[0] == found:
        return ord(found), False
    elif found == quote or found in _SIMPLE:
        return _SIMPLE.get(found, ord(quote)), False
    raise Fault(f"{match[0]} is no escape sequence; write \\\\ for a backslash")
