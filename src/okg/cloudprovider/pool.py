"""Pool: ports of load balancers, and all that is known of them.

Network types that draw from the same load balancers draw from one pool, and a Service of any of
them counts for all. Who runs the plugins finds their pools here, and feeds them and keeps their
records.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from okg.api.resource import Object
from okg.client.client import Client
from okg.cloudprovider.drawing import Allocation, Wish
from okg.cloudprovider.ledger import PortLedger, tidied
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.port_index import Placement, PortIndex
from okg.cloudprovider.ports import PortRange
from okg.context import Context


class Pool:
    """Ports of the same numbers on any number of load balancers.

    Args:
        name: part of the record's.
        namespace: of the record.
        allowed: which ports may be given.
        place: tells which ports an object has, of the kinds that are observed.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        allowed: PortRange,
        place: Callable[[Object], Placement | None],
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.allowed = allowed
        self.index = PortIndex(place)
        self._ledger = PortLedger(name, namespace, allowed, self.index)

    def observe(self, old: Object | None, new: Object | None) -> None:
        """Take in a Service that came, changed or went."""
        self.index.observe(old, new)

    def draw(self, ctx: Context, client: Client, wish: Wish) -> Allocation:
        """Return ports that are the holder's from now on; ask again and they are the same.

        Raises:
            PluginError: there is no room.
            Cancelled: the context is done; what was drawn is free again after a while.
        """
        return self._ledger.draw(ctx, client, wish)

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
