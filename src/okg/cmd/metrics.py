"""The metrics of ``okg manager``, wired up."""

from okg.api.game import GameServer, GameServerSet
from okg.cloudprovider.pool import pools_of
from okg.cloudprovider.registry import Registry
from okg.cmd.options import ManagerFlags
from okg.exporter.collector import FleetCollector
from okg.exporter.ports import PortCollector
from okg.runtime.manager import Manager


def add_metrics(manager: Manager, flags: ManagerFlags, plugins: Registry) -> None:
    """Measure servers, sets and ports where the controllers are.

    They are told while we lead and know them all: every replica knows them, and a dashboard adds up
    what it finds.
    """
    if not flags.controllers:
        return

    def is_asked() -> bool:
        return manager.is_leader and manager.is_synced

    collector = FleetCollector(is_asked)
    manager.hear(GameServer, collector.on_server)
    manager.hear(GameServerSet, collector.on_set)
    manager.registry.register(collector)
    manager.registry.register(PortCollector(is_asked, pools_of(plugins)))
