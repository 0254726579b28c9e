"""The workload controller: the pods of game servers where there is no OpenKruise."""

from collections.abc import Sequence

from okg.api.apps import ControllerRevision
from okg.api.core import Pod
from okg.context import Context
from okg.controllers.host import Host
from okg.controllers.indexes import (
    BY_MANAGER,
    BY_SET,
    Index,
    declare_indexes,
    set_keys,
    strayed_from,
)
from okg.controllers.network.desk import PluginDesk
from okg.controllers.reader import Reader
from okg.controllers.spans import workload_span
from okg.controllers.workload.admission import PodAdmission
from okg.controllers.workload.pool import WorkPool
from okg.controllers.workload.reconciler import WorkloadReconciler
from okg.controllers.workload.watches import SELECTIONS, watches
from okg.runtime.controller import Controller
from okg.runtime.reconcile import Request
from okg.threads import ThreadGroup

__all__ = [
    "NAME",
    "SELECTIONS",
    "WorkPool",
    "WorkloadController",
    "WorkloadReconciler",
    "controller",
    "watches",
    "workload_indexes",
]

NAME = "workload-controller"
"""Name in metrics and events."""

WORKERS = 2
"""Sets that are looked at at the same time by default: a pass is little work and many writes, and
those are the writers'. More would only share them."""

WRITERS = 7
"""Threads that all workers share for writing pods. With the workers of all controllers they are the
32 that a process may have: more of them wait for each other instead of the server."""


class WorkloadController(Controller):
    """A controller whose reconciler shares the threads of a pool.

    Args:
        pool: its threads live as long as the controller runs.
        reconciler: what is run.
        workers: sets that are worked on at the same time.
    """

    def __init__(self, pool: WorkPool, reconciler: WorkloadReconciler, workers: int) -> None:
        super().__init__(NAME, reconciler, watches(), workers=workers, span=workload_span)
        self._pool = pool

    @property
    def threads(self) -> int:
        """How many threads work at the same time, those of the pool included."""
        return super().threads + self._pool.threads

    def run(self, ctx: Context) -> None:
        """Work until the context is done and every request in hand is finished."""
        group = ThreadGroup(Context(ctx.log, clock=ctx.clock))
        for number in range(self._pool.threads):
            group.start(f"{NAME}-writer-{number}", self._pool.help)
        try:
            super().run(ctx)
        finally:
            self._pool.close()
            group.join()


def workload_indexes() -> Sequence[Index]:
    """Return the indexes that this controller needs beside those of all."""
    return ((ControllerRevision, BY_SET, set_keys), (Pod, BY_MANAGER, strayed_from))


def controller(
    manager: Host,
    live: Reader,
    workers: int = WORKERS,
    *,
    desk: PluginDesk | None = None,
    resizing: bool = False,
) -> WorkloadController:
    """Return the controller, ready to be added to a manager whose caches have ``SELECTIONS``.

    Args:
        manager: what it will run in.
        live: reads past the caches, such as the manager's ``api``.
        workers: sets that are worked on at the same time.
        desk: where network plugins are asked; without one pods get no network.
        resizing: whether the API server changes amounts of resources of running pods.
    """

    def wake(request: Request) -> None:
        made.enqueue(request)

    declare_indexes(manager)
    for kind, name, function in workload_indexes():
        manager.index(kind, name, function)
    pool = WorkPool(WRITERS)
    recorder = manager.recorder_for(NAME)
    admission = PodAdmission(manager.client, recorder, desk, wake)
    reconciler = WorkloadReconciler(
        manager.client, live, recorder, pool, admission=admission, resizing=resizing
    )
    made = WorkloadController(pool, reconciler, workers)
    return made
