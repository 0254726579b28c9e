"""PortLedger: ports of load balancers, drawn by several replicas without ever meeting.

Whoever draws writes the record with the resourceVersion it was read at, so of two replicas that
want one port the API server refuses one, which looks again. A port is in the record from before
its Service is made until after that is gone, which is for ``tidied`` to tell. Whose it is, the
Services say, under an informer.

Requests that meet in one process go in one write: the first to come writes for all who came
meanwhile. The lock guards the queue alone; the pages are the
writer's.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import TypeAlias, TypeVar

import msgspec

from okg.client.client import Client
from okg.cloudprovider.drawing import Allocation, Books, Group, Shelf, Wish, draw
from okg.cloudprovider.ledger_record import (
    LedgerRecord,
    Pages,
    balancers_of,
    blank,
    read_book,
    with_books,
)
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.port_index import PortIndex
from okg.cloudprovider.ports import PENDING, PortBook, PortRange, repair, settle
from okg.context import Context
from okg.errors import AlreadyExists, Cancelled, Conflict, NotFound

_RETRY_SECONDS = 0.05
"""How long the cache is given to show what another replica has just written."""


T = TypeVar("T")

Change: TypeAlias = Callable[[Shelf, datetime], tuple[T, Books]]
"""Returns an answer and the books that change; a function of values that may be called again.

