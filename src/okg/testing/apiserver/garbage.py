"""Garbage collection: what kube-controller-manager does for objects with owners, and namespaces.

The storage notes the changes that may leave garbage; ``collect`` follows them until nothing is
left to do. One thread collects at a time, and it takes along what others bring meanwhile.
"""

import contextlib
import threading
from collections.abc import Callable

from okg.testing.apiserver.deletion import (
    FOREGROUND,
    ORPHAN,
    DeleteOptions,
    Deletion,
    Preconditions,
)
from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.objects import Objects
from okg.testing.apiserver.refusals import Refusal
from okg.testing.apiserver.storage import Change, Record, Storage, owner_uids
from okg.testing.apiserver.trees import Json, Tree, find, items, text, with_value


class GarbageCollector:
    """Deletes what has lost its last owner.

    Args:
        storage: knows who owns what.
        objects: writes.
        deletion: deletes.
        serves: tells whether a kind is served, given apiVersion and kind; owners of other kinds
            count as there.
        namespaces: the kind of namespaces.
    """

    def __init__(
        self,
        storage: Storage,
        objects: Objects,
        deletion: Deletion,
        *,
        serves: Callable[[str, str], bool],
        namespaces: Kind,
    ) -> None:
        self._storage = storage
        self._objects = objects
        self._deletion = deletion
        self._serves = serves
        self._namespaces = namespaces
        self._turn = threading.Lock()

    def collect(self) -> None:
        """Follow all noted changes until nothing is left to do."""
        # Looked at again after the turn: somebody may have come in vain just before its end.
        while self._storage.has_noteworthy():
            if not self._turn.acquire(blocking=False):
                return
            try:
                for kind, change in self._storage.take_noteworthy():
                    self._follow(kind, change)
            finally:
                self._turn.release()

    def _follow(self, kind: Kind, change: Change) -> None:
        metadata = change.after.metadata
        uid = text(metadata, "uid")
        if change.gone:
            self._attend_all(uid)
            for owner in owner_uids(metadata):
                self._release_foreground(owner)
            self._release_namespace(text(metadata, "namespace"))
            return
        if "deletionTimestamp" in metadata:
            if ORPHAN in items(metadata, "finalizers"):
                self._orphan(kind, change.after)
            if FOREGROUND in items(metadata, "finalizers"):
                self._attend_all(uid)
                self._release_foreground(uid)
            if kind.is_namespace:
                self._empty_namespace(text(metadata, "name"))
        self._attend(kind, change.after)

    def _attend_all(self, owner: str) -> None:
        for kind, record in self._storage.dependents(owner):
            self._attend(kind, record)

    def _attend(self, kind: Kind, seen: Record) -> None:
        """Delete an object that no owner is left to keep, or drop its references to those gone."""
        record = self._storage.read(kind, seen.key)
        if record is None or "deletionTimestamp" in record.metadata:
            return
        references = items(record.metadata, "ownerReferences")
        kept = [reference for reference in references if self._keeps(reference)]
        if len(kept) == len(references):
            return
        if kept:
            self._retain(kind, record, "ownerReferences", self._keeps)
        else:
            self._delete(kind, record, self._policy(record, references))

    def _keeps(self, reference: Json) -> bool:
        """Whether an owner is there and not about to go with its dependents."""
        found = self._storage.object_with_uid(text(reference, "uid"))
        if found is None:
            return not self._serves(text(reference, "apiVersion"), text(reference, "kind"))
        return not _awaits_dependents(found[1])

    def _policy(self, record: Record, references: list[Json]) -> str:
        finalizers = items(record.metadata, "finalizers")
        if ORPHAN in finalizers:
            return "Orphan"
        found = [self._storage.object_with_uid(text(one, "uid")) for one in references]
        awaited = any(owner is not None and _awaits_dependents(owner[1]) for owner in found)
        has_dependents = bool(self._storage.dependents(text(record.metadata, "uid")))
        if FOREGROUND in finalizers or (awaited and has_dependents):
            return "Foreground"
        return "Background"

    def _orphan(self, kind: Kind, owner: Record) -> None:
        uid = text(owner.metadata, "uid")
        for dependent_kind, record in self._storage.dependents(uid):
            self._retain(
                dependent_kind, record, "ownerReferences", lambda one: text(one, "uid") != uid
            )
        self._retain(kind, owner, "finalizers", lambda one: one != ORPHAN)

    def _release_foreground(self, uid: str) -> None:
        """Let an owner go when none of its dependents blocks it any more."""
        found = self._storage.object_with_uid(uid)
        if found is None or not _awaits_dependents(found[1]):
            return
        if not any(_blocks(record, uid) for _, record in self._storage.dependents(uid)):
            self._retain(*found, "finalizers", lambda one: one != FOREGROUND)

    def _empty_namespace(self, name: str) -> None:
        for kind, record in self._storage.contents(name):
            self._delete(kind, record, "Background")
        self._release_namespace(name)

    def _release_namespace(self, name: str) -> None:
        record = self._storage.read(self._namespaces, name) if name else None
        if record is None or "deletionTimestamp" not in record.metadata:
            return
        if not self._storage.contents(name):
            with contextlib.suppress(Refusal):
                self._objects.update(
                    self._namespaces,
                    name,
                    lambda before: with_value(before.tree, ("spec", "finalizers"), None),
                )

    def _delete(self, kind: Kind, record: Record, policy: str) -> None:
        options = DeleteOptions(
            preconditions=Preconditions(uid=text(record.metadata, "uid")), propagation_policy=policy
        )
        with contextlib.suppress(Refusal):
            self._deletion.delete(kind, record.key, options)

    def _retain(self, kind: Kind, seen: Record, field: str, keeps: Callable[[Json], bool]) -> None:
        """Take out of a list in an object's metadata what is not to be kept."""
        uid = text(seen.metadata, "uid")

        def draft(before: Record) -> Tree:
            if text(before.metadata, "uid") != uid:
                return before.tree
            kept: list[Json] = [one for one in items(before.metadata, field) if keeps(one)]
            return with_value(before.tree, ("metadata", field), kept)

        with contextlib.suppress(Refusal):
            self._objects.update(kind, seen.key, draft)


def _awaits_dependents(owner: Record) -> bool:
    metadata = owner.metadata
    return "deletionTimestamp" in metadata and FOREGROUND in items(metadata, "finalizers")


def _blocks(dependent: Record, owner: str) -> bool:
    return any(
        text(reference, "uid") == owner and find(reference, "blockOwnerDeletion") is True
        for reference in items(dependent.metadata, "ownerReferences")
    )
