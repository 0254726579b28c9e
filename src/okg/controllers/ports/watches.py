"""What starts a look at a record: itself, and objects whose ports it is about."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from okg.api.resource import Object
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.pool import Pool
from okg.runtime.handlers import enqueue_object
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch

GATHER = timedelta(seconds=5)
"""Shortest time between two looks at one record. Each write of it makes who draws at that moment
draw again, and nobody waits for a port to be freed but a pool that is full."""


def watches(pools: Sequence[Pool]) -> Sequence[AnyWatch]:
    """Return what a port controller watches."""
    kinds = dict.fromkeys(kind for pool in pools for kind in pool.kinds)
    return (
        Watch(LedgerRecord, enqueue_object, gather=GATHER),
        *(_watch(kind, [pool for pool in pools if kind in pool.kinds]) for kind in kinds),
    )


def _watch(kind: type[Object], pools: Sequence[Pool]) -> AnyWatch:
    def records_of(old: Object | None, new: Object | None) -> Iterable[Request]:
        return [Request.of(pool.record) for pool in pools if pool.index.concerns(old, new)]

    return Watch(kind, records_of, gather=GATHER)
