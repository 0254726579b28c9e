"""Writes as differences of two values.

A partial type must not erase what it does not declare, so nothing is ever PUT. Two forms, chosen
by what the writer needs:

- locked: a JSON Patch whose every operation sits on a leaf and which carries the resourceVersion
  that was read; items of lists keep their unknown fields. A lost race is a Conflict. The
  resourceVersion goes as a ``replace``: as a ``test`` a lost race would be a 422.
- unlocked: a merge patch of the changed keys, guarded by the uid only. It replaces lists whole, so
  a change inside a list of objects of a kind whose schema we do not know in full is locked all the
  same. The status of a custom resource takes a foreign uid without a word, so there the same
  change goes as a JSON Patch that tests the uid first.
- unlocked, in the status of a built-in kind: a strategic merge patch, likewise guarded by the uid.
  Of a list whose items the server merges by a key it carries what changed, and what others have
  written into that list meanwhile stays.

Whether a parent is present is known exactly: msgspec omits a field only when it holds the very
default, and a decoded ``{}`` is another value.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, cast

import msgspec

from okg.api.resource import O, Object

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"

Operation: TypeAlias = Mapping[str, object]
"""One operation of a JSON Patch (RFC 6902)."""

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"

_SERVER_OWNED = ("uid", "resourceVersion", "generation", "creationTimestamp", "selfLink")
_ITEM_KEYS = ("name", "type", "uid", "conditionType", "key", "containerPort", "ip")


class Patch(msgspec.Struct, frozen=True):
    """A request body and its content type."""

    content_type: str
    body: bytes


def diff(before: O, after: O, *, lock: bool, subresource: str = "") -> Patch | None:
    """Return what turns ``before`` into ``after`` on the server, or None if they are equal."""
    old, new = as_json(before), as_json(after)
    meta, resource = before.metadata, before.resource_type
    keys = dict(resource.merge_keys if subresource == "status" else ())
    if lock or (not resource.closed and _touches_object_lists(old, new, keys)):
        operations = list(_operations("", old, new))
        if not operations:
            return None
        return _json_patch("replace", "resourceVersion", meta.resource_version, operations)
    if subresource and meta.uid and not keys:
        operations = list(_operations("", old, new, whole_lists=True))
        return _json_patch("test", "uid", meta.uid, operations) if operations else None
    changes = _merge(old, new, keys)
    if not changes:
        return None
    if meta.uid:
        metadata = cast("dict[str, Json]", changes.get("metadata", {}))
        changes["metadata"] = {**metadata, "uid": meta.uid}
    return Patch(STRATEGIC_MERGE_PATCH if keys else MERGE_PATCH, msgspec.json.encode(changes))


def json_patch(before: O, after: O) -> Sequence[Operation]:
    """Return the JSON Patch that turns ``before`` into ``after``, unguarded: for an admission.

    Every operation sits on a leaf, so what our types do not declare stays as it is.
    """
    return tuple(_operations("", as_json(before), as_json(after)))


def carried(document: Json, before: Json, after: Json) -> Json:
    """Return a document with what turns ``before`` into ``after``.

    Args:
        document: all there is.
        before: what our types declare of it; what they do not stays as it is.
        after: what that is to be.
    """
    if before == after:
        return document
    if isinstance(document, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
        kept = {k: v for k, v in document.items() if k in after or k not in before}
        return kept | {k: carried(document.get(k), before.get(k), v) for k, v in after.items()}
    if isinstance(document, list) and isinstance(before, list) and isinstance(after, list):
        items = zip(document, before, strict=True)
        known = dict(zip(_identities(before), items, strict=True))
        wanted = zip(_identities(after), after, strict=True)
        return [carried(*known.get(identity, (None, None)), item) for identity, item in wanted]
    return after


def _json_patch(guard: str, member: str, value: str, operations: Sequence[Operation]) -> Patch:
    first = {"op": guard, "path": f"/metadata/{member}", "value": value}
    return Patch(JSON_PATCH, msgspec.json.encode([first, *operations]))


def as_json(obj: Object) -> dict[str, Json]:
    """Return an object as plain data, opaque parts decoded, without what only the server writes."""
    data: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(obj))
    return _without_server_owned(data)


def as_document(obj: Object) -> Mapping[str, object]:
    """Return an object as a server is asked to make it, without what only the server writes.

    Opaque parts keep their bytes: of revisions the server compares bytes.
    """
    resource = obj.resource_type
    data = msgspec.to_builtins(obj, builtin_types=(msgspec.Raw,))
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**kind, **_without_server_owned(data)}


def _without_server_owned(data: dict[str, Json]) -> dict[str, Json]:
    metadata = cast("dict[str, Json]", data.get("metadata", {}))
    return {**data, "metadata": {k: v for k, v in metadata.items() if k not in _SERVER_OWNED}}


def _merge(
    old: Mapping[str, Json], new: Mapping[str, Json], keys: Mapping[str, str]
) -> dict[str, Json]:
    """Return the merge patch (RFC 7386) between two objects; with keys it is a strategic one."""
    changes: dict[str, Json] = {}
    for key in {**old, **new}:
        was, now = old.get(key), new.get(key)
        if was == now and (key in old) == (key in new):
            continue
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            if inner := _merge(was, now, keys):
                changes[key] = inner
        elif key in keys:
            changes[key] = _merge_items(was, now, keys[key])
        else:
            changes[key] = now
    return changes


def _merge_items(old: Json, new: Json, key: str) -> list[Json]:
    """Return what a list that the server merges by a key takes to become another."""
    was, now = _by_key(old, key), _by_key(new, key)
    changed = (
        {key: name, **_merge(was.get(name, {}), item, {})}
        for name, item in now.items()
        if item != was.get(name)
    )
    return [*changed, *({key: name, "$patch": "delete"} for name in was if name not in now)]


def _by_key(items: Json, key: str) -> Mapping[Json, Mapping[str, Json]]:
    listed = cast("list[Mapping[str, Json]]", items or [])
    return {item[key]: item for item in listed}


def _touches_object_lists(old: Json, new: Json, keys: Mapping[str, str]) -> bool:
    """Whether a merge patch could lose unknown fields of items, but in lists merged by a key."""
    if old == new:
        return False
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return any(
            _touches_object_lists(old[key], new[key], keys)
            for key in old
            if key in new and key not in keys
        )
    return (
        isinstance(old, list)
        and isinstance(new, list)
        and any(isinstance(item, Mapping) for item in old)
    )


def _operations(
    path: str, old: Mapping[str, Json], new: Mapping[str, Json], *, whole_lists: bool = False
) -> Iterator[Operation]:
    """Yield the JSON Patch (RFC 6902) between two objects."""
    for key in {**old, **new}:
        where = f"{path}/{_escape(key)}"
        if key not in new:
            yield {"op": "remove", "path": where}
        elif key not in old:
            yield {"op": "add", "path": where, "value": new[key]}
        else:
            yield from _value_operations(where, old[key], new[key], whole_lists=whole_lists)


def _value_operations(
    path: str, old: Json, new: Json, *, whole_lists: bool = False
) -> Iterator[Operation]:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _operations(path, old, new, whole_lists=whole_lists)
    elif isinstance(old, list) and isinstance(new, list) and not whole_lists:
        yield from _list_operations(path, old, new)
    else:
        yield {"op": "replace", "path": path, "value": new}


def _list_operations(path: str, old: list[Json], new: list[Json]) -> Iterator[Operation]:
    """Yield operations that bring the items into the new order, then change them in place.

    Items are recognised by their key, so that a survivor keeps the fields we do not know.
    """
    wanted = _identities(new)
    here = [*zip(_identities(old), old, strict=True)]
    gone = set(wanted)
    for index in reversed(range(len(here))):
        if here[index][0] not in gone:
            del here[index]
            yield {"op": "remove", "path": f"{path}/{index}"}
    for index, (identity, value) in enumerate(zip(wanted, new, strict=True)):
        found = next((i for i in range(index, len(here)) if here[i][0] == identity), None)
        if found is None:
            here.insert(index, (identity, value))
            yield {"op": "add", "path": f"{path}/{index}", "value": value}
            continue
        if found != index:
            here.insert(index, here.pop(found))
            yield {"op": "move", "from": f"{path}/{found}", "path": f"{path}/{index}"}
        yield from _value_operations(f"{path}/{index}", here[index][1], value)


def _identities(items: list[Json]) -> list[tuple[str, int]]:
    """Return a name for each item, unique within the list."""
    seen: dict[str, int] = {}
    identities: list[tuple[str, int]] = []
    for item in items:
        name = _identity(item)
        seen[name] = seen.get(name, -1) + 1
        identities.append((name, seen[name]))
    return identities


def _identity(item: Json) -> str:
    if isinstance(item, Mapping):
        for key in _ITEM_KEYS:
            if key in item:
                return f"{key}={item[key]}"
    return msgspec.json.encode(item, order="deterministic").decode()


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
