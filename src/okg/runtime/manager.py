"""Manager: owns everything that runs, starts it in order and ends it in the opposite order.

Start: servers (probes, metrics, webhooks) → caches → runnables that need no leadership → leader
election → what only the leader runs. Stop: the leader's part first (a worker finishes the request
in hand), then the others, caches and servers; the lease is given up when no worker is left. From
the first moment on the manager is not ready, and its servers go on until whoever sends to them has
noticed.
Controllers attach to the caches before the election, so a follower is warm when it takes over.

Leadership is for writes only: a lost lease fences the client at once and ends the process.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Protocol, Self

import msgspec
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from okg.api.resource import O, Object
from okg.cache.client import CachedClient
from okg.cache.informers import SYNC_TIMEOUT, Informers, Selection
from okg.cache.source import ChangeHandler
from okg.client.client import Client
from okg.client.connection import Connection, connect, in_cluster_namespace
from okg.client.decoding import Undecodable
from okg.client.http import Urllib3Transport
from okg.client.impatient import Impatient
from okg.client.request_metrics import RequestMetrics
from okg.client.rest import ApiClient
from okg.client.throttle import Throttle
from okg.client.transport import Transport
from okg.context import Context
from okg.errors import ConfigError
from okg.runtime.controller import Controller
from okg.runtime.controller_metrics import ControllerMetrics
from okg.runtime.election import LeaderElector, LeaseLock, process_identity
from okg.runtime.election_state import ElectionSettings
from okg.runtime.events import EventRecorder
from okg.runtime.http_servers import Check, HttpServer, Note, health_route, metrics_route
from okg.runtime.recorder import Recorder
from okg.telemetry.logging import get_logger
from okg.telemetry.tracing import NO_TRACER, Tracer
from okg.threads import ThreadGroup

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

STOP_SECONDS = 30.0
"""How long a clean stop may take, as in controller-runtime."""

EVENT_TIMEOUT = 5.0
"""Seconds to wait for the answer to an Event, so that a stop does not wait for a dead server."""


class Runnable(Protocol):
    """Anything that runs until its context is done."""

    def run(self, ctx: Context) -> None:
        """Work until the context is done; what is raised ends the manager."""
        ...


class ManagerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a manager runs.

    Attributes:
        name: component name in events.
        namespaces: what to cache of namespaced kinds; empty for everywhere.
        selections: restrictions of the cache by kind.
        leader_election_id: name of the lease; empty runs without election.
        leader_election_namespace: where the lease is; empty for the namespace of our pod.
        election: timing of the election.
        metrics_address: where ``/metrics`` is served; empty or ``0`` for nowhere.
        health_address: where ``/healthz`` and ``/readyz`` are served; likewise.
        resync: time between two reconciles of everything, or None.
        drain: seconds that caches and servers go on after the end was asked for.
        sync_timeout: seconds to wait for the first lists.
    """

    name: str = "okg"
    namespaces: Sequence[str] = ()
    selections: Mapping[type[Object], Selection] = {}
    leader_election_id: str = ""
    leader_election_namespace: str = ""
    election: ElectionSettings = ElectionSettings()
    metrics_address: str = ""
    health_address: str = ""
    resync: timedelta | None = None
    drain: float = 0.0
    sync_timeout: float = SYNC_TIMEOUT


