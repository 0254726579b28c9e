"""The GameServerSet controller."""

from okg.controllers.gameserverset.reconciler import GameServerSetReconciler
from okg.controllers.gameserverset.watches import watches
from okg.controllers.host import Host
from okg.controllers.indexes import declare_indexes
from okg.runtime.controller import Controller

__all__ = ["NAME", "GameServerSetReconciler", "controller", "watches"]

NAME = "gameserverset-controller"
"""Name in metrics and events, as upstream's."""


def controller(manager: Host, workers: int = 10) -> Controller:
    """Return the controller, ready to be added to a manager."""
    declare_indexes(manager)
    reconciler = GameServerSetReconciler(manager.client, manager.recorder_for(NAME))
    return Controller(NAME, reconciler, watches(), workers=workers)
