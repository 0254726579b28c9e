"""Pool: ports of load balancers, or of nodes, and all that is known of them.

Network types that draw from the same load balancers draw from one pool, and a Service of any of
them counts for all. Who runs the plugins finds their pools here, and feeds them and keeps their
records.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from msgspec.structs import replace

from okg.api.resource import Object
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.drawing import Allocation, Books, Holding, Shelf, Wish
from okg.cloudprovider.ledger import Change, PortLedger, tidied
from okg.cloudprovider.ledger_record import LedgerRecord, blank
from okg.cloudprovider.plugin import PluginErrorType
from okg.cloudprovider.port_index import Placement, PortIndex
from okg.cloudprovider.ports import PortRange, let_go
from okg.context import Context
from okg.errors import ApiError, TransportError

T = TypeVar("T")


class Pool:
    """Ports of the same numbers on any number of load balancers.

    Args:
        name: part of the record's.
        namespace: of the record.
        allowed: which ports may be given.
        place: tells which ports an object has, of the kinds that are observed.
        kinds: objects that have ports.
        shortage: what kind of failure it is that there is no room.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        allowed: PortRange,
        place: Callable[[Object], Placement | None],
        kinds: Sequence[type[Object]] = (Service,),
        *,
        shortage: PluginErrorType = PluginErrorType.PARAMETER,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.allowed = allowed
        self.kinds = kinds
        self.place = place
        self.index = PortIndex(place)
        self._ledger = PortLedger(name, namespace, allowed, self.index, shortage)

    @property
    def record(self) -> LedgerRecord:
        """The record as it is while nothing is given."""
        return blank(self.namespace, self.name)

    def observe(self, old: Object | None, new: Object | None) -> None:
        """Take in an object of one of the kinds that came, changed or went."""
        self.index.observe(old, new)

    def used(self) -> Mapping[str, int]:
        """Return how many allowed ports are not free, of each load balancer that has such."""
        allowed, in_use = self.allowed.bits, self.index.all_in_use()
        counts = {name: (ports & allowed).bit_count() for name, ports in in_use.items()}
        return {name: count for name, count in counts.items() if count}

    def allocate(
        self, ctx: Context, client: Client, wish: Wish, known: Holding | None
    ) -> Allocation:
        """Return what is wished for; ask again and it is the same.

        Args:
            ctx: while it is waited for.
            client: writes the record.
            wish: what is to be had.
            known: what its Services say it has. That stays as it is, and what is missing comes from
                the same load balancers; only where a Service is yet to be made on one on which
                somebody else has such a port, all get others.

        Raises:
            PluginError: there is no room.
            Cancelled: the context is done; what was drawn is free again after a while.
        """
        if known is None:
            return self._ledger.draw(ctx, client, wish)
        if (granted := known.granted(wish.count)) is not None:
            return granted
        more = replace(wish, groups=(known.group,), kept=known.ports)
        return self._ledger.draw(ctx, client, more)

    def fresh(self, ctx: Context, wish: Wish) -> Allocation:
        """Return what a load balancer has for a wish that is made for it; nothing is noted.

        Raises:
            PluginError: that would have too little room, too.
        """
        return self._ledger.fresh(wish, ctx.clock.now())

    def change(self, ctx: Context, client: Client, change: Change[T]) -> T:
        """Change what is given, and return the answer once that is on record.

        Raises:
            PluginError: the change does.
            Cancelled: the context is done; perhaps it was made.
        """
        return self._ledger.change(ctx, client, change)

    def let_go(self, ctx: Context, client: Client, holder: str) -> None:
        """Have ports free soon that were drawn for a server that goes and are nobody's yet."""

        def note(shelf: Shelf, now: datetime) -> tuple[None, Books]:
            books = {name: shelf.book(name) for name in shelf.claimed_by(holder)}
            noted = {name: let_go(book, holder, now) for name, book in books.items()}
            return None, {name: it for name, it in noted.items() if it is not books[name]}

        self.note_departure(ctx, client, holder, note)

    def note_departure(
        self, ctx: Context, client: Client, holder: str, change: Change[None]
    ) -> None:
        """Change what is given because somebody goes, whose deletion no failure may hold up.

        Raises:
            Cancelled: the context is done; perhaps it was noted.
        """
        try:
            self.change(ctx, client, change)
        except (ApiError, TransportError, ValueError) as error:
            said = "ports of a server that goes are not noted"
            ctx.log.warning(said, server=holder, error=str(error))

    def tidied(self, record: LedgerRecord, now: datetime) -> LedgerRecord:
        """Return the record as it is to be kept; for the leader alone, see ``ledger.tidied``."""
        return tidied(record, self.index, now)


@runtime_checkable
class Pooled(Protocol):
    """A network plugin that draws from pools; others have no such property."""

    @property
    def pools(self) -> Sequence[Pool]:
        """The pools, which other plugins may draw from, too."""
        ...


def pools_of(plugins: Iterable[object]) -> Sequence[Pool]:
    """Return the pools of all plugins, each once."""
    found = (pool for plugin in plugins if isinstance(plugin, Pooled) for pool in plugin.pools)
    return tuple(dict.fromkeys(found))
