"""The GameServer controller."""

from collections.abc import Callable

from okg.api.core import Pod
from okg.controllers.backends import Backends
from okg.controllers.gameserver.reconciler import GameServerReconciler
from okg.controllers.gameserver.watches import watches
from okg.controllers.host import Host
from okg.controllers.indexes import declare_indexes
from okg.controllers.spans import server_span
from okg.runtime.controller import Controller
from okg.workload.network_status import DEFAULT_PATIENCE, SELDOM, NetworkPatience

__all__ = ["NAME", "GameServerReconciler", "controller", "watches"]

NAME = "gameserver-controller"
"""Name in metrics and events, as upstream's."""


def controller(
    manager: Host,
    workers: int = 10,
    *,
    patience: NetworkPatience = DEFAULT_PATIENCE,
    backends: Backends | None = None,
    resizing: bool = False,
    trouble_of: Callable[[Pod], str] = lambda _: "",
) -> Controller:
    """Return the controller, ready to be added to a manager.

    Args:
        manager: what it will run in.
        workers: servers that are worked on at the same time.
        patience: how long networks are waited for.
        backends: where workloads are kept; OpenKruise alone if not given.
        resizing: whether the API server changes amounts of resources of running pods.
        trouble_of: tells why a pod that we make ourselves cannot have its network.
    """
    declare_indexes(manager)
    recorder = manager.recorder_for(NAME)
    reconciler = GameServerReconciler(
        manager.client,
        recorder,
        patience=patience,
        backends=backends,
        resizing=resizing,
        trouble_of=trouble_of,
    )
    return Controller(
        NAME,
        reconciler,
        watches(manager.client),
        workers=workers,
        span=server_span,
        # A plugin that refuses a pod is asked as often as one that has it wait.
        longest_backoff=SELDOM.total_seconds(),
    )
