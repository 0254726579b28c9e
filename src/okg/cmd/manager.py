"""``okg manager``: the GameServerSet and GameServer controllers and the webhooks, wired up."""

import os
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.cache.informers import Selection
from okg.client.connection import connect
from okg.client.throttle import Throttle
from okg.cloudprovider.plugin_metrics import PluginMetrics
from okg.cloudprovider.start import PluginStart
from okg.cmd.discovery import (
    can_resize_pods,
    check_server,
    has_native_sets,
    is_served,
    may_make_pods,
)
from okg.cmd.durations import parse_duration
from okg.cmd.environment import network_patience
from okg.cmd.log_flags import contradictions, log_settings
from okg.cmd.log_level import switching_on_signal
from okg.cmd.metrics import add_metrics
from okg.cmd.networks import add_networks, find_networks, selections
from okg.cmd.options import DEFAULT_RESYNC, ManagerFlags, parse
from okg.cmd.probing import add_probes
from okg.cmd.scaler import add_scaler, serves_scaler
from okg.cmd.snapshot import snapshot
from okg.cmd.telemetry import Sending, start_sending, tell
from okg.cmd.webhooks import DRAIN_SECONDS, add_webhooks
from okg.controllers import gameserver, gameserverset, network, workload
from okg.controllers.backends import Backends, KruiseBackend, NativeBackend, WorkloadBackend
from okg.controllers.openkruise import NewSets, OpenKruise
from okg.errors import CacheNotSynced, ConfigError, LeadershipLost
from okg.runtime.election_state import ElectionSettings
from okg.runtime.manager import Manager, ManagerOptions
from okg.telemetry.fields import EVENT
from okg.telemetry.logging import get_logger
from okg.telemetry.setup import configure
from okg.telemetry.tracing import NO_TRACER, Tracer
from okg.webhooks.certificates.registration import CONFIGURATIONS
from okg.workload.backend_choice import BackendName
from okg.workload.names import OWNER_GSS
from okg.workload.network_status import NetworkPatience

LEASE_NAME = "game-kruise-manager"
"""Upstream's, so that a Go manager and ours never lead at the same time."""

KRUISE, NATIVE = BackendName.KRUISE, BackendName.NATIVE

SET_WORKERS = 10
"""Sets worked on at the same time, as upstream."""

NATIVE_SET_WORKERS = 3
"""The same beside the workload controller: a process should not work with more than 32 threads."""

_DEFAULT_BURST_FACTOR = 2


def run(arguments: Sequence[str]) -> int:
    """Run controllers and webhooks until a signal comes; return the exit code."""
    flags = parse(arguments)
    sending = start_sending(flags.telemetry)
    try:
        return _run_logging(flags, sending)
    finally:
        sending.close()


def _run_logging(flags: ManagerFlags, sending: Sending) -> int:
    settings = log_settings(flags.logs)
    threshold = configure(settings, copy_to=sending.records)
    log = get_logger("setup")
    for line in contradictions(flags.logs):
        log.info(line)
    tell(flags.telemetry, sending)
    try:
        with switching_on_signal(threshold):
            _run(flags, sending.tracer)
    except LeadershipLost as error:
        get_logger().error("leader election lost", error=str(error))
        return 1
    except ConfigError as error:
        if settings.form == "console":
            raise
        log.error("okg manager cannot run", error=str(error))  # noqa: TRY400 - it has said why
        return error.exit_code
    return 0


def _run(flags: ManagerFlags, tracer: Tracer) -> None:
    manager, log = build(flags, tracer), get_logger("setup")
    log.info("service configuration snapshot", **snapshot(flags))
    log.info("starting kruise-game-manager", **{EVENT: "service.start"})
    try:
        manager.run()
    except CacheNotSynced as error:
        raise ConfigError(str(error)) from error


def build(flags: ManagerFlags, tracer: Tracer = NO_TRACER) -> Manager:
    """Return the manager that the flags describe.

    Args:
        flags: what they say.
        tracer: opens the spans of controllers and webhooks.

    Raises:
        ConfigError: they cannot work: no API server or one that lacks what we need, a port in
            use, an impossible election, an environment that makes no sense, nothing to run, two
            plugins of one name.
    """
    if not (flags.controllers or flags.webhook_port):
        raise ConfigError("nothing to run: drop --controllers=false or --webhook-port=0")
    patience = network_patience(os.environ)
    manager = _connected(flags, tracer)
    check_server(manager.api, kruise=flags.controllers and flags.workload_backend == "kruise")
    networks = find_networks(manager.api, flags)
    plugins = PluginStart(networks.plugins, manager.unfenced, PluginMetrics(manager.registry))
    native = flags.controllers and add_controllers(manager, flags, patience, plugins)
    if flags.webhook_port:
        add_webhooks(manager, flags, plugins)
    add_scaler(manager, flags)
    add_metrics(manager, flags, networks.plugins)
    asked = bool(flags.webhook_port or native)
    add_networks(manager, flags, networks, asked=asked)
    if asked:
        manager.add(plugins, name="plugins")
        manager.add_ready_check("plugins", plugins.is_done, plugins.note)
    return manager