class Manager:
    """Runs controllers and whatever else is added.

    Args:
        transport: carries requests to the API server.
        options: how to run.
        throttle: limits our requests, or None.
        registry: metrics of everything that runs here; by default one with the process's own.
        tracer: opens the spans of everything that runs here and says how its spans begin.
        exit_process: ends the process when leadership is lost, without waiting for anybody;
            replaced only where a process runs several managers.

    Attributes:
        client: reads from the cache; writes to the server while we may.
        unfenced: reads from the cache and writes whether or not we lead: for servers, which
            answer on every replica.
        api: live reads and writes, for whoever must not wait for a cache.
        recorder: writes Kubernetes Events.
        registry: the metrics.
        tracer: opens spans.
    """

    def __init__(
        self,
        transport: Transport,
        options: ManagerOptions | None = None,
        *,
        throttle: Throttle | None = None,
        registry: CollectorRegistry | None = None,
        tracer: Tracer = NO_TRACER,
        exit_process: Callable[[int], object] = os._exit,
    ) -> None:
        self.options = options or ManagerOptions()
        self.registry = registry or process_registry()
        self.tracer = tracer
        self.api = ApiClient(transport, throttle=throttle)
        self._transport = transport
        self._exit_process = exit_process
        events = ApiClient(Impatient(transport, EVENT_TIMEOUT))
        self._recorder = Recorder(events, self.options.name, registry=self.registry)
        self.recorder: EventRecorder = self._recorder
        self._informers = Informers(
            self.api,
            namespaces=self.options.namespaces,
            selections=self.options.selections,
            resync=self.options.resync.total_seconds() if self.options.resync else None,
            on_undecodable=self._report_undecodable,
        )
        self._elector = self._make_elector()
        before_write = self._elector.check if self._elector else _always_allowed
        self.client: Client = CachedClient(self.api, self._informers, before_write=before_write)
        self.unfenced: Client = CachedClient(self.api, self._informers)
        self._controller_metrics = ControllerMetrics(self.registry)
        self._controllers: list[Controller] = []
        self._everywhere: list[tuple[str, Runnable]] = []
        self._checks: dict[str, Check] = {"readyz": self._is_ready}
        self._notes: dict[str, Note] = {}
        self._synced = threading.Event()
        self._stopping = threading.Event()
        self._following = Context()
        self._stop_by = 0.0
        self._servers: list[tuple[str, Runnable]] = self._open_servers()

    @classmethod
    def from_environment(
        cls,
        *,
        kubeconfig: str = "",
        leader_election_id: str = "",
        leader_election_namespace: str = "",
        namespaces: Sequence[str] = (),
        user_agent: str = "okg",
    ) -> Self:
        """Return a manager for the API server that the environment names.

        The lease is in the current namespace, unless another is given: that of our pod, or outside
        a cluster that of the kubeconfig's context.

        Raises:
            ConfigError: there is no API server to be found.
        """
        connection = connect(kubeconfig)
        options = ManagerOptions(
            namespaces=namespaces,
            leader_election_id=leader_election_id,
            leader_election_namespace=leader_election_namespace or connection.namespace,
        )
        return cls.connected(options, connection, user_agent=user_agent)

    @classmethod
    def connected(
        cls,
        options: ManagerOptions,
        connection: Connection,
        *,
        user_agent: str = "okg",
        throttle: Throttle | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> Self:
        """Return a manager with all options for this connection."""
        registry = process_registry()
        metrics = RequestMetrics(registry)
        transport = Urllib3Transport(connection, user_agent=user_agent, metrics=metrics)
        return cls(transport, options, throttle=throttle, registry=registry, tracer=tracer)

    @property
    def controllers(self) -> Sequence[Controller]:
        """The controllers that were added."""
        return tuple(self._controllers)

    @property
    def is_leader(self) -> bool:
        """Whether we may write at this moment."""
        return self._elector is None or self._elector.is_leader

    @property
    def is_synced(self) -> bool:
        """Whether the caches are filled."""
        return self._synced.is_set()

    @property
    def is_stopping(self) -> bool:
        """Whether the end was asked for; what still comes should go to another replica."""
        return self._stopping.is_set()

    def recorder_for(self, component: str) -> EventRecorder:
        """Return a recorder whose events name ``component`` as their source."""
        return self._recorder.named(component)

    def cache(self, kind: type[Object]) -> None:
        """Keep a cache of a kind from the start on, so that no first read waits; before ``run``."""
        self._informers.informer(kind)

    def index(self, kind: type[O], name: str, function: Callable[[O], Iterable[str]]) -> None:
        """Keep a secondary index of a kind; before ``run``."""
        self._informers.informer(kind).add_index(name, function)

    def hear(self, kind: type[O], handler: ChangeHandler[O]) -> None:
        """Call ``handler`` for each change of a kind, on the cache's own thread; before ``run``."""
        self._informers.informer(kind).add_handler(handler)

    def add(self, runnable: Controller | Runnable, *, name: str = "runnable") -> None:
        """Run this, too: a controller as it says itself, anything else whether or not we lead."""
        if isinstance(runnable, Controller):
            runnable.attach(self._informers, self._controller_metrics, self.tracer)
            self._controllers.append(runnable)
        else:
            self._everywhere.append((name, runnable))

    def add_server(self, server: Runnable, *, name: str) -> None:
        """Run a server, such as the one for webhooks: the first to start and the last to stop."""
        self._servers.append((name, server))

    def add_ready_check(self, name: str, check: Check, note: Note | None = None) -> None:
        """Be ready only while ``check`` returns True; ``/readyz?verbose`` tells the note."""
        self._checks[name] = check
        if note is not None:
            self._notes[name] = note

    def run(self, ctx: Context | None = None) -> None:
        """Run until a signal comes, the context is done, or something fails.

        SIGINT and SIGTERM end it in order, a second one at once. In a thread other than the main
        one only the context ends it.

        Raises:
            CacheNotSynced: a kind could not be listed in time.
            LeadershipLost: another process leads; only when ``exit_process`` returns.
            Exception: whatever a runnable raised.
        """
        ctx = ctx.child() if ctx is not None else Context(get_logger())
        ctx.on_cancel(self._stopping.set)
        with _signals(ctx):
            try:
                self._run(ctx)
            finally:
                self._transport.close()

    def _run(self, ctx: Context) -> None:
        # Each stage ends after the one inside it: what was started first is stopped last.
        caches: list[tuple[str, Runnable]]
        caches = [("events", self._recorder), ("caches", self._informers)]
        with self._stage(ctx, self._servers), self._stage(ctx, caches):
            self._informers.wait_for_sync(ctx, timeout=self.options.sync_timeout)
            _freeze_objects()
            self._synced.set()
            with self._stage(ctx, self._everywhere), self._stage(ctx, self._of(elected=False)):
                self._lead(ctx)
            self._drain(ctx)

    def _drain(self, ctx: Context) -> None:
        """Wait until the drain is over, counted from the moment the end was asked for."""
        until = self._stop_by - STOP_SECONDS + self.options.drain
        Context(ctx.log, clock=ctx.clock).sleep(until - ctx.clock.monotonic())

    def _lead(self, ctx: Context) -> None:
        """Run what needs leadership from the moment we have it."""
        if self._elector is None:
            with self._stage(ctx, self._of(elected=True)):
                ctx.wait()
            return
        election = ThreadGroup(Context(ctx.log, clock=ctx.clock))
        election.ctx.on_cancel(ctx.cancel)
        self._following = ctx.child()
        election.start("lease", self._elector.run)
        try:
            self._following.wait()
            if not ctx.done:
                with self._stage(ctx, self._of(elected=True)):
                    ctx.wait()
        finally:
            election.stop()
            election.join()
            self._elector.release(ctx)

    def _of(self, *, elected: bool) -> list[tuple[str, Runnable]]:
        return [(c.name, c) for c in self._controllers if c.leader_elected is elected]

    @contextmanager
    def _stage(self, ctx: Context, runnables: Iterable[tuple[str, Runnable]]) -> Generator[None]:
        """Run these while the body runs; a failure of one ends everything.

        They have a context of their own: the end of ``ctx`` reaches the inner stages first, and
        these only when those are done.
        """
        group = ThreadGroup(Context(ctx.log, clock=ctx.clock))
        group.ctx.on_cancel(ctx.cancel)
        for name, runnable in runnables:
            group.start(name, runnable.run)
        try:
            yield
        finally:
            self._stop_by = self._stop_by or ctx.clock.monotonic() + STOP_SECONDS
            group.stop()
            late = group.join(max(0.0, self._stop_by - ctx.clock.monotonic()))
            if late:
                ctx.log.error("did not end in time, leaving it behind", threads=late)
                self._exit_process(1)

    def _make_elector(self) -> LeaderElector | None:
        options = self.options
        if not options.leader_election_id:
            return None
        namespace = options.leader_election_namespace or in_cluster_namespace()
        if not namespace:
            raise ConfigError(
                "leader election needs a namespace for its lease outside a cluster:"
                " set --leader-election-namespace"
            )
        client = ApiClient(Impatient(self._transport, options.election.request_timeout))
        return LeaderElector(
            LeaseLock(client, namespace, options.leader_election_id),
            process_identity(),
            settings=options.election,
            on_started=self._on_leading,
            on_lost=self._on_lost,
            recorder=self._recorder,
            registry=self.registry,
        )

    def _on_leading(self) -> None:
        self._following.cancel()

    def _on_lost(self) -> None:
        """End at once: somebody else may be writing already."""
        sys.stderr.flush()
        self._exit_process(1)

    def _open_servers(self) -> list[tuple[str, Runnable]]:
        servers: list[tuple[str, Runnable]] = []
        options = self.options
        if options.health_address not in {"", "0"}:
            routes = {
                "/healthz": health_route({"healthz": _always_true}),
                "/readyz": health_route(self._checks, self._notes),
            }
            flag = "--health-probe-bind-address"
            servers.append(("health", HttpServer(options.health_address, flag, routes)))
        if options.metrics_address not in {"", "0"}:
            metrics = {"/metrics": metrics_route(self.registry)}
            flag = "--metrics-bind-address"
            servers.append(("metrics", HttpServer(options.metrics_address, flag, metrics)))
        return servers

    def _is_ready(self) -> bool:
        return self.is_synced and not self.is_stopping

    def _report_undecodable(self, odd: Undecodable) -> None:
        get_logger().warning("object left out", error=str(odd.error))
        self._recorder.warning(odd.reference, "Undecodable", str(odd.error))


def process_registry() -> CollectorRegistry:
    """Return a registry with the metrics of this process and its interpreter."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


@contextmanager
def _signals(ctx: Context) -> Generator[None]:
    """End ``ctx`` on the first SIGINT or SIGTERM, and the process on the second."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if ctx.done:
            os._exit(1)
        ctx.log.info("stopping", signal=signal.Signals(number).name)
        # In a thread of its own: the one interrupted here may hold any lock.
        threading.Thread(target=ctx.cancel, name="okg-signal").start()

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _freeze_objects() -> None:
    """Keep what is there after start out of the garbage collector's full passes."""
    gc.collect()
    gc.freeze()


def _always_allowed() -> None:
    """Without an election everybody may write."""


def _always_true() -> bool:
    return True
