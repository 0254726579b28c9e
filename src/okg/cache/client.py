"""CachedClient: the Client that reconcilers get. Reads from informers, writes to the server."""

import time
from collections.abc import Callable, Mapping, Sequence

from okg.api.resource import O, Object
from okg.cache.informers import Informers
from okg.cache.store import Store
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import NotFound

LAZY_SYNC_TIMEOUT = 30.0
"""Seconds a first read of a kind that nobody declared may wait for its list."""


class CachedClient:
    """Reads include our own recent writes; nobody else's write is needed to see them.

    A kind that is read for the first time gets an informer then; declaring kinds through watches
    or indexes before the start avoids that wait.

    Args:
        api: live client.
        informers: where reads come from.
        before_write: raises when nothing may be written any more (LeadershipLost).
        monotonic: where time comes from.
    """

    def __init__(
        self,
        api: ApiClient,
        informers: Informers,
        *,
        before_write: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._informers = informers
        self._before_write = before_write
        self._monotonic = monotonic
        self._lazy: set[type[Object]] = set()

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return the object or None."""
        return self._store(kind).get((namespace if kind.resource_type.namespaced else "", name))

    def list(
        self,
        kind: type[O],
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        index: tuple[str, str] | None = None,
    ) -> Sequence[O]:
        """Return the objects that match all criteria."""
        return self._store(kind).list(namespace=namespace, labels=labels, index=index)

    def count(self, kind: type[O], *, index: tuple[str, str]) -> int:
        """Return how many objects an index has under a value."""
        return self._store(kind).count(index)

    def create(self, obj: O) -> O:
        """Create an object and return it as stored."""
        self._before_write()
        return self._remember(self._api.create(obj))

    def create_from(self, draft: Object, kind: type[O]) -> O:
        """Create what a draft says and return it as stored; reads of ``kind`` show it."""
        self._before_write()
        return self._remember(self._api.create_from(draft, kind))

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        """Send the difference of two values and return the object as stored."""
        self._before_write()
        try:
            return self._remember(
                self._api.patch(before, after, subresource=subresource, lock=lock)
            )
        except NotFound:
            self._forget(before)
            raise

    def delete(
        self,
        obj: Object,
        *,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        lock: bool = False,
    ) -> None:
        """Delete this very object."""
        self._before_write()
        try:
            left = self._api.delete(
                obj, propagation=propagation, grace_seconds=grace_seconds, lock=lock
            )
        except NotFound:
            self._forget(obj)
            raise
        if left is None:
            self._forget(obj)
        else:
            self._remember(left)

    def _store(self, kind: type[O]) -> Store[O]:
        informer = self._informers.existing(kind)
        if informer is None:
            self._lazy.add(kind)
            informer = self._informers.informer(kind)
        if kind in self._lazy and not informer.synced:
            self._informers.wait_for_sync(Context(), timeout=LAZY_SYNC_TIMEOUT)
        return informer.store

    def _remember(self, obj: O) -> O:
        informer = self._informers.existing(type(obj))
        if informer is not None:
            informer.store.wrote(obj, self._monotonic())
        return obj

    def _forget(self, obj: Object) -> None:
        informer = self._informers.existing(type(obj))
        if informer is not None:
            informer.store.deleted(obj, self._monotonic())
