"""JSON taken apart at its surface, however deep it is nested.

A parser that recurses gives up on an object that nests some thousand levels deep, which an API
server stores all the same. What can still be told of such an object, and of those beside it, is
found by counting brackets. Slow, and only for what did not decode.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]|[,:]', re.DOTALL)
_OPENING, _CLOSING = (b"[", b"{"), (b"]", b"}")


def elements(array: bytes) -> Iterator[bytes]:
    """Yield the elements of an array; of anything else, what stands between its commas."""
    for piece in _pieces(array):
        if piece.strip():
            yield piece.strip()


def members(document: bytes) -> Mapping[str, bytes]:
    """Return the members of an object by their names.

    Raises:
        msgspec.DecodeError: it is no object.
    """
    found: dict[str, bytes] = {}
    for piece in elements(document):
        name = _TOKEN.match(piece)
        colon = piece.find(b":", name.end() if name else 0)
        found[msgspec.json.decode(piece[:colon], type=str)] = piece[colon + 1 :].strip()
    return found


def _pieces(document: bytes) -> Iterator[bytes]:
    """Yield what lies between the commas of the outermost level."""
    depth, start = 0, 0
    for token in _TOKEN.finditer(document):
        text = token[0]
        if text in _OPENING:
            depth += 1
            if depth == 1:
                start = token.end()
        elif text in _CLOSING:
            depth -= 1
            if not depth:
                yield document[start : token.start()]
                return
        elif text == b"," and depth == 1:
            yield document[start : token.start()]
            start = token.end()
