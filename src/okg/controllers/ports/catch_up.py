"""CatchUp: whether our pools know every object that has ports.

A leader before us may have dropped a claim because it knew of the Service that has the ports. Our
cache may not have come so far when we begin to lead, or at any time while a watch is out of order,
and ports that are not known to be somebody's would be taken for nobody's.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from okg.api.resource import Object
from okg.cloudprovider.pool import Pool
from okg.controllers.reader import Reader


class Inventory(msgspec.Struct, frozen=True):
    """What the caches hold, read past them.

    Attributes:
        live: reads.
        namespace: the one that is cached; empty for all.
        labels: by which objects of a kind are cached; without an entry all are.
    """

    live: Reader
    namespace: str = ""
    labels: Mapping[type[Object], str] = {}

    def all_of(self, kind: type[Object]) -> Sequence[Object]:
        """Return all objects of a kind."""
        return self.live.list(kind, namespace=self.namespace, labels=self.labels.get(kind, ""))

    def current(self, obj: Object) -> Object | None:
        """Return an object as it is now; None if it is gone."""
        return self.live.get(type(obj), obj.metadata.namespace, obj.metadata.name)


class CatchUp:
    """Compares pools with what the server had when that was begun. For one thread.

    Args:
        inventory: what there is.
        pools: told by the caches.
    """

    def __init__(self, inventory: Inventory, pools: Sequence[Pool]) -> None:
        self._inventory = inventory
        self._pools = pools
        self._unknown: Sequence[Object] | None = None

    @property
    def was_done(self) -> bool:
        """Whether it was done the last time that was asked."""
        return self._unknown is not None and not self._unknown

    def begin(self) -> None:
        """Compare with what the server has now."""
        self._unknown = None

    def is_done(self) -> bool:
        """Whether every object that was there is known, or gone by now."""
        if self._unknown is None:
            self._unknown = self._among(self._all())
        elif self._unknown:
            there = map(self._inventory.current, self._unknown)
            self._unknown = self._among(obj for obj in there if obj is not None)
        return not self._unknown

    def _all(self) -> Iterable[Object]:
        for kind in {kind for pool in self._pools for kind in pool.kinds}:
            yield from self._inventory.all_of(kind)

    def _among(self, objects: Iterable[Object]) -> Sequence[Object]:
        """Return those that a pool has yet to hear of."""
        return [obj for obj in objects if not all(pool.index.has(obj) for pool in self._pools)]
