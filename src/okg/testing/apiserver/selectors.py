"""Label and field selectors: text into a question about an object."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias

from okg.testing.apiserver.refusals import Refusal, bad_request
from okg.testing.apiserver.trees import Tree, branch, find

Selector: TypeAlias = Callable[[Tree], bool]
_Test: TypeAlias = Callable[[str | None], bool]

_COMMON_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_OPERATORS = {"=", "==", "!=", "in", "notin", ">", "<"}
_TOKEN = re.compile(r"\s*(==|!=|[=<>,()!]|[^\s=!<>,()]+)")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)


def anything(tree: Tree) -> bool:  # noqa: ARG001 - a Selector
    """Match every object."""
    return True


def valid_label_key(key: str) -> bool:
    """Whether ``key`` is a qualified name."""
    return _LABEL_KEY.fullmatch(key) is not None


def valid_label_value(value: object) -> bool:
    """Whether ``value`` may be a label's value: at most 63 characters, empty allowed."""
    return isinstance(value, str) and (
        not value or (len(value) <= 63 and _NAME.fullmatch(value) is not None)  # noqa: PLR2004
    )


def label_selector(text: str) -> Selector:
    """Parse a label selector, comparisons with ``>`` and ``<`` included.

    Raises:
        Refusal: 400, it cannot be parsed.
    """
    requirements = list(_Parser(text).requirements())
    if not requirements:
        return anything

    def matches(tree: Tree) -> bool:
        labels = branch(tree, "metadata", "labels")
        return all(test(_as_text(labels.get(key))) for key, test in requirements)

    return matches


def field_selector(text: str, known: Collection[str]) -> Selector:
    """Parse a field selector: comma-separated ``=``, ``==`` and ``!=``.

    Args:
        text: the selector.
        known: paths that the kind can be selected by, besides its name and namespace.

    Raises:
        Refusal: 400, it cannot be parsed or names another field.
    """
    requirements = [_field_requirement(part, known) for part in text.split(",") if part]
    if not requirements:
        return anything

    def matches(tree: Tree) -> bool:
        return all(
            ((find(tree, *path) or "") == wanted) is yes for path, wanted, yes in requirements
        )

    return matches


def _field_requirement(part: str, known: Collection[str]) -> tuple[list[str], str, bool]:
    name, operator, value = _split(part)
    if name not in _COMMON_FIELDS and name not in known:
        raise bad_request(f"objects of this kind cannot be selected by {name}")
    return name.split("."), value, operator != "!="


def _split(part: str) -> tuple[str, str, str]:
    for operator in ("!=", "==", "="):
        name, found, value = part.partition(operator)
        if found:
            return name.strip(), operator, value.strip()
    raise bad_request(f"field selector: {part!r} is no comparison")


def _as_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


class _Parser:
    """Recursive descent over the tokens of a label selector."""

    def __init__(self, text: str) -> None:
        self._tokens = [match[1] for match in _TOKEN.finditer(text)]

    def requirements(self) -> Iterator[tuple[str, _Test]]:
        while self._tokens:
            yield self._requirement()
            if self._tokens:
                self._expect(",")

    def _requirement(self) -> tuple[str, _Test]:
        if self._peek() == "!":
            self._take()
            return self._key(), lambda value: value is None
        key = self._key()
        if self._peek() in {"", ","}:
            return key, lambda value: value is not None
        operator = self._take()
        if operator not in _OPERATORS:
            raise self._unexpected(operator)
        if operator in {"in", "notin"}:
            return key, _membership(self._values(), wanted=operator == "in")
        return key, _comparison(operator, self._word())

    def _key(self) -> str:
        key = self._take()
        if not valid_label_key(key):
            raise self._unexpected(key)
        return key

    def _values(self) -> set[str]:
        self._expect("(")
        values = {self._word()}
        while (after := self._take()) == ",":
            values.add(self._word())
        if after != ")":
            raise self._unexpected(after)
        return values

    def _word(self) -> str:
        """Take a value; nothing at all is the empty one."""
        return "" if self._peek() in {"", ",", ")"} else self._take()

    def _expect(self, wanted: str) -> None:
        if (token := self._take()) != wanted:
            raise self._unexpected(token)

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self) -> str:
        return self._tokens.pop(0) if self._tokens else ""

    def _unexpected(self, token: str) -> Refusal:
        return bad_request(f"label selector: {token or 'the end'!r} is not expected")


def _membership(values: set[str], *, wanted: bool) -> _Test:
    if wanted:
        return lambda value: value in values
    return lambda value: value not in values


def _comparison(operator: str, wanted: str) -> _Test:
    if operator == "!=":
        return lambda value: value != wanted
    if operator in {"=", "=="}:
        return lambda value: value == wanted
    if not wanted.lstrip("-").isdigit():
        raise bad_request(f"label selector: {wanted!r} is no integer")
    bound = int(wanted)
    if operator == ">":
        return lambda value: (number := _integer(value)) is not None and number > bound
    return lambda value: (number := _integer(value)) is not None and number < bound


def _integer(value: str | None) -> int | None:
    return int(value) if value and value.lstrip("-").isdigit() else None
