"""The GameServer controller."""

from okg.controllers.gameserver.reconciler import GameServerReconciler
from okg.controllers.gameserver.watches import watches
from okg.controllers.host import Host
from okg.controllers.indexes import declare_indexes
from okg.runtime.controller import Controller

__all__ = ["NAME", "GameServerReconciler", "controller", "watches"]

NAME = "gameserver-controller"
"""Name in metrics and events, as upstream's."""


def controller(manager: Host, workers: int = 10) -> Controller:
    """Return the controller, ready to be added to a manager."""
    declare_indexes(manager)
    reconciler = GameServerReconciler(manager.client, manager.recorder_for(NAME))
    return Controller(NAME, reconciler, watches(manager.client), workers=workers)
