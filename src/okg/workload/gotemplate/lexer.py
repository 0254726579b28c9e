"""Cuts a template into tokens."""

import re
from collections.abc import Generator, Iterator
from enum import StrEnum
from typing import NamedTuple

from okg.workload.gotemplate.fault import Fault

_BLANKS = " \t\r\n"


class Kind(StrEnum):
    """What a token is; values are names of groups in `_TOKEN`."""

    TEXT = "text"
    OPEN = "open"
    CLOSE = "close"
    STRING = "string"
    CHARACTER = "character"
    NUMBER = "number"
    VARIABLE = "variable"
    FIELD = "field"
    DOT = "dot"
    WORD = "word"
    ASSIGN = "assign"
    COMMA = "comma"
    PIPE = "pipe"
    LEFT = "left"
    RIGHT = "right"
    END = "end"


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: what it is.
        text: its characters; of a text between actions those that are left after trimming.
        offset: where it begins.
        spaced: whether blanks go before it.
    """

    kind: Kind
    text: str
    offset: int
    spaced: bool = False


_OPENING = re.compile(r"\{\{(?P<trim>-[ \t\r\n])?(?P<comment>/\*)?")
_CLOSING = re.compile(r"[ \t\r\n]*(?P<trim>[ \t\r\n]-)?\}\}")
_COMMENT_END = re.compile(r"(?>.*?\*/)(?P<trim>[ \t\r\n]-)?\}\}", re.DOTALL)
_SPACES = re.compile(r"[ \t\r\n]*")
_NAME = re.compile(r"[.$]?\w*")

# A name ends where Go sees an end of names, so that `$x+1` is refused instead of read as two words.
_TOKEN = re.compile(
    r"""
      (?P<string> "(?:[^"\\\n]|\\[^\n])*+" | `[^`]*+` )
    | (?P<character> '(?:[^'\\\n]|\\[^\n])*+' )
    | (?P<number> [+-]?\.?[0-9](?:[eEpP][+-]|[\w.])* )
    | (?P<assign> :?= ) | (?P<comma> , ) | (?P<pipe> \| ) | (?P<left> \( ) | (?P<right> \) )
    | (?: (?P<variable> \$\w*+ ) | (?P<field> \.\w++ ) | (?P<dot> \. ) | (?P<word> \w++ ) )
      (?= [ \t\r\n.,|:)(] | \}\} | \Z )
    """,
    re.VERBOSE,
)


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of a template, the last of kind END; comments yield nothing.

    Raises:
        Fault: an action or comment does not end, or has a character that means nothing.
    """
    at = 0
    trim = None
    while opening := _OPENING.search(text, at):
        yield from _between(text[at : opening.start()], at, after=trim, before=opening["trim"])
        if opening["comment"]:
            closing = _comment_end(text, opening.end())
        else:
            yield Token(Kind.OPEN, "{{", opening.start())
            closing = yield from _inside(text, opening.end())
        at, trim = closing.end(), closing["trim"]
    yield from _between(text[at:], at, after=trim, before=None)
    yield Token(Kind.END, "", len(text))


def _between(text: str, offset: int, *, after: str | None, before: str | None) -> Iterator[Token]:
    """Yield the text between two actions, less the blanks that their trim markers take away."""
    text = text.lstrip(_BLANKS) if after else text
    text = text.rstrip(_BLANKS) if before else text
    if text:
        yield Token(Kind.TEXT, text, offset)


def _comment_end(text: str, at: int) -> re.Match[str]:
    if closing := _COMMENT_END.match(text, at):
        return closing
    raise Fault("this comment must end in */}}", at)


def _inside(text: str, at: int) -> Generator[Token, None, re.Match[str]]:
    """Yield the tokens of one action; return the match of its closing braces."""
    while not (closing := _CLOSING.match(text, at)):
        blanks = _SPACES.match(text, at)
        start = blanks.end() if blanks else at
        token = _TOKEN.match(text, start)
        if token is None:
            raise _complaint(text, start)
        yield Token(Kind(token.lastgroup or ""), token[0], start, spaced=start > at)
        at = token.end()
    yield Token(Kind.CLOSE, "}}", closing.end() - 2)
    return closing


def _complaint(text: str, start: int) -> Fault:
    """Return what is wrong with the token that begins here, or with what follows it at once."""
    if text.startswith(('"', "'", "`"), start):
        return Fault(f"the text that begins with {text[start]} does not end", start)
    name = _NAME.match(text, start)
    end = name.end() if name else start
    if end == len(text):
        return Fault("this action does not end; add }}", end)
    return Fault(f"{text[end]} does not belong here", end)
