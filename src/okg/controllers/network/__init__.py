"""The network controller: what plugins do for pods that we make ourselves, after they are made.

A controller of its own, and not part of the workload's: it looks at one pod at a time, while the
workload's looks at a whole set, and nothing it does has to wait for a pass over the set.
"""

from collections.abc import Sequence

from okg.context import Context
from okg.controllers.host import Host
from okg.controllers.network.desk import PluginDesk, Wake
from okg.controllers.network.reconciler import NetworkReconciler, nobody
from okg.controllers.network.watches import watches
from okg.controllers.reader import Reader
from okg.controllers.spans import network_span
from okg.runtime.controller import Controller
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch
from okg.workload.network_status import DEFAULT_PATIENCE, NetworkPatience

__all__ = [
    "NAME",
    "NetworkController",
    "NetworkReconciler",
    "PluginDesk",
    "controller",
    "watches",
]

NAME = "network-controller"
"""Name in metrics and events."""


class NetworkController(Controller):
    """A controller that ends the calls of plugins when it ends.

    Args:
        desk: where plugins are asked.
        reconciler: what is run.
        watched: which changes lead to which pods.
        workers: pods that are worked on at the same time; none of them waits for a plugin.
    """

    def __init__(
        self,
        desk: PluginDesk,
        reconciler: NetworkReconciler,
        watched: Sequence[AnyWatch],
        workers: int,
    ) -> None:
        super().__init__(NAME, reconciler, watched, workers=workers, span=network_span)
        self._desk = desk

    def run(self, ctx: Context) -> None:
        """Work until the context is done, every request is finished and no plugin is at work."""
        try:
            super().run(ctx)
        finally:
            self._desk.close()


def controller(
    manager: Host,
    live: Reader,
    desk: PluginDesk,
    workers: int = 1,
    *,
    patience: NetworkPatience = DEFAULT_PATIENCE,
    tell: Wake = nobody,
) -> NetworkController:
    """Return the controller, ready to be added to a manager with a workload controller.

    Args:
        manager: what it will run in.
        live: reads past the caches, such as the manager's ``api``.
        desk: where plugins are asked; the workload controller's.
        workers: pods that are worked on at the same time.
        patience: how long networks are waited for.
        tell: called with a pod whose plugin fails, or does so no longer.
    """

    def wake(request: Request) -> None:
        made.enqueue(request)

    reconciler = NetworkReconciler(
        manager.client,
        live,
        manager.recorder_for(NAME),
        desk,
        wake,
        tell=tell,
        patience=patience,
    )
    made = NetworkController(desk, reconciler, watches(manager.client, desk.kinds), workers)
    return made
