"""What starts a look at a record: itself, and Services whose ports it is about."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from okg.api.service import Service
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

    def records_of(old: Service | None, new: Service | None) -> Iterable[Request]:
        return [Request.of(it.record) for it in pools if it.index.concerns(old, new)]

    return (
        Watch(LedgerRecord, enqueue_object, gather=GATHER),
        Watch(Service, records_of, gather=GATHER),
    )
