"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386) as the API server applies them.

Where the server differs from the RFC it is the server that is followed: ``replace`` of a member
that is not there adds it, negative indices count from the end of a list, and ``test`` for null
passes on what is absent.
"""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from okg.testing.apiserver.refusals import bad_request, does_not_apply
from okg.testing.apiserver.trees import Json, Tree, parse

_Edit: TypeAlias = Callable[[dict[str, Json] | list[Json], str], None]


class _Operation(msgspec.Struct, frozen=True):
    op: str
    path: str
    value: msgspec.Raw = msgspec.Raw(b"null")
    from_: str = msgspec.field(default="", name="from")


_OPERATIONS = msgspec.json.Decoder(list[_Operation])


def apply_json_patch(tree: Tree, body: bytes) -> Tree:
    """Return the patched tree.

    Raises:
        Refusal: 400, this is no JSON Patch; 422, it does not apply.
    """
    try:
        operations = _OPERATIONS.decode(body)
    except msgspec.DecodeError as error:
        raise bad_request(f"no JSON patch: {error}") from error
    patched: Json = tree
    for operation in operations:
        patched = _apply(patched, operation)
    if not isinstance(patched, dict):
        raise does_not_apply()
    return patched


def apply_merge_patch(tree: Tree, body: bytes) -> Tree:
    """Return the patched tree.

    Raises:
        Refusal: 400, this is no merge patch.
    """
    return merged(tree, parse_object(body))


def parse_object(body: bytes) -> Tree:
    """Return the JSON object in ``body``.

    Raises:
        Refusal: 400, it holds none.
    """
    try:
        patch = parse(body)
    except msgspec.DecodeError as error:
        raise bad_request(f"not JSON: {error}") from error
    if not isinstance(patch, dict):
        raise bad_request("not a JSON object")
    return patch


def merged(tree: Json, patch: Tree) -> Tree:
    """Return ``tree`` after a merge patch."""
    result = dict(tree) if isinstance(tree, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key), value)
        else:
            result[key] = value
    return result


def _apply(tree: Json, operation: _Operation) -> Json:
    path = _tokens(operation.path)
    value: Json = parse(bytes(operation.value))
    match operation.op:
        case "add":
            return _edited(tree, path, _adding(value), value)
        case "replace":
            return _edited(tree, path, _replacing(value), value)
        case "remove":
            return _edited(tree, path, _remove, None)
        case "move":
            source = _tokens(operation.from_)
            moved = _required(tree, source)
            return _edited(_edited(tree, source, _remove, None), path, _adding(moved), moved)
        case "copy":
            copied = _required(tree, _tokens(operation.from_))
            return _edited(tree, path, _adding(copied), copied)
        case "test":
            if _value_at(tree, path) != value:
                raise does_not_apply()
            return tree
        case _:
            raise does_not_apply()


def _tokens(pointer: str) -> list[str]:
    """Split a JSON pointer (RFC 6901)."""
    if pointer and not pointer.startswith("/"):
        raise does_not_apply()
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _edited(tree: Json, path: list[str], edit: _Edit, whole: Json) -> Json:
    """Return a tree with the container at the end of ``path`` copied and edited."""
    if not path:
        return whole
    if not isinstance(tree, dict | list):
        raise does_not_apply()
    copy = tree.copy()
    if len(path) == 1:
        edit(copy, path[0])
        return copy
    if isinstance(copy, dict):
        copy[path[0]] = _edited(_member(copy, path[0]), path[1:], edit, whole)
    else:
        index = _index(copy, path[0])
        copy[index] = _edited(copy[index], path[1:], edit, whole)
    return copy


def _adding(value: Json) -> _Edit:
    def edit(container: dict[str, Json] | list[Json], key: str) -> None:
        if isinstance(container, dict):
            container[key] = value
        else:
            end = len(container)
            container.insert(end if key == "-" else _index(container, key, end=end + 1), value)

    return edit


def _replacing(value: Json) -> _Edit:
    def edit(container: dict[str, Json] | list[Json], key: str) -> None:
        if isinstance(container, dict):
            container[key] = value
        else:
            container[_index(container, key)] = value

    return edit


def _remove(container: dict[str, Json] | list[Json], key: str) -> None:
    if isinstance(container, dict):
        if key not in container:
            raise does_not_apply()
        del container[key]
    else:
        del container[_index(container, key)]


def _required(tree: Json, path: list[str]) -> Json:
    """Return what is at ``path``, which must be there."""
    for key in path:
        if isinstance(tree, dict):
            tree = _member(tree, key)
        elif isinstance(tree, list):
            tree = tree[_index(tree, key)]
        else:
            raise does_not_apply()
    return tree


def _value_at(tree: Json, path: list[str]) -> Json:
    """Return what is at ``path``; a missing last member is null."""
    if not path:
        return tree
    parent = _required(tree, path[:-1])
    if isinstance(parent, dict):
        return parent.get(path[-1])
    return _required(parent, path[-1:])


def _member(container: dict[str, Json], key: str) -> Json:
    if key not in container:
        raise does_not_apply()
    return container[key]


def _index(container: list[Json], key: str, *, end: int | None = None) -> int:
    """Return the list index that ``key`` stands for, below ``end`` or the list's own end."""
    limit = len(container) if end is None else end
    if not key.lstrip("-").isdigit():
        raise does_not_apply()
    index = int(key)
    if not -limit <= index < limit:
        raise does_not_apply()
    return index if index >= 0 else index + limit