Raises PluginError where nothing is to change.
"""


class _Granted(msgspec.Struct, frozen=True):
    tell: Callable[[], None]
    books: Books


class _Request(msgspec.Struct, frozen=True):
    grant: Callable[[Shelf, datetime], _Granted]
    fail: Callable[[BaseException], None]


class PortLedger:
    """The ports of one pool.

    Args:
        pool: its name, part of the record's.
        namespace: of the record.
        allowed: what may be given.
        index: what the cluster has.
        shortage: what kind of failure it is that there is no room.
    """

    def __init__(
        self,
        pool: str,
        namespace: str,
        allowed: PortRange,
        index: PortIndex,
        shortage: PluginErrorType = PluginErrorType.PARAMETER,
    ) -> None:
        self.allowed = allowed
        self._shortage = shortage
        self._index = index
        self._blank = blank(namespace, pool)
        self._lock = Lock()
        self._queue: list[_Request] = []
        self._writing = False
        self._pages = Pages()

    def draw(self, ctx: Context, client: Client, wish: Wish) -> Allocation:
        """Return ports that are the holder's from now on; ask again and they are the same.

        Raises:
            PluginError: there is no room.
            Cancelled: the context is done; what was drawn is free again after a while.
        """
        return self.change(ctx, client, partial(self._draw, wish))

    def fresh(self, wish: Wish, now: datetime) -> Allocation:
        """Return what is drawn where nothing is given, and note nothing.

        Raises:
            PluginError: even there is no room.
        """
        empty = Shelf(lambda _: PortBook(), lambda _: frozenset(), self.allowed)
        return self._draw(wish, empty, now)[0]

    def change(self, ctx: Context, client: Client, change: Change[T]) -> T:
        """Change what is given, and return the answer once that is on record.

        Raises:
            PluginError: the change does.
            Cancelled: the context is done; perhaps it was made.
        """
        while True:
            answer: Future[T] = Future()
            request = _Request(partial(_make, change, answer), answer.set_exception)
            with self._lock:
                self._queue.append(request)
                writes, self._writing = not self._writing, True
            if writes:
                self._write_all(ctx, client)
            try:
                return answer.result(ctx.remaining())
            except (Cancelled, TimeoutError):
                # Perhaps it was whoever wrote for us that had no more time.
                ctx.check()

    def _draw(self, wish: Wish, shelf: Shelf, now: datetime) -> tuple[Allocation, Books]:
        drawn = draw(shelf, wish, now)
        if drawn is None:
            raise self._exhausted(shelf, wish)
        return drawn

    def _write_all(self, ctx: Context, client: Client) -> None:
        """Answer what is queued until nothing is, or until we have no more time."""
        while True:
            with self._lock:
                batch, self._queue = self._queue, []
                self._writing = bool(batch) and not ctx.done
                writing = self._writing
            self._answer(ctx, client, batch)
            if not writing:
                return

    def _answer(self, ctx: Context, client: Client, batch: Sequence[_Request]) -> None:
        """Answer some requests; what stands against it is told to all of them."""
        try:
            granted = self._commit(ctx, client, batch)
        except BaseException as error:  # noqa: BLE001 - each caller's to judge, whatever it is
            for request in batch:
                request.fail(error)
            return
        for one in granted:
            one.tell()

    def _commit(
        self, ctx: Context, client: Client, batch: Sequence[_Request]
    ) -> Sequence[_Granted]:
        """Grant requests in one write, on whatever version of the record the server has."""
        meta = self._blank.metadata
        while True:
            ctx.check()
            record = client.get(LedgerRecord, meta.namespace, meta.name)
            shelf = self._shelf(record or self._blank)
            granted = _grant(shelf, batch, ctx.clock.now())
            written = with_books(record or self._blank, shelf.changed)
            self._pages.turn_to(written, shelf.changed)
            try:
                if record is not None:
                    client.patch(record, written)
                elif shelf.changed:
                    client.create(written)
            except (AlreadyExists, Conflict, NotFound) as error:
                # What is not found without a record is the namespace.
                if record is None and isinstance(error, NotFound):
                    raise
                ctx.sleep(_RETRY_SECONDS)
                continue
            return granted

    def _shelf(self, record: LedgerRecord) -> Shelf:
        """Return what is given: what is recorded, and what the cluster has."""
        self._pages.turn_to(record)

        def book_of(balancer: str) -> PortBook:
            book = self._pages.book_of(balancer)
            return PortBook(book.used | self._index.in_use(balancer), book.claims)

        return Shelf(book_of, self._pages.claimed_by, self.allowed)

    def _exhausted(self, shelf: Shelf, wish: Wish) -> PluginError:
        """Say how full everything is."""

        def told(group: Group) -> str:
            verb = "have" if len(group.balancers) > 1 else "has"
            names = " and ".join(group.balancers) or "a new one"
            return f"{names} {verb} {shelf.room(group)} free of {self.allowed.size}"

        full = ", ".join(map(told, wish.groups))
        why = full or "no load balancer is named"
        return PluginError(
            self._shortage,
            f"no available ports: {wish.count} wanted for {wish.holder}, {why} in"
            f" {self.allowed.low}-{self.allowed.high}; add a load balancer or widen the range",
        )


def _grant(shelf: Shelf, batch: Sequence[_Request], now: datetime) -> Sequence[_Granted]:
    """Return what each request gets; each finds the books as those before it leave them."""
    granted: list[_Granted] = []
    for request in batch:
        granted.append(request.grant(shelf, now))
        shelf.put(granted[-1].books)
    return granted


def _make(change: Change[T], answer: Future[T], shelf: Shelf, now: datetime) -> _Granted:
    """Make a change; it is told when it is on record."""
    try:
        value, books = change(shelf, now)
    except PluginError as error:
        return _Granted(partial(answer.set_exception, error), {})
    return _Granted(partial(answer.set_result, value), books)


def tidied(record: LedgerRecord, index: PortIndex, now: datetime) -> LedgerRecord:
    """Return the record without claims that Services have taken up, and without what nobody has.

    Only the leader may write it, and only when its index knows every Service there was when it
    began to lead: of a port whose claim is gone, nothing but that Service tells.
    """
    books = {balancer: read_book(record, balancer) for balancer in balancers_of(record)}
    return with_books(record, {name: _tidied(name, it, index, now) for name, it in books.items()})


def time_to_expiry(record: LedgerRecord, now: datetime) -> timedelta | None:
    """Return when the first claim on record is too old to be kept; None without any."""
    books = (read_book(record, balancer) for balancer in balancers_of(record))
    claimed = [claim.at for book in books for claim in book.claims.values()]
    return max(min(claimed) + PENDING - now, timedelta(0)) if claimed else None


def _tidied(balancer: str, book: PortBook, index: PortIndex, now: datetime) -> PortBook:
    def held(holder: str) -> int:
        return index.ports_of(balancer, holder)

    return repair(settle(book, held, now), index.in_use(balancer))
