"""Storage: objects, one revision counter for all of them, and the history that watches resume from.

One lock guards everything here and is held for decisions only. A writer reads a record, works out
the next tree without the lock, and commits if nobody was faster, as the real server does with
etcd. Subscribers are told of a change under the lock, which gives all of them the same order; they
only put it into a queue of their own (lock order: storage, then subscriber).
"""

import bisect
import threading
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.refusals import expired, no_such_resource
from okg.testing.apiserver.trees import Tree, branch, items, text


class Record(msgspec.Struct, frozen=True, eq=False):
    """An object as stored.

    Attributes:
        key: ``namespace/name``, or the name alone.
        tree: the object without apiVersion and kind.
        body: the same as JSON.
        revision: its resourceVersion.
    """

    key: str
    tree: Tree
    body: bytes
    revision: int

    @property
    def metadata(self) -> Tree:
        """The object's metadata."""
        return branch(self.tree, "metadata")


class Change(msgspec.Struct, frozen=True, eq=False):
    """One step in the history of an object.

    Attributes:
        before: what was there, None for a new object.
        after: what is there now; for a deletion the last state, at the revision of the deletion.
        gone: whether it is a deletion.
    """

    before: Record | None
    after: Record
    gone: bool = False

    @property
    def revision(self) -> int:
        """When it happened."""
        return self.after.revision


class Raced(Exception):
    """Somebody else committed first: read again."""


class Subscriber(Protocol):
    """Hears of the changes of one kind, in order, under the storage's lock."""

    def offer(self, change: Change) -> None:
        """Take note; must not block."""
        ...


class Collection:
    """The objects of one kind with their history; guarded by the storage's lock."""

    def __init__(self, history: int) -> None:
        self._history = history
        self.records: dict[str, Record] = {}
        self.changes: list[Change] = []
        self.compacted = 0
        self.subscribers: list[Subscriber] = []
        self._sorted: list[str] | None = None

    def ordered(self) -> list[Record]:
        """Return all records in the order of their keys."""
        if self._sorted is None:
            self._sorted = sorted(self.records)
        return [self.records[key] for key in self._sorted]

    def ordered_at(self, revision: int) -> list[Record]:
        """Return the records as they were, by taking back what happened since.

        Raises:
            Refusal: 410, the history does not go back that far.
        """
        later = self.since(revision)
        if not later:
            return self.ordered()
        records = dict(self.records)
        for change in reversed(later):
            if change.before is None:
                del records[change.after.key]
            else:
                records[change.before.key] = change.before
        return [records[key] for key in sorted(records)]

    def since(self, revision: int) -> list[Change]:
        """Return what happened after a revision.

        Raises:
            Refusal: 410, the history does not go back that far.
        """
        if revision < self.compacted:
            raise expired(
                f"resourceVersion {revision} is too old, history starts at {self.compacted}"
            )
        start = bisect.bisect_right(self.changes, revision, key=_revision)
        return self.changes[start:]

    def append(self, change: Change) -> None:
        """Apply a change and tell the subscribers."""
        key = change.after.key
        if change.gone:
            del self.records[key]
        else:
            self.records[key] = change.after
        if change.gone or change.before is None:
            self._sorted = None
        self.changes.append(change)
        if len(self.changes) > 2 * self._history:
            self.compact(self.changes[-self._history - 1].revision)
        for subscriber in self.subscribers:
            subscriber.offer(change)

    def compact(self, revision: int) -> None:
        """Forget what happened up to a revision."""
        start = bisect.bisect_right(self.changes, revision, key=_revision)
        del self.changes[:start]
        self.compacted = max(self.compacted, revision)


