"""The port controller: keeps the records of given ports in step with the Services that have them.

Ports are drawn by every replica, and freed by the leader alone.
"""

from collections.abc import Sequence

from okg.cloudprovider.pool import Pool
from okg.controllers.host import Host
from okg.controllers.ports.catch_up import CatchUp
from okg.controllers.ports.keeper import PortKeeper
from okg.controllers.ports.watches import watches
from okg.controllers.reader import Reader
from okg.runtime.controller import Controller

__all__ = ["NAME", "CatchUp", "PortKeeper", "controller", "watches"]

NAME = "port-controller"
"""Name in metrics and events."""


def controller(
    manager: Host,
    live: Reader,
    pools: Sequence[Pool],
    *,
    namespace: str = "",
) -> Controller:
    """Return the controller, ready to be added to a manager.

    Args:
        manager: what it will run in; the pools are told of the Services that its caches hold.
        live: reads past the caches, such as the manager's ``api``.
        pools: whose records are kept.
        namespace: the one that is looked after; empty for all.
    """
    catch_up = CatchUp(live, pools, namespace=namespace)
    keeper = PortKeeper(manager.client, pools, catch_up)
    return Controller(NAME, keeper, watches(pools))
