"""The leavings controller: what sets leave behind in clouds is given back when they are gone."""

from collections.abc import Sequence

from okg.cloudprovider.leaving import Leaving
from okg.controllers.host import Host
from okg.controllers.leavings.reconciler import LeavingsReconciler
from okg.controllers.leavings.watches import watches
from okg.controllers.reader import Reader
from okg.runtime.controller import Controller

__all__ = ["NAME", "LeavingsReconciler", "controller", "watches"]

NAME = "leavings-controller"
"""Name in metrics."""


def controller(manager: Host, live: Reader, plugins: Sequence[Leaving]) -> Controller:
    """Return the controller, ready to be added to a manager.

    Args:
        manager: what it will run in.
        live: reads past the caches, such as the manager's ``api``.
        plugins: whose sets leave something behind.
    """
    reconciler = LeavingsReconciler(manager.client, live, plugins)
    return Controller(NAME, reconciler, watches(plugins))
