"""Store: the objects of one kind by key, with secondary indexes and our own recent writes.

Two views are kept. *Seen* is what the watch has told us; *shown* is what readers get: the same,
except where the answer to one of our own writes is newer. Such an entry lasts until the watch has
reached its resourceVersion, so a reader never sees its own write undone, and an object whose
deletion the watch reported already is never brought back by a late answer. (Resource versions are
compared as numbers, which the API conventions allow since 1.35 and etcd has always meant.)

One lock guards both views; nothing is called under it but index functions.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeAlias

import msgspec

from okg.api.resource import O, Object
from okg.errors import NotCached

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""

IndexFunction: TypeAlias = Callable[[O], Iterable[str]]

OWN_WRITE_LIFETIME = 60.0
"""Seconds after which an own write that the watch never confirmed is forgotten."""


class Change(msgspec.Struct, Generic[O], frozen=True, gc=False):
    """What one event did to an object: ``old`` is None for an addition, ``new`` for a removal."""

    old: O | None
    new: O | None


class _OwnWrite(msgspec.Struct, frozen=True, gc=False):
    version: int
    expires_at: float


class Store(Generic[O]):
    """Objects of one kind.

    Args:
        by_namespace: each namespace has a watch of its own, so how far one has come says nothing
            of the others.
    """

    def __init__(self, *, by_namespace: bool = False) -> None:
        self._by_namespace = by_namespace
        self._lock = threading.Lock()
        self._seen: dict[Key, O] = {}
        self._shown: dict[Key, O] = {}
        self._own: dict[Key, _OwnWrite] = {}
        self._versions: dict[str, int] = {}
        self._functions: dict[str, IndexFunction[O]] = {}
        self._indexes: dict[str, dict[str, dict[Key, O]]] = {}

    def add_index(self, name: str, function: IndexFunction[O]) -> None:
        """Keep a secondary index; existing objects are indexed at once."""
        with self._lock:
            self._functions[name] = function
            index = self._indexes[name] = {}
            for key, obj in self._shown.items():
                for value in function(obj):
                    index.setdefault(value, {})[key] = obj

    def get(self, key: Key) -> O | None:
        """Return the object as readers should see it, or None."""
        with self._lock:
            return self._shown.get(key)

    def list(
        self,
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        index: tuple[str, str] | None = None,
    ) -> Sequence[O]:
        """Return the objects that match all criteria, in no particular order."""
        with self._lock:
            found = list(self._candidates(index))
        if namespace is not None:
            found = [obj for obj in found if obj.metadata.namespace == namespace]
        if labels:
            wanted = labels.items()
            found = [obj for obj in found if wanted <= obj.metadata.labels.items()]
        return found

    def count(self, index: tuple[str, str]) -> int:
        """Return how many objects an index has under a value; costs the same for any number."""
        with self._lock:
            return len(self._entries(index))

    def __len__(self) -> int:
        """Return how many objects readers see."""
        with self._lock:
            return len(self._shown)

    def put(self, obj: O) -> Change[O]:
        """Take an addition or change from the watch."""
        key = (obj.metadata.namespace, obj.metadata.name)
        version = version_of(obj)
        with self._lock:
            old = self._seen.get(key)
            self._seen[key] = obj
            own = self._own.get(key)
            if own is None or own.version <= version:
                self._own.pop(key, None)
                self._show(key, obj)
            self._reached(key[0], version)
        return Change(old, obj)

    def remove(self, obj: O) -> Change[O]:
        """Take a deletion from the watch; the change carries the last value that was seen."""
        key = (obj.metadata.namespace, obj.metadata.name)
        with self._lock:
            old = self._seen.pop(key, None)
            own = self._own.get(key)
            if own is None or own.version <= version_of(obj):
                self._own.pop(key, None)
                self._show(key, None)
            self._reached(key[0], version_of(obj))
        return Change(old or obj, None)

    def replace(
        self, objects: Iterable[O], version: str, *, namespace: str = ""
    ) -> Sequence[Change[O]]:
        """Take a whole list; what is no longer in it becomes a removal.

        Args:
            objects: everything that is there.
            version: resourceVersion of the list.
            namespace: the part of the store that the list covers; empty for all of it.
        """
        fresh = {(o.metadata.namespace, o.metadata.name): o for o in objects}
        listed_at = _number(version)
        changes: list[Change[O]] = []
        with self._lock:
            for key in [k for k in self._seen if not namespace or k[0] == namespace]:
                if key not in fresh:
                    changes.append(Change(self._seen.pop(key), None))
                    self._settle(key, listed_at)
            for key in [k for k in self._own if not namespace or k[0] == namespace]:
                if key not in fresh:
                    changes += self._drop_own(key, listed_at)
            for key, obj in fresh.items():
                changes.append(Change(self._seen.get(key), obj))
                self._seen[key] = obj
                self._settle(key, listed_at)
            self._reached(namespace, listed_at)
        return changes

    def reached(self, version: str, now: float, *, namespace: str = "") -> Sequence[Change[O]]:
        """Note that a watch has told everything up to ``version``; drop what that confirms.

        Args:
            version: resourceVersion of a bookmark.
            now: monotonic time, by which own writes expire.
            namespace: what the watch covers; empty for everything.

        Returns:
            what readers see otherwise now, though no watch has told of it.
        """
        changes: list[Change[O]] = []
        with self._lock:
            self._reached(namespace, _number(version))
            for key, own in list(self._own.items()):
                expired = own.expires_at <= now
                changes += self._drop_own(key, own.version if expired else self._reached_in(key))
        return changes

    def wrote(self, obj: O, now: float) -> None:
        """Show the answer to one of our own writes, unless the watch is further already."""
        key = (obj.metadata.namespace, obj.metadata.name)
        version = version_of(obj)
        with self._lock:
            own = self._own.get(key)
            if version > self._reached_in(key) and (own is None or own.version < version):
                self._own[key] = _OwnWrite(version, now + OWN_WRITE_LIFETIME)
                self._show(key, obj)

    def deleted(self, obj: O, now: float) -> None:
        """Stop showing an object that we deleted, until the watch says what is there instead."""
        key = (obj.metadata.namespace, obj.metadata.name)
        with self._lock:
            shown = self._shown.get(key)
            if shown is not None and shown.metadata.uid == obj.metadata.uid:
                self._own[key] = _OwnWrite(version_of(shown) + 1, now + OWN_WRITE_LIFETIME)
                self._show(key, None)

    def _reached(self, namespace: str, version: int) -> None:
        scope = namespace if self._by_namespace else ""
        self._versions[scope] = max(self._versions.get(scope, 0), version)

    def _reached_in(self, key: Key) -> int:
        return self._versions.get(key[0] if self._by_namespace else "", 0)

    def _candidates(self, index: tuple[str, str] | None) -> Iterable[O]:
        return self._shown.values() if index is None else self._entries(index).values()

    def _entries(self, index: tuple[str, str]) -> Mapping[Key, O]:
        name, value = index
        if name not in self._indexes:
            raise NotCached(f"no index {name!r}: declare it before the cache starts")
        return self._indexes[name].get(value, {})

    def _drop_own(self, key: Key, version: int) -> Sequence[Change[O]]:
        """Forget an own write up to a version; say what that changes."""
        before, after = self._shown.get(key), self._seen.get(key)
        self._settle(key, version)
        return [Change(before, after)] if self._shown.get(key) is not before else []

    def _settle(self, key: Key, version: int) -> None:
        own = self._own.get(key)
        if own is None or own.version <= version:
            self._own.pop(key, None)
            self._show(key, self._seen.get(key))

    def _show(self, key: Key, obj: O | None) -> None:
        old = self._shown.pop(key, None)
        if obj is not None:
            self._shown[key] = obj
        for name, function in self._functions.items():
            index = self._indexes[name]
            if old is not None:
                for value in function(old):
                    entries = index.get(value, {})
                    entries.pop(key, None)
                    if not entries:
                        index.pop(value, None)
            if obj is not None:
                for value in function(obj):
                    index.setdefault(value, {})[key] = obj


def version_of(obj: Object) -> int:
    """Return an object's resourceVersion as a number."""
    return _number(obj.metadata.resource_version)


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0
