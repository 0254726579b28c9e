"""JSON trees: how the fake server holds objects.

A tree is never written into once it is stored; a change copies the branch it is on and shares the
rest, which makes "did this part change" a comparison of identities.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import msgspec

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Tree: TypeAlias = dict[str, Json]


def parse(body: bytes) -> Json:
    """Return the JSON in ``body``; raises msgspec.DecodeError."""
    return cast("Json", msgspec.json.decode(body))


def find(tree: Json, *path: str) -> Json:
    """Return what is at ``path``, or None where it does not lead anywhere."""
    for key in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree


def branch(tree: Json, *path: str) -> Tree:
    """Return the object at ``path``, or an empty one; not for writing into."""
    found = find(tree, *path)
    return found if isinstance(found, dict) else {}


def text(tree: Json, *path: str) -> str:
    """Return the string at ``path``, or an empty one."""
    found = find(tree, *path)
    return found if isinstance(found, str) else ""


def items(tree: Json, *path: str) -> list[Json]:
    """Return the list at ``path``, or an empty one; not for writing into."""
    found = find(tree, *path)
    return found if isinstance(found, list) else []


def with_value(tree: Tree, path: Sequence[str], value: Json) -> Tree:
    """Return a tree with ``value`` at ``path``; None takes away what is there."""
    head, *rest = path
    new = value if not rest else with_value(branch(tree, head), rest, value)
    if new is None:
        return {key: kept for key, kept in tree.items() if key != head}
    return {**tree, head: new}


def with_part(tree: Tree, key: str, source: Mapping[str, Json]) -> Tree:
    """Return a tree whose ``key`` is as in ``source``, absent included."""
    return with_value(tree, (key,), source.get(key))


def replace_text(tree: Tree, path: Sequence[str], change: Callable[[str], str]) -> Tree:
    """Return a tree whose string at ``path`` went through ``change``; the same tree if none."""
    found = find(tree, *path)
    return with_value(tree, path, change(found)) if isinstance(found, str) else tree


def without_empty(tree: Tree) -> Tree:
    """Return a tree without members that are null, empty text, empty lists or empty objects."""
    return {key: value for key, value in tree.items() if value not in (None, "", [], {})}


def without_nulls(tree: Json) -> Json:
    """Return a tree without members that are null, at any depth."""
    if isinstance(tree, dict):
        return {key: without_nulls(value) for key, value in tree.items() if value is not None}
    if isinstance(tree, list):
        return [without_nulls(value) for value in tree]
    return tree
