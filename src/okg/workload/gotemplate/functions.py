"""The functions of a template: OpenKruiseGame's comparisons, and those that Go brings along."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote_plus

import msgspec

from okg.workload.gotemplate.fault import Fault
from okg.workload.gotemplate.formatting import sprint, sprintf, sprintln
from okg.workload.gotemplate.values import Byte, Value, is_true, to_float, type_name


class Callee(msgspec.Struct, frozen=True):
    """What a name in a template calls.

    Attributes:
        run: gets the arguments.
        least: how many arguments there must be.
        most: how many there may be; None for any number.
        texts: how many of them, from the first, must be texts.
        stops_at: the truth value of an argument that makes it the result, the others unseen.
    """

    run: Callable[[Sequence[Value]], Value]
    least: int = 0
    most: int | None = None
    texts: int = 0
    stops_at: bool | None = None


def _is_same(values: Sequence[Value]) -> bool:
    one, other = values
    return type(one) is type(other) and one == other


def _ordered(
    numbers: Callable[[float, float], bool], texts: Callable[[bytes, bytes], bool]
) -> Callee:
    """Return a comparison of two texts: by number if both are one, else byte by byte."""

    def compare(values: Sequence[Value]) -> bool:
        one, other = map(_text, values)
        x, y = to_float(one), to_float(other)
        return texts(one, other) if x is None or y is None else numbers(x, y)

    return Callee(compare, least=2, most=2, texts=2)


def _index(values: Sequence[Value]) -> Value:
    item, *places = values
    if item is None:
        raise Fault("there is nothing to index")
    for place in places:
        text = _text(item)
        item = Byte(text[_place(place, len(text) - 1)])
    return item


def _slice(values: Sequence[Value]) -> bytes:
    text = _text(values[0])
    places = [_place(place, len(text)) for place in values[1:]]
    start, stop = (*places, *(0, len(text))[len(places) :])
    if start > stop:
        raise Fault(f"{start} and {stop} are in the wrong order")
    return text[start:stop]


def _text(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise Fault(f"a text is needed, not {type_name(value)}")
    return value


def _place(value: Value, last: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault(f"a position must be a whole number, not {type_name(value)}")
    if value not in range(last + 1):
        raise Fault(f"there is no position {value}; the last is {last}")
    return value


def _call(_: Sequence[Value]) -> Value:
    raise Fault("there is no value that could be called")


def _escaper(escape: Callable[[str], str]) -> Callee:
    """Return a function that escapes what ``print`` would give."""

    def run(values: Sequence[Value]) -> bytes:
        printed = sprint([b"<no value>" if value is None else value for value in values])
        escaped = escape(printed.decode(errors="surrogateescape"))
        return escaped.encode(errors="surrogateescape")

    return Callee(run)


_HTML = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_SCRIPT = re.compile("[\\\\'\"<>&=\\x00-\\x1f\x80-\U0010ffff]")


def _escape_script(text: str) -> str:
    return _SCRIPT.sub(lambda match: _script_character(match[0]), text)


def _script_character(character: str) -> str:
    if character in "\\'\"":
        return "\\" + character
    is_kept = ord(character) > 0x7F and character.isprintable()  # noqa: PLR2004
    is_byte = "\udc80" <= character <= "\udcff"
    return character if is_kept or is_byte else f"\\u{ord(character):04X}"


def _escape_query(text: str) -> str:
    return quote_plus(text.encode(errors="surrogateescape"))


FUNCTIONS: Mapping[str, Callee] = {
    "and": Callee(lambda values: values[-1], least=1, stops_at=False),
    "call": Callee(_call, least=1),
    "eq": Callee(_is_same, least=2, most=2),
    "ge": _ordered(operator.ge, operator.ge),
    "gt": _ordered(operator.gt, operator.gt),
    "html": _escaper(lambda text: text.translate(_HTML)),
    "index": Callee(_index, least=1),
    "js": _escaper(_escape_script),
    "le": _ordered(operator.le, operator.le),
    "len": Callee(lambda values: len(_text(values[0])), least=1, most=1),
    "lt": _ordered(operator.lt, operator.lt),
    "ne": Callee(lambda values: not _is_same(values), least=2, most=2),
    "not": Callee(lambda values: not is_true(values[0]), least=1, most=1),
    "or": Callee(lambda values: values[-1], least=1, stops_at=True),
    "print": Callee(sprint),
    "printf": Callee(lambda values: sprintf(_text(values[0]), values[1:]), least=1, texts=1),
    "println": Callee(sprintln),
    "slice": Callee(_slice, least=1, most=3),
    "urlquery": _escaper(_escape_query),
}
