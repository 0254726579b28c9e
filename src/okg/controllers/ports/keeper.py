"""PortKeeper: takes out of the records of given ports what nobody has any more.

| what is on record | what becomes of it |
|---|---|
| a claim whose Service is there | it is settled; the Service tells from now on |
| a claim whose Service never came | it expires, and its ports are free |
| ports of a Service that is gone | they are free |
| nothing, of a Service that is there | its ports are noted |
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from okg.client.client import Client
from okg.clock import SYSTEM_CLOCK, Clock
from okg.cloudprovider.ledger import time_to_expiry
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.pool import Pool
from okg.context import Context
from okg.controllers.ports.catch_up import CatchUp
from okg.errors import TerminalError
from okg.runtime.reconcile import Request, Result

CATCH_UP_PERIOD = timedelta(seconds=1)
"""Time between two looks whether our caches have come far enough."""


class PortKeeper:
    """Keeps one record. Only for the leader, and for one thread.

    Args:
        client: reads and writes records.
        pools: whose records there are.
        catch_up: nothing is freed before it is done.
        clock: where the time of claims comes from.
    """

    def __init__(
        self,
        client: Client,
        pools: Sequence[Pool],
        catch_up: CatchUp,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._pools = {Request.of(pool.record): pool for pool in pools}
        self._catch_up = catch_up
        self._clock = clock

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Look at one record."""
        del ctx
        pool = self._pools.get(request)
        record = self._client.get(LedgerRecord, request.namespace, request.name)
        if pool is None or record is None:
            return None
        try:
            return self._tidy(pool, record, self._clock.now())
        except ValueError as error:
            raise TerminalError(
                f"config map {record.key} cannot be read: {error}; delete the key that somebody"
                " wrote, and it is made anew from the Services"
            ) from error

    def _tidy(self, pool: Pool, record: LedgerRecord, now: datetime) -> Result | None:
        if time_to_expiry(record, now) == timedelta(0) and self._catch_up.was_done:
            # Is the Service really not there, or have we not heard of it?
            self._catch_up.begin()
        if not self._catch_up.is_done():
            return Result(requeue_after=CATCH_UP_PERIOD)
        again = time_to_expiry(self._client.patch(record, pool.tidied(record, now)), now)
        return Result(requeue_after=again) if again is not None else None