class Storage:
    """All objects of all kinds. Safe for use from many threads.

    Args:
        history: how many changes of each kind can be gone back at least.
    """

    def __init__(self, history: int = 5_000) -> None:
        self._history = history
        self._lock = threading.Lock()
        self._revision = 1
        self._collections: dict[Kind, Collection] = {}
        self._owners: dict[str, tuple[Kind, str]] = {}
        self._dependents: dict[str, set[tuple[Kind, str]]] = {}
        self._noteworthy: list[tuple[Kind, Change]] = []

    @property
    def revision(self) -> int:
        """Revision of the last change."""
        with self._lock:
            return self._revision

    def add_kind(self, kind: Kind) -> None:
        """Make room for a kind."""
        with self._lock:
            self._collections[kind] = Collection(self._history)

    def remove_kind(self, kind: Kind) -> None:
        """Forget a kind and its objects."""
        with self._lock:
            del self._collections[kind]

    def read(self, kind: Kind, key: str) -> Record | None:
        """Return an object, or None."""
        with self._lock:
            return self._collection(kind).records.get(key)

    def snapshot(self, kind: Kind, at: int | None = None) -> tuple[int, Sequence[Record]]:
        """Return a revision and all objects of a kind at it, in order of their keys.

        Raises:
            Refusal: 410, ``at`` is older than the history.
        """
        with self._lock:
            collection = self._collection(kind)
            if at is None:
                return self._revision, collection.ordered()
            return at, collection.ordered_at(at)

    def commit(self, kind: Kind, before: Record | None, tree: Tree | None, key: str) -> Record:
        """Put ``tree`` in the place of ``before``; None deletes. Return the record, or the last.

        Raises:
            Raced: what is there is not ``before``.
        """
        with self._lock:
            collection = self._collection(kind)
            if collection.records.get(key) is not before:
                raise Raced
            self._revision += 1
            source = tree if tree is not None else before.tree if before else {}
            change = Change(before, stamped(key, source, self._revision), gone=tree is None)
            collection.append(change)
            self._index(kind, key, change)
            return change.after

    def subscribe(
        self, kind: Kind, subscriber: Subscriber, since: int | None
    ) -> tuple[Sequence[Record], Sequence[Change], int]:
        """Enter a subscriber, and return what it has to know before its first change.

        Args:
            kind: what it hears of.
            subscriber: hears of everything from now on.
            since: the revision it knows; None for a subscriber that knows nothing.

        Returns:
            the objects there are (only where it knows nothing), what happened since, the revision.

        Raises:
            Refusal: 410, ``since`` is older than the history.
        """
        with self._lock:
            collection = self._collection(kind)
            records = collection.ordered() if since is None else []
            changes = collection.since(since) if since is not None else []
            collection.subscribers.append(subscriber)
            return records, changes, self._revision

    def unsubscribe(self, kind: Kind, subscriber: Subscriber) -> None:
        """Take a subscriber out; harmless when repeated."""
        with self._lock:
            collection = self._collections.get(kind)
            if collection is not None and subscriber in collection.subscribers:
                collection.subscribers.remove(subscriber)

    def compact(self) -> int:
        """Forget the history up to now, and return the revision."""
        with self._lock:
            for collection in self._collections.values():
                collection.compact(self._revision)
            return self._revision

    def object_with_uid(self, uid: str) -> tuple[Kind, Record] | None:
        """Return an object by its uid."""
        with self._lock:
            place = self._owners.get(uid)
            return self._at(*place) if place else None

    def dependents(self, uid: str) -> list[tuple[Kind, Record]]:
        """Return the objects that name an owner."""
        with self._lock:
            places = sorted(self._dependents.get(uid, ()), key=_place_order)
            found = [self._at(*place) for place in places]
            return [pair for pair in found if pair is not None]

    def contents(self, namespace: str) -> list[tuple[Kind, Record]]:
        """Return all objects in a namespace."""
        with self._lock:
            return [
                (kind, record)
                for kind, collection in self._collections.items()
                if kind.resource.namespaced
                for key, record in collection.records.items()
                if key.startswith(f"{namespace}/")
            ]

    def has_noteworthy(self) -> bool:
        """Whether there are changes that may leave garbage behind."""
        with self._lock:
            return bool(self._noteworthy)

    def take_noteworthy(self) -> list[tuple[Kind, Change]]:
        """Return the changes that may leave garbage behind, once."""
        with self._lock:
            taken, self._noteworthy = self._noteworthy, []
            return taken

    def _collection(self, kind: Kind) -> Collection:
        collection = self._collections.get(kind)
        if collection is None:  # unregistered while the request was under way
            raise no_such_resource()
        return collection

    def _at(self, kind: Kind, key: str) -> tuple[Kind, Record] | None:
        collection = self._collections.get(kind)
        record = collection.records.get(key) if collection else None
        return None if record is None else (kind, record)

    def _index(self, kind: Kind, key: str, change: Change) -> None:
        """Keep the owner graph, and note what the garbage collector wants to see."""
        old = change.before.metadata if change.before else {}
        new = {} if change.gone else change.after.metadata
        if old.get("uid") != new.get("uid"):
            self._owners.pop(text(old, "uid"), None)
            if uid := text(new, "uid"):
                self._owners[uid] = (kind, key)
        old_owners, new_owners = old.get("ownerReferences"), new.get("ownerReferences")
        if old_owners != new_owners:
            for uid in owner_uids(old):
                self._dependents.get(uid, set()).discard((kind, key))
            for uid in owner_uids(new):
                self._dependents.setdefault(uid, set()).add((kind, key))
        deleting = old.get("deletionTimestamp") != new.get("deletionTimestamp")
        if change.gone or old_owners != new_owners or deleting:
            self._noteworthy.append((kind, change))


def key_of(namespace: str, name: str) -> str:
    """Return the key of an object, unique within its kind."""
    return f"{namespace}/{name}" if namespace else name


def record_of(key: str, tree: Tree, revision: int) -> Record:
    """Return the record of a tree that carries its revision already."""
    return Record(key, tree, msgspec.json.encode(tree), revision)


def stamped(key: str, tree: Tree, revision: int) -> Record:
    """Return the record of a tree at a revision."""
    metadata = {**branch(tree, "metadata"), "resourceVersion": str(revision)}
    return record_of(key, {**tree, "metadata": metadata}, revision)


def owner_uids(metadata: Tree) -> Iterable[str]:
    """Return the uids of an object's owners."""
    return [text(reference, "uid") for reference in items(metadata, "ownerReferences")]


def _revision(change: Change) -> int:
    return change.revision


def _place_order(place: tuple[Kind, str]) -> tuple[str, str]:
    return place[0].resource.group_resource, place[1]
