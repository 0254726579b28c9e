"""Client: what a reconciler talks to. Reads come from the cache, writes go to the server."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from okg.api.resource import O, Object


class Client(Protocol):
    """Typed reads and writes.

    Reads include the caller's own recent writes. Values are immutable and shared: a change is a
    new value, and ``patch`` sends the difference.
    """

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return an object or None; ``namespace`` is empty for cluster-scoped kinds."""
        ...

    def list(
        self,
        kind: type[O],
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        index: tuple[str, str] | None = None,
    ) -> Sequence[O]:
        """Return the objects that match all of namespace, equal labels and (index name, value)."""
        ...

    def count(self, kind: type[O], *, index: tuple[str, str]) -> int:
        """Return how many objects an index (name, value) has, at a cost that does not grow."""
        ...

    def create(self, obj: O) -> O:
        """Create an object and return it as stored.

        Raises:
            AlreadyExists: an object of this name is there.
        """
        ...

    def create_from(self, draft: Object, kind: type[O]) -> O:
        """Create what a draft says, which is more than ``kind`` declares; return it as stored.

        Raises:
            AlreadyExists: an object of this name is there.
        """
        ...

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        """Send the difference of two values and return the object as stored.

        No difference, no request. With ``lock`` a change by anybody since ``before`` was read is a
        Conflict; without it only a re-created object is. Fields we do not declare are never
        touched.

        Raises:
            Conflict: lost the race; reconcile again with a fresh read.
            NotFound: the object is gone.
        """
        ...

    def delete(
        self,
        obj: Object,
        *,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        lock: bool = False,
    ) -> None:
        """Delete this very object: its uid is the precondition, with ``lock`` its version too.

        Raises:
            NotFound: it is gone already.
            Conflict: another object has taken its name, or it has changed.
        """
        ...
