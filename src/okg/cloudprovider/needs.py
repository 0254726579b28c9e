"""Needs: what a plugin may say of itself beyond what it must, and what is done for it then.

All of it is optional. A kind that a plugin reads and does not name is cached when it is first asked
for, which the first pod waits for.
"""

from collections.abc import Collection
from typing import Protocol, runtime_checkable

from okg.api.resource import Object
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.pool import Pooled


@runtime_checkable
class Reading(Protocol):
    """Something that reads objects of the cluster."""

    @property
    def reads(self) -> Collection[type[Object]]:
        """The kinds, which are cached from the start on; without them it cannot be used."""
        ...


@runtime_checkable
class Observing(Protocol):
    """Something that follows objects of the cluster."""

    @property
    def observes(self) -> Collection[type[Object]]:
        """The kinds, which are cached, too."""
        ...

    def observe(self, old: Object | None, new: Object | None) -> None:
        """Take in an object that came, changed or went, on a thread of the cache: no I/O.

        All there are have been told before the plugin is started, on every replica. Some are told
        again.
        """
        ...


def kinds_of(plugin: NetworkPlugin) -> frozenset[type[Object]]:
    """Return all kinds that a plugin says it needs."""
    kinds = set[type[Object]]()
    if isinstance(plugin, Reading):
        kinds.update(plugin.reads)
    if isinstance(plugin, Observing):
        kinds.update(plugin.observes)
    for pool in plugin.pools if isinstance(plugin, Pooled) else ():
        kinds.update((LedgerRecord, *pool.kinds))
    return frozenset(kinds)
