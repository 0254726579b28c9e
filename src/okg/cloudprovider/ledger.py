"""PortLedger: ports of load balancers, drawn by several replicas without ever meeting.

Whoever draws writes the record with the resourceVersion it was read at, so of two replicas that
want one port the API server refuses one, which looks again. A port is in the record from before
its Service is made until after that is gone, which is for ``tidied`` to tell. Whose it is, the
Services say, under an informer.

Requests that meet in one process go in one write: the first to come writes for all who came
meanwhile. The lock guards the queue alone.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TypeAlias, TypeVar

import msgspec

from okg.client.client import Client
from okg.cloudprovider.drawing import Allocation, Books, Wish, draw
from okg.cloudprovider.ledger_record import LedgerRecord, balancers_of, blank, read_book, with_books
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.port_index import PortIndex
from okg.cloudprovider.ports import PortBook, PortRange, free_in, repair, settle
from okg.context import Context
from okg.errors import AlreadyExists, Cancelled, Conflict, NotFound

_RETRY_SECONDS = 0.05
"""How long the cache is given to show what another replica has just written."""


T = TypeVar("T")

BookOf: TypeAlias = Callable[[str], PortBook]
"""Returns what is given of a load balancer: what is recorded, and what the cluster has."""

Change: TypeAlias = Callable[[BookOf, datetime], tuple[T, Books]]
"""Returns an answer and the books that change; a function of values that may be called again.

Raises PluginError where nothing is to change.
"""


class _Granted(msgspec.Struct, frozen=True):
    tell: Callable[[], None]
    books: Books


class _Request(msgspec.Struct, frozen=True):
    grant: Callable[[BookOf, datetime], _Granted]
    fail: Callable[[BaseException], None]


class PortLedger:
    """The ports of one pool.

    Args:
        pool: its name, part of the record's.
        namespace: of the record.
        allowed: what may be given.
        index: what the cluster has.
    """

    def __init__(self, pool: str, namespace: str, allowed: PortRange, index: PortIndex) -> None:
        self.allowed = allowed
        self._index = index
        self._blank = blank(namespace, pool)
        self._lock = Lock()
        self._queue: list[_Request] = []
        self._writing = False

    def draw(self, ctx: Context, client: Client, wish: Wish) -> Allocation:
        """Return ports that are the holder's from now on; ask again and they are the same.

        Raises:
            PluginError: there is no room.
            Cancelled: the context is done; what was drawn is free again after a while.
        """

        def grant(book_of: BookOf, now: datetime) -> tuple[Allocation, Books]:
            drawn = draw(book_of, wish, self.allowed, now)
            if drawn is None:
                raise self._exhausted(book_of, wish)
            return drawn

        return self.change(ctx, client, grant)

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
            granted = self._grant(record or self._blank, batch, ctx.clock.now())
            changed = {name: book for one in granted for name, book in one.books.items()}
            try:
                if record is None and changed:
                    client.create(with_books(self._blank, changed))
                elif record is not None:
                    client.patch(record, with_books(record, changed))
            except (AlreadyExists, Conflict, NotFound):
                ctx.sleep(_RETRY_SECONDS)
                continue
            return granted

    def _grant(
        self, record: LedgerRecord, batch: Sequence[_Request], now: datetime
    ) -> Sequence[_Granted]:
        """Return what each request gets; each finds the books as those before it leave them."""
        books: dict[str, PortBook] = {}

        def book_of(balancer: str) -> PortBook:
            if balancer not in books:
                books[balancer] = self._book(record, balancer)
            return books[balancer]

        granted: list[_Granted] = []
        for request in batch:
            granted.append(request.grant(book_of, now))
            books |= granted[-1].books
        return granted

    def _book(self, record: LedgerRecord, balancer: str) -> PortBook:
        """Return what is given of a load balancer: what is recorded, and what Services have."""
        book = read_book(record, balancer)
        return msgspec.structs.replace(book, used=book.used | self._index.in_use(balancer))

    def _exhausted(self, book_of: BookOf, wish: Wish) -> PluginError:
        """Say how full everything is."""
        names = [balancer for group in wish.groups for balancer in group.balancers]
        full = ", ".join(
            f"{name} has {free_in([book_of(name)], self.allowed).bit_count()} free of"
            f" {self.allowed.size}"
            for name in dict.fromkeys(names)
        )
        why = full or "no load balancer is named"
        return PluginError(
            PluginErrorType.PARAMETER,
            f"no available ports: {wish.count} wanted for {wish.holder}, {why} in"
            f" {self.allowed.low}-{self.allowed.high}; add a load balancer or widen the range",
        )


def _make(change: Change[T], answer: Future[T], book_of: BookOf, now: datetime) -> _Granted:
    """Make a change; it is told when it is on record."""
    try:
        value, books = change(book_of, now)
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


def _tidied(balancer: str, book: PortBook, index: PortIndex, now: datetime) -> PortBook:
    def held(holder: str) -> int:
        return index.ports_of(balancer, holder)

    return repair(settle(book, held, now), index.in_use(balancer))
