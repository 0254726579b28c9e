"""CatchUp: whether our pools know every Service that is there.

A leader before us may have dropped a claim because it knew of the Service that has the ports. Our
cache may not have come so far when we begin to lead, or at any time while a watch is out of order,
and ports that are not known to be somebody's would be taken for nobody's.
"""

from collections.abc import Iterable, Sequence

from okg.api.service import Service
from okg.cloudprovider.pool import Pool
from okg.controllers.reader import Reader


class CatchUp:
    """Compares pools with what the server had when that was begun. For one thread.

    Args:
        live: reads past the caches.
        pools: told by the caches.
        namespace: where Services are looked for; empty for everywhere.
    """

    def __init__(self, live: Reader, pools: Sequence[Pool], *, namespace: str = "") -> None:
        self._live = live
        self._pools = pools
        self._namespace = namespace
        self._unknown: Sequence[Service] | None = None

    @property
    def was_done(self) -> bool:
        """Whether it was done the last time that was asked."""
        return self._unknown is not None and not self._unknown

    def begin(self) -> None:
        """Compare with what the server has now."""
        self._unknown = None

    def is_done(self) -> bool:
        """Whether every Service that was there is known, or gone by now."""
        if self._unknown is None:
            self._unknown = self._among(self._live.list(Service, namespace=self._namespace))
        elif self._unknown:
            self._unknown = self._among(self._still_there(self._unknown))
        return not self._unknown

    def _still_there(self, services: Iterable[Service]) -> Iterable[Service]:
        for meta in (service.metadata for service in services):
            found = self._live.get(Service, meta.namespace, meta.name)
            if found is not None:
                yield found

    def _among(self, services: Iterable[Service]) -> Sequence[Service]:
        """Return those that a pool has yet to hear of."""
        return [it for it in services if not all(pool.index.has(it) for pool in self._pools)]
