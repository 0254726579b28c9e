"""Process: one manager with the three controllers of a cluster without OpenKruise, by hand.

The caches, queues, controllers and reconcilers are the real ones. Nothing in it moves by itself.
"""

from collections.abc import Sequence
from typing import Self

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, Node, PersistentVolume, PersistentVolumeClaim, Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.resource import Object
from okg.cache.client import CachedClient
from okg.cache.informers import Informers, Selection
from okg.client.rest import ApiClient
from okg.context import Context
from okg.controllers import gameserver, gameserverset, workload
from okg.controllers.backends import Backends, NativeBackend
from okg.controllers.indexes import indexes
from okg.controllers.workload import WorkloadReconciler, WorkPool
from okg.errors import OkgError
from okg.runtime.controller import Controller
from okg.runtime.reconcile import Reconciler, Request, Result
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.testing.feed import Feed
from okg.testing.standing_clock import Idle
from okg.workload.backend_choice import BackendName
from okg.workload.probe_marker import Markers
from unit.controllers.memory import MemoryRecorder
from unit.walk.supervisor import Supervisor
from unit.walk.wire import Wire

KINDS: Sequence[type[Object]] = (
    GameServerSet,
    GameServer,
    Pod,
    ConfigMap,
    ControllerRevision,
    PersistentVolumeClaim,
    PersistentVolume,
    Node,
)


PASS_SECONDS = 0.001
"""What a pass takes at least."""


class Quiet:
    """A logger that says nothing."""

    def bind(self, **_fields: object) -> Self:
        return self

    def debug(self, event: str, **_fields: object) -> None:
        """Say nothing."""

    info = warning = error = exception = debug


class Process:
    """Everything a manager process remembers; another one has other memories.

    Args:
        server: where its watches come from.
        wire: what its requests go through.
        clock: its time.
        supervisor: sees every pass.
    """

    def __init__(
        self, server: FakeApiServer, wire: Wire, clock: FakeClock, supervisor: Supervisor
    ) -> None:
        self.wire = wire
        self._clock = clock
        self.recorder = MemoryRecorder()
        self._ctx = Context(Quiet(), clock=clock)
        live, watching = ApiClient(wire), ApiClient(server)
        self._informers = Informers(live, selections=workload.SELECTIONS, clock=clock)
        self.client = CachedClient(live, self._informers, monotonic=clock.monotonic)
        for kind, name, function in (*indexes(), *workload.workload_indexes()):
            self._informers.informer(kind).add_index(name, function)
        backends = Backends(
            {BackendName.NATIVE: NativeBackend(self.client)}, lambda _: BackendName.NATIVE
        )
        made = (
            (
                gameserverset.NAME,
                gameserverset.GameServerSetReconciler(
                    self.client,
                    self.recorder,
                    clock=clock,
                    backends=backends,
                    markers=Markers.ABSENT,
                    live=live,
                ),
                gameserverset.watches(served=backends.served, markers=Markers.ABSENT),
            ),
            (
                gameserver.NAME,
                gameserver.GameServerReconciler(
                    self.client, self.recorder, clock=clock, backends=backends
                ),
                gameserver.watches(self.client),
            ),
            (
                workload.NAME,
                WorkloadReconciler(
                    self.client,
                    live,
                    self.recorder,
                    WorkPool(0),
                    clock=clock,
                    processor=lambda: 0.0,
                ),
                workload.watches(),
            ),
        )
        self.controllers = [
            Controller(name, _Supervised(name, reconciler, supervisor, self), watched, clock=clock)
            for name, reconciler, watched in made
        ]
        for controller in self.controllers:
            controller.attach(self._informers)
        self.feeds = [self._feed(watching, kind) for kind in KINDS]
        for feed in self.feeds:
            feed.deliver()

    def work(self, controller: Controller) -> float | None:
        """Run one pass, if one is due.

        Returns:
            0 if one was; else after how many seconds one will be, None for none.
        """
        try:
            controller.work_once(self._ctx)
        except Idle as idle:
            return idle.seconds
        finally:
            self._clock.advance(PASS_SECONDS)
        return 0.0

    def deliver_all(self) -> int:
        """Tell the caches everything, and return how much that was."""
        return sum(feed.deliver() for feed in self.feeds)

    def _feed(self, api: ApiClient, kind: type[Object]) -> Feed[Object]:
        selection = workload.SELECTIONS.get(kind, Selection())
        return Feed(api, self._informers.informer(kind), selection.labels)


class _Supervised:
    """A reconciler whose passes somebody sees."""

    def __init__(
        self, name: str, reconciler: Reconciler, supervisor: Supervisor, process: Process
    ) -> None:
        self._name = name
        self._reconciler = reconciler
        self._supervisor = supervisor
        self._process = process

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        self._supervisor.begins(self._process.client, self._name, request)
        try:
            result = self._reconciler.reconcile(ctx, request)
        except OkgError as error:
            self._supervisor.ends(f"{type(error).__name__}")
            raise
        except Exception as error:
            self._supervisor.complain(f"{self._name} ended in {error!r}")
            raise
        self._supervisor.ends("")
        return result
