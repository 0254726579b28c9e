"""The port controller: keeps the records of given ports in step with the objects that have them.

Ports are drawn by every replica, and freed by the leader alone.
"""

from collections.abc import Sequence

from okg.cloudprovider.pool import Pool
from okg.controllers.host import Host
from okg.controllers.ports.catch_up import CatchUp, Inventory
from okg.controllers.ports.keeper import PortKeeper
from okg.controllers.ports.watches import watches
from okg.runtime.controller import Controller

__all__ = ["NAME", "CatchUp", "Inventory", "PortKeeper", "controller", "watches"]

NAME = "port-controller"
"""Name in metrics and events."""


def controller(manager: Host, inventory: Inventory, pools: Sequence[Pool]) -> Controller:
    """Return the controller, ready to be added to a manager.

    Args:
        manager: what it will run in; the pools are told of what its caches hold.
        inventory: the same, read past the caches.
        pools: whose records are kept.
    """
    keeper = PortKeeper(manager.client, pools, CatchUp(inventory, pools))
    return Controller(NAME, keeper, watches(pools))
