"""Several values as one text: ``print``, ``println`` and ``printf``."""

import re
from collections import deque
from collections.abc import Sequence

from okg.workload.gotemplate.fault import Fault
from okg.workload.gotemplate.limits import MAX_TEXT
from okg.workload.gotemplate.values import Value, type_name
from okg.workload.gotemplate.verbs import Style, write

_DIRECTIVE = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>\d*)(?:\.(?P<precision>\d*))?(?P<verb>.?)",
    re.DOTALL | re.ASCII,
)


def show(value: Value) -> bytes:
    """Return a value as ``%v`` writes it."""
    return value if isinstance(value, bytes) else write(value).encode(errors="surrogateescape")


def sprint(values: Sequence[Value]) -> bytes:
    """Return values in a row, with a blank between two that are no texts."""
    pieces: list[bytes] = []
    previous: Value = b""
    for value in values:
        if not isinstance(value, bytes) and not isinstance(previous, bytes):
            pieces.append(b" ")
        pieces.append(show(value))
        previous = value
    return b"".join(pieces)


def sprintln(values: Sequence[Value]) -> bytes:
    """Return values with blanks between them and a newline at the end."""
    return b" ".join(map(show, values)) + b"\n"


def sprintf(pattern: bytes, values: Sequence[Value]) -> bytes:
    """Return a pattern with its directives replaced by values.

    Raises:
        Fault: a directive is not supported, or the text becomes too long.
    """
    text = pattern.decode(errors="surrogateescape")
    left = deque(values)
    pieces: list[str] = []
    size = at = 0
    for directive in _DIRECTIVE.finditer(text):
        pieces += text[at : directive.start()], _follow(directive, left)
        at = directive.end()
        size += len(pieces[-1])
        if size > MAX_TEXT:
            raise Fault(f"the text becomes longer than {MAX_TEXT} bytes")
    pieces += text[at:], _note(left)
    return "".join(pieces).encode(errors="surrogateescape")


def _follow(directive: re.Match[str], left: deque[Value]) -> str:
    """Return what stands for a directive, which takes the first value that is left."""
    verb = directive["verb"]
    if verb in {"*", "["}:
        raise Fault(f"{directive[0]} in a pattern is not supported; write the number itself")
    if not verb or verb == "%":
        return verb or "%!(NOVERB)"
    return write(left.popleft(), verb, _style(directive)) if left else f"%!{verb}(MISSING)"


def _style(directive: re.Match[str]) -> Style:
    flags = directive["flags"]
    is_general = directive["verb"] in {"v", "w"}
    precision = directive["precision"]
    return Style(
        minus="-" in flags,
        plus="+" in flags and not is_general,
        sharp="#" in flags and not is_general,
        space=" " in flags,
        zero="0" in flags,
        syntax="#" in flags and is_general,
        named="+" in flags and is_general,
        width=_number(directive["width"]),
        precision=None if precision is None else _number(precision),
    )


def _number(digits: str) -> int:
    """Return a width or precision, so that one value alone cannot take all memory."""
    if len(digits) > len(str(MAX_TEXT)):
        raise Fault(f"{digits} characters are too many")
    return int(digits or "0")


def _note(left: Sequence[Value]) -> str:
    """Return a note on values that no directive took."""
    notes = ("<nil>" if value is None else f"{type_name(value)}={write(value)}" for value in left)
    return f"%!(EXTRA {', '.join(notes)})" if left else ""
