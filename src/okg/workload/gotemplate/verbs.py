"""One value as text, by the verbs of Go's ``fmt``.

Texts are handled as `str` here, with bytes that are not UTF-8 as surrogates: Go counts characters
when it pads and cuts, and takes such a byte for a character.
"""

import re
import sys
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from okg.workload.gotemplate.fault import Fault
from okg.workload.gotemplate.values import Byte, Root, Value, type_name

_BASES = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "x": "0x", "X": "0X"}
_DEFAULT_PRECISION = 6
_PLAIN_EXPONENTS = range(-4, 6)
_ESCAPES = {7: "\\a", 8: "\\b", 12: "\\f", 10: "\\n", 13: "\\r", 9: "\\t", 11: "\\v"}
_NOT_IN_BACKQUOTES = re.compile("[\x00-\x08\x0a-\x1f`\x7f\ufeff\udc80-\udcff]")


class Style(msgspec.Struct, frozen=True):
    """How a value is to be written.

    Attributes:
        minus: pad on the right.
        plus: a sign for every number; ASCII only for ``%q``.
        sharp: the alternative form of a verb.
        space: a blank in place of a plus; between the bytes of ``%x``.
        zero: pad with zeros.
        syntax: as Go source: ``%#v``.
        named: with the names of fields: ``%+v``.
        width: least number of characters.
        precision: number of digits or characters, if given.
    """

    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    syntax: bool = False
    named: bool = False
    width: int = 0
    precision: int | None = None

    def pad(self, text: str) -> str:
        """Return a text filled up to the width."""
        if self.minus:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if self.zero else " ")

    def sign(self, number: str) -> str:
        """Return the sign that goes before a number."""
        if number.startswith("-"):
            return "-"
        return "+" if self.plus else " " if self.space else ""


PLAIN = Style()


def write(value: Value, verb: str = "v", style: Style = PLAIN) -> str:
    """Return a value as a verb writes it; a note where it is not made for such values."""
    if (written := _write(value, verb, style)) is not None:
        return written
    if value is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={write(value, 'v', style)})"


def _write(value: Value, verb: str, style: Style) -> str | None:
    """Return a value as a verb writes it; None where it is not made for such values."""
    if verb == "T" and value is not None:
        return style.pad(type_name(value)[: style.precision])
    if isinstance(value, bytes):
        return _write_text(value, verb, style)
    if isinstance(value, Root):
        return _write_object(value, verb, style)
    if isinstance(value, float):
        return _write_float(value, verb, style)
    if value is None or isinstance(value, bool):
        return _write_word(value, verb, style)
    return _write_integer(value, verb, style)


def _write_word(value: bool | None, verb: str, style: Style) -> str | None:  # noqa: FBT001
    if value is None:
        return style.pad("<nil>") if verb in {"T", "v"} else None
    return style.pad(str(value).lower()) if verb in {"t", "v"} else None


def _write_object(root: Root, verb: str, style: Style) -> str | None:
    if verb in {"p", "w"}:
        return None
    name = "Result:" if style.syntax or style.named else ""
    kind = type_name(root) if style.syntax else ""
    return f"{kind}{{{name}{write(root.result, verb, style)}}}"


def _write_integer(value: int, verb: str, style: Style) -> str | None:
    match verb:
        case "c":
            return style.pad(_character(value))
        case "q":
            return style.pad(_quote(_character(value), "'", ascii_only=style.plus))
        case "U":
            return replace(style, zero=False).pad(_code_point(value, style))
        case "v" if style.syntax and isinstance(value, Byte):
            return _write_digits(value, "x", replace(style, sharp=True))
        case _:
            return _write_digits(value, verb, style) if verb in _BASES else None


def _write_digits(value: int, verb: str, style: Style) -> str:
    if value == 0 and style.precision == 0:
        return " " * style.width
    sign = style.sign(str(value))
    least = style.precision
    if least is None:
        least = style.width - len(sign) if style.zero and not style.minus else 0
    digits = format(abs(value), _BASES[verb]).zfill(least)
    prefix = _PREFIXES.get(verb, "") if style.sharp else ""
    if style.sharp and verb in {"o", "O"} and not digits.startswith("0"):
        prefix = "0"
    prefix = "0o" + prefix if verb == "O" else prefix
    return replace(style, zero=False).pad(sign + prefix + digits)


def _code_point(value: int, style: Style) -> str:
    code = value % 2**64
    text = f"U+{code:0{max(4, style.precision or 0)}X}"
    character = _character(code)
    shown = style.sharp and ord(character) == code and character.isprintable()
    return f"{text} '{character}'" if shown else text


def _character(code: int) -> str:
    if code not in range(sys.maxunicode + 1) or code in range(0xD800, 0xE000):
        return "\N{REPLACEMENT CHARACTER}"
    return chr(code)


def _write_float(value: float, verb: str, style: Style) -> str | None:
    if verb not in {"v", "g", "G", "e", "E", "f", "F", "b", "x", "X"}:
        return None
    if verb in {"b", "x", "X"} or style.sharp:
        raise Fault("a number with a fraction is written by %g, %f or %e without #")
    form = {"v": "g", "F": "f"}.get(verb, verb)
    if style.precision is None and form in {"g", "G"}:
        number = _shortest(value, form)
    else:
        digits = _DEFAULT_PRECISION if style.precision is None else style.precision
        number = f"%.{digits}{form}" % value
    sign = style.sign(number)
    number = number.lstrip("-")
    if style.zero and not style.minus:
        number = number.zfill(style.width - len(sign))
    return style.pad(sign + number)


def _shortest(value: float, form: str) -> str:
    """Return as few digits as tell a number from its neighbours."""
    exact = Decimal(repr(value)).normalize()
    if exact.adjusted() in _PLAIN_EXPONENTS:
        return f"{exact:f}"
    return f"%.{len(exact.as_tuple().digits) - 1}{'e' if form == 'g' else 'E'}" % value


def _write_text(text: bytes, verb: str, style: Style) -> str | None:
    if verb in {"x", "X"}:
        dump = _dump(text[: style.precision], style)
        return style.pad(dump.upper() if verb == "X" else dump)
    shown = text.decode(errors="surrogateescape")[: style.precision]
    if verb == "q" and style.sharp and not _NOT_IN_BACKQUOTES.search(shown):
        return style.pad(f"`{shown}`")
    if verb == "q" or (verb == "v" and style.syntax):
        return style.pad(_quote(shown, '"', ascii_only=style.plus))
    return style.pad(shown) if verb in {"s", "v"} else None


def _dump(text: bytes, style: Style) -> str:
    prefix = "0x" if style.sharp and text else ""
    if not style.space:
        return prefix + text.hex()
    return " ".join(f"{prefix}{byte:02x}" for byte in text)


def _quote(text: str, mark: str, *, ascii_only: bool) -> str:
    def quoted(character: str) -> str:
        code = ord(character)
        if character in {mark, "\\"}:
            return "\\" + character
        if character.isprintable() and not (ascii_only and code > 0x7F):  # noqa: PLR2004
            return character
        if "\udc80" <= character <= "\udcff":
            return f"\\x{code - 0xDC00:02x}"
        if code < 0x20 or code == 0x7F:  # noqa: PLR2004
            return _ESCAPES.get(code, f"\\x{code:02x}")
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004

    return mark + "".join(map(quoted, text)) + mark
