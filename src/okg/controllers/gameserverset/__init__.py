"""The GameServerSet controller."""

from okg.controllers.backends import Backends, kruise_only
from okg.controllers.gameserverset.reconciler import GameServerSetReconciler
from okg.controllers.gameserverset.watches import watches
from okg.controllers.host import Host
from okg.controllers.indexes import declare_indexes
from okg.controllers.spans import set_span
from okg.controllers.workload.migration import Mover, Rehearsal
from okg.runtime.controller import Controller
from okg.workload.network_rules import Networks
from okg.workload.probe_marker import Markers

__all__ = ["NAME", "GameServerSetReconciler", "controller", "watches"]

NAME = "gameserverset-controller"
"""Name in metrics and events, as upstream's."""


def controller(
    manager: Host,
    workers: int = 10,
    *,
    backends: Backends | None = None,
    markers: Markers = Markers.USED,
    live: Rehearsal | None = None,
    networks: Networks | None = None,
) -> Controller:
    """Return the controller, ready to be added to a manager.

    Args:
        manager: what it will run in.
        workers: sets that are worked on at the same time.
        backends: where workloads are kept; OpenKruise alone if not given.
        markers: whether OpenKruise probes.
        live: reads past the caches, such as the manager's ``api``; without it no set is moved from
            one back end to another, and sizes are trusted to be the latest.
        networks: those that sets may have; None to let them have any.
    """
    declare_indexes(manager)
    recorder = manager.recorder_for(NAME)
    backends = backends or kruise_only(manager.client)
    movable = live is not None and len(backends.served) > 1
    mover = Mover(manager.client, live, recorder) if live is not None and movable else None
    reconciler = GameServerSetReconciler(
        manager.client,
        recorder,
        backends=backends,
        markers=markers,
        mover=mover,
        live=live,
        networks=networks,
    )
    watched = watches(served=backends.served, markers=markers)
    return Controller(NAME, reconciler, watched, workers=workers, span=set_span)
