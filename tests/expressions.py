"""What an expression of PromQL, as we write them, asks for. Selectors have braces."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"[^\"]*\"")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_NAME = re.compile(r"[a-zA-Z_]\w*(?!\w|\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset"}


class Selector(NamedTuple):
    """A metric, and labels that it is chosen by."""

    metric: str
    labels: frozenset[str]


def selectors(expression: str) -> list[Selector]:
    """Return all selectors."""
    return [
        Selector(metric, frozenset(_MATCHER.findall(matchers)))
        for metric, matchers in _SELECTOR.findall(expression)
    ]


def grouped(expression: str) -> set[str]:
    """Return the labels that values are grouped or matched by."""
    found = _GROUPING.findall(expression)
    return {label.strip() for labels in found for label in labels.split(",") if label.strip()}


def bare(expression: str) -> set[str]:
    """Return names of metrics without braces, which ``selectors`` does not see."""
    rest = _SELECTOR.sub(" ", expression)
    for known in (_RANGE, _GROUPING):
        rest = known.sub(" ", rest)
    return set(_NAME.findall(rest)) - _WORDS


def filled(expression: str, values: Mapping[str, str]) -> str:
    """Return an expression with a dashboard's variables filled in."""
    for name, value in values.items():
        expression = expression.replace(f"${name}", value)
    return expression
