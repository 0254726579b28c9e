"""Changes: where two JSON values differ, leaf by leaf.

Lists of equal length are compared item by item, others as a whole. What is absent, null and empty
is the same: servers and clients drop and fill in such values as they like.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

import msgspec

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"
Path: TypeAlias = tuple[str | int, ...]


class Change(msgspec.Struct, frozen=True):
    """One leaf that differs; None stands for absent.

    Attributes:
        path: keys and indexes down to it.
        before: its value.
        after: its value.
    """

    path: Path
    before: Json
    after: Json

    def __str__(self) -> str:
        """``spec.replicas: 3 -> 5``."""
        return f"{shown_path(self.path)}: {_shown(self.before)} -> {_shown(self.after)}"


def changes_of(before: Json, after: Json, path: Path = ()) -> Iterator[Change]:
    """Yield where two values differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from changes_of(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from changes_of(old, new, (*path, index))
    elif _compact(before) != _compact(after):
        yield Change(path, before, after)


def as_json(value: object) -> Json:
    """Return a value as plain data, opaque parts decoded."""
    return cast("Json", msgspec.json.decode(msgspec.json.encode(value)))


def without_nulls(value: Json) -> Json:
    """Return a value without the members that are null; empty ones are kept."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def shown_path(path: Path) -> str:
    """Return a path as people write it: ``spec.containers[0].image``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _compact(value: Json) -> Json:
    """Return a value without its empty parts; None for nothing at all."""
    if isinstance(value, Mapping):
        inner = {key: _compact(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not None} or None
    if isinstance(value, list):
        return [_compact(item) for item in value] or None
    return value


def _shown(value: Json) -> str:
    if value is None:
        return "(none)"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
