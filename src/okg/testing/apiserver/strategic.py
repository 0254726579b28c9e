"""Strategic merge patch: the merge patch of built-in kinds, which knows the keys of their lists.

Lists of objects with a key merge item by item, finalizers merge as a set, every other list is
replaced. Directives: ``$patch`` (delete, replace), ``$deleteFromPrimitiveList``,
``$setElementOrder`` and ``$retainKeys``.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from okg.testing.apiserver.patches import parse_object
from okg.testing.apiserver.refusals import Refusal
from okg.testing.apiserver.trees import Json, Tree

_Identity: TypeAlias = Callable[[Json], Json]

# Field name to merge key, from the patchMergeKey marks of the Kubernetes API types. `ports` of a
# Service differ from those of a container.
_MERGE_KEYS = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "hostIPs": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "ports": "containerPort",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
_KIND_MERGE_KEYS = {"Service": {"ports": "port"}}
_SETS = frozenset({"finalizers"})

_PATCH = "$patch"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def apply_strategic_patch(kind: str, tree: Tree, body: bytes) -> Tree:
    """Return the patched tree.

    Raises:
        Refusal: 400, this is no JSON object; 500, an item of a keyed list has no key.
    """
    merge_keys = {**_MERGE_KEYS, **_KIND_MERGE_KEYS.get(kind, {})}
    return _Merger(merge_keys).merge(tree, parse_object(body))


class _Merger:
    """Merges trees by the merge keys of one kind."""

    def __init__(self, merge_keys: dict[str, str]) -> None:
        self._merge_keys = merge_keys

    def merge(self, tree: Tree, patch: Tree) -> Tree:
        directive = patch.get(_PATCH)
        if directive == "delete":
            return {}
        result = {} if directive == "replace" else dict(tree)
        retained = patch.get(_RETAIN)
        if isinstance(retained, list):
            result = {key: value for key, value in result.items() if key in retained}
        for field, value in patch.items():
            if not field.startswith("$"):
                self._merge_field(result, field, value, patch)
            elif field.startswith(_DELETE_FROM):
                self._delete_from(result, field.removeprefix(_DELETE_FROM), value)
        for field, order in patch.items():
            name = field.removeprefix(_ORDER)
            if field.startswith(_ORDER) and name not in patch:
                self._reorder(result, name, order)
        return result

    def _merge_field(self, result: Tree, field: str, value: Json, patch: Tree) -> None:
        if value is None:
            result.pop(field, None)
        elif isinstance(value, dict):
            old = result.get(field)
            result[field] = self.merge(old if isinstance(old, dict) else {}, value)
        elif isinstance(value, list):
            result[field] = self._merge_list(field, result.get(field), value, patch)
        else:
            result[field] = value

    def _merge_list(self, field: str, old: Json, new: list[Json], patch: Tree) -> list[Json]:
        identify = self._identity(field)
        if identify is None or {_PATCH: "replace"} in new:
            return [item for item in new if item != {_PATCH: "replace"}]
        server = old if isinstance(old, list) else []
        by_key = [(identify(item), item) for item in server]
        for item in new:
            self._place(by_key, identify(item), item)
        order = patch.get(_ORDER + field)
        first = [identify(item) for item in (order if isinstance(order, list) else new)]
        return _ordered(by_key, first, [identify(item) for item in server])

    def _place(self, by_key: list[tuple[Json, Json]], key: Json, item: Json) -> None:
        """Merge one item into the list, at its old place or at the end."""
        index = next((i for i, (known, _) in enumerate(by_key) if known == key), len(by_key))
        merged = self._item(by_key[index][1] if index < len(by_key) else None, item)
        by_key[index : index + 1] = [] if merged is None else [(key, merged)]

    def _item(self, old: Json, new: Json) -> Json:
        """Return one item of a keyed list, merged; None when it is to go."""
        if not isinstance(new, dict):
            return new
        if new.get(_PATCH) == "delete":
            return None
        return self.merge(old if isinstance(old, dict) else {}, new)

    def _reorder(self, result: Tree, field: str, order: Json) -> None:
        identify, server = self._identity(field), result.get(field)
        if identify is None or not isinstance(server, list) or not isinstance(order, list):
            return
        keys = [identify(item) for item in server]
        by_key = list(zip(keys, server, strict=True))
        result[field] = _ordered(by_key, [identify(item) for item in order], keys)

    def _delete_from(self, result: Tree, field: str, gone: Json) -> None:
        old = result.get(field)
        if isinstance(old, list) and isinstance(gone, list):
            result[field] = [item for item in old if item not in gone]

    def _identity(self, field: str) -> _Identity | None:
        """Return what tells items of a merging list apart, or None for a list that is replaced."""
        if field in _SETS:
            return _itself
        key = self._merge_keys.get(field)
        return None if key is None else _member_named(key)


def _itself(item: Json) -> Json:
    return item


def _member_named(key: str) -> _Identity:
    def identify(item: Json) -> Json:
        if not isinstance(item, dict) or key not in item:
            raise Refusal(500, "", f"an item of a list that merges by {key!r} has none")
        return item[key]

    return identify


def _ordered(
    by_key: Sequence[tuple[Json, Json]], first: list[Json], server: list[Json]
) -> list[Json]:
    """Order a merged list: the items of the patch in its order, among those it does not name.

    Two items that the server had keep the server's order; a new item comes before any other.
    """
    named = [pair for key in first for pair in by_key if pair[0] == key]
    others = [pair for pair in by_key if pair[0] not in first]
    result: list[Json] = []
    for key, item in named:
        while others and key in server and server.index(others[0][0]) < server.index(key):
            result.append(others.pop(0)[1])
        result.append(item)
    return [*result, *(item for _, item in others)]