def _connected(flags: ManagerFlags, tracer: Tracer) -> Manager:
    """Return a manager that runs nothing yet; without controllers there is nothing to elect for."""
    options = ManagerOptions(
        name="okg",
        namespaces=[flags.namespace] if flags.namespace else [],
        selections={
            Pod: Selection(labels=OWNER_GSS),
            **CONFIGURATIONS,
            **workload.SELECTIONS,
            **selections(flags),
        },
        leader_election_id=LEASE_NAME if flags.leader_elect and flags.controllers else "",
        leader_election_namespace=flags.leader_election_namespace,
        election=ElectionSettings(
            lease_duration=flags.leader_elect_lease_duration,
            renew_deadline=flags.leader_elect_renew_deadline,
            retry_period=flags.leader_elect_retry_period,
        ),
        metrics_address=flags.metrics_bind_address,
        health_address=flags.health_probe_bind_address,
        resync=_resync(flags.sync_period),
        drain=DRAIN_SECONDS if flags.webhook_port or serves_scaler(flags) else 0.0,
    )
    return Manager.connected(
        options,
        connect(flags.kubeconfig),
        user_agent=f"okg/{version('okg')}",
        throttle=_throttle(flags),
        tracer=tracer,
    )


def add_controllers(
    manager: Manager, flags: ManagerFlags, patience: NetworkPatience, plugins: PluginStart
) -> bool:
    """Let a manager that has a server run what the flags ask for.

    Returns whether anything of it asks plugins.
    """
    get_logger("setup").info("setup controllers", **{EVENT: "controller.setup"})
    backends = _backends(manager, flags)
    markers = add_probes(manager, flags)
    native = NATIVE in backends.served
    resizing = native and can_resize_pods(manager.api)
    desk = network.PluginDesk(plugins, manager.client)
    servers = gameserver.controller(
        manager,
        workers=flags.gameserver_workers,
        patience=patience,
        backends=backends,
        resizing=resizing,
        trouble_of=desk.trouble_of,
    )
    manager.add(servers)
    sets = flags.gameserverset_workers or (NATIVE_SET_WORKERS if native else SET_WORKERS)
    manager.add(
        gameserverset.controller(
            manager,
            workers=sets,
            backends=backends,
            markers=markers,
            live=manager.api,
            networks=plugins.plugins.networks,
        )
    )
    if not native:
        return False
    manager.add(workload.controller(manager, manager.api, desk=desk, resizing=resizing))
    manager.add(
        network.controller(manager, manager.api, desk, patience=patience, tell=servers.enqueue)
    )
    return True


def _backends(manager: Manager, flags: ManagerFlags) -> Backends:
    """Return the back ends that the flag, the API server's kinds and what is there make.

    Beside OpenKruise the native one is there if it is asked for, if sets are its own already, or if
    OpenKruise is silent: it needs rights that the roles of OpenKruiseGame do not give.
    """
    api, asked, log = manager.api, flags.workload_backend, get_logger("setup")
    if not is_served(api, AdvancedStatefulSet):
        return Backends({NATIVE: NativeBackend(manager.client)}, lambda _: NATIVE)
    openkruise = OpenKruise(api)
    is_native = asked == "native" or has_native_sets(api, flags.namespace)
    if asked == "auto" and not openkruise.is_alive(flags.namespace or "default"):
        log.warning("OpenKruise is installed and does not answer; new sets wait for it a minute")
        is_native = is_native or may_make_pods(api, flags.namespace)
    served: dict[BackendName, WorkloadBackend] = {KRUISE: KruiseBackend(manager.client)}
    if is_native:
        served[NATIVE] = NativeBackend(manager.client)
    log.info("back ends", served=sorted(served), asked=asked)
    if asked == "auto":
        return Backends(served, NewSets(openkruise, native=is_native))
    default = BackendName(asked)
    return Backends(served, lambda _: default)


def _resync(text: str) -> timedelta:
    if not text:
        return DEFAULT_RESYNC
    try:
        return parse_duration(text)
    except ValueError:
        get_logger("setup").error("invalid sync period flag", sync_period=text)
        return DEFAULT_RESYNC


def _throttle(flags: ManagerFlags) -> Throttle | None:
    """Return the limit that the flags ask for; without one the server's own does better."""
    if flags.api_server_qps <= 0:
        return None
    burst = flags.api_server_qps_burst or flags.api_server_qps * _DEFAULT_BURST_FACTOR
    return Throttle(flags.api_server_qps, burst)
