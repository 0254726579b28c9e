"""The metrics of ``okg manager``, wired up."""

from okg.api.game import GameServer, GameServerSet
from okg.cmd.options import ManagerFlags
from okg.exporter.collector import FleetCollector
from okg.runtime.manager import Manager


def add_metrics(manager: Manager, flags: ManagerFlags) -> None:
    """Measure servers and sets where the controllers are, and tell while we lead and know them all.

    Every replica knows them, and a dashboard adds up what it finds.
    """
    if not flags.controllers:
        return
    collector = FleetCollector(lambda: manager.is_leader and manager.is_synced)
    manager.hear(GameServer, collector.on_server)
    manager.hear(GameServerSet, collector.on_set)
    manager.registry.register(collector)
