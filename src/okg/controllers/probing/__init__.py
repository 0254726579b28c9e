"""The probe controller: probes of service qualities where no OpenKruise runs them."""

import random

from prometheus_client import CollectorRegistry

from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.controllers.host import Host
from okg.controllers.indexes import declare_indexes
from okg.controllers.probing.commands import Executor
from okg.controllers.probing.complaints import SetComplaints
from okg.controllers.probing.conditions import ConditionWriter
from okg.controllers.probing.desk import Desk
from okg.controllers.probing.metrics import ProbeMetrics
from okg.controllers.probing.prober import Prober
from okg.controllers.probing.reconciler import ProbeReconciler
from okg.controllers.probing.runner import HANDLERS, ProbeRunner
from okg.controllers.probing.watches import watches
from okg.runtime.controller import Controller
from okg.threads import ThreadGroup
from okg.workload.native.probing.book import Book
from okg.workload.native.probing.schedule import Limits

__all__ = [
    "NAME",
    "ConditionWriter",
    "Executor",
    "ProbeController",
    "controller",
]

NAME = "probe-controller"
"""Name in metrics and events."""

THREADS = 6
"""Probes at the same time; with these a controller of its own has eight threads."""


class ProbeController(Controller):
    """A controller with threads that probe and one that writes; all of them while it leads.

    Args:
        reconciler: tells the desk what there is.
        desk: hands out what is to be done.
        prober: does it.
        threads: probes at the same time.
        host: finds the pods of a set.
    """

    def __init__(
        self,
        reconciler: ProbeReconciler,
        desk: Desk,
        prober: Prober,
        host: Host,
        threads: int,
    ) -> None:
        super().__init__(NAME, reconciler, watches(host.client), workers=1)
        self._desk = desk
        self._prober = prober
        self._threads = threads

    @property
    def threads(self) -> int:
        """How many threads work at the same time: workers, probes and the writer."""
        return super().threads + self._threads + 1

    def run(self, ctx: Context) -> None:
        """Work until the context is done and what is in hand is finished."""
        group = ThreadGroup(Context(ctx.log, clock=ctx.clock))
        # One that fails takes all others along; the end of the process reaches what is in hand.
        group.ctx.on_cancel(self.queue.shut_down)
        group.ctx.on_cancel(self._desk.close)
        forget = ctx.on_cancel(group.stop)
        for number in range(self._threads):
            group.start(f"{NAME}-prober-{number}", self._prober.probe)
        group.start(f"{NAME}-writer", self._prober.write)
        try:
            super().run(ctx)
        finally:
            forget()
            group.stop()
            group.join()


def controller(
    host: Host,
    writer: ConditionWriter,
    executor: Executor | None,
    registry: CollectorRegistry,
    *,
    threads: int = THREADS,
    clock: Clock = SYSTEM_CLOCK,
) -> ProbeController:
    """Return the controller, ready to be added to a manager.

    Args:
        host: what it will run in.
        writer: writes conditions.
        executor: runs commands in containers; None if that is not allowed.
        registry: where to count.
        threads: probes at the same time.
        clock: where time comes from.
    """
    declare_indexes(host)
    recorder = host.recorder_for(NAME)
    limits = Limits(slots=threads, exec_slots=max(1, threads - 1))
    desk = Desk(Book(limits, random.random), clock)
    reconciler = ProbeReconciler(host.client, desk, recorder, exec_allowed=executor is not None)
    prober = Prober(
        desk,
        ProbeRunner(executor),
        writer,
        ProbeMetrics(registry, desk, [*HANDLERS.values()]),
        SetComplaints(host.client, recorder, clock),
        clock=clock,
    )
    return ProbeController(reconciler, desk, prober, host, threads)
