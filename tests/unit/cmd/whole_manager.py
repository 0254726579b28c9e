"""A manager of everything, for tests of its metrics."""

from pathlib import Path

from okg.client.request_metrics import RequestMetrics
from okg.cloudprovider.plugin_metrics import PluginMetrics
from okg.cloudprovider.registry import Registry
from okg.cloudprovider.start import PluginStart
from okg.cmd.manager import add_controllers
from okg.cmd.metrics import add_metrics
from okg.cmd.options import parse
from okg.controllers import probing
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.http_servers import metrics_route
from okg.runtime.manager import Manager, ManagerOptions, process_registry
from okg.runtime.webhook import WebhookServer
from okg.testing.apiserver import FakeApiServer
from okg.testing.certificates import Authority
from okg.webhooks.serving import Webhooks
from okg.workload.network_status import DEFAULT_PATIENCE

AUTHORITY = Authority("test")


def a_whole_manager(folder: Path) -> Manager:
    """Return a manager with controllers and webhooks, each of which has done nothing yet."""
    registry = process_registry()
    RequestMetrics(registry).observe("GET", "https://10.0.0.1:443", 200, 0.01)
    options = ManagerOptions(
        leader_election_id="game-kruise-manager", leader_election_namespace="a"
    )
    manager = Manager(FakeApiServer(), options, registry=registry)
    flags = parse(["--workload-backend=native", "--probe-mode=off"])
    plugins = PluginStart(Registry(), manager.unfenced, PluginMetrics(registry))
    add_controllers(manager, flags, DEFAULT_PATIENCE, plugins)
    add_metrics(manager, flags, plugins.plugins)
    writer = probing.ConditionWriter(manager.api, lambda: True)
    manager.add(probing.controller(manager, writer, None, registry, threads=1))
    pair = AUTHORITY.issue_server(["127.0.0.1"])
    (folder / "tls.crt").write_bytes(pair.public)
    (folder / "tls.key").write_bytes(pair.private)
    certificates = CertificateWatcher(folder, registry=registry)
    server = WebhookServer("127.0.0.1:0", certificates, registry=registry)
    Webhooks(manager, server, plugins)
    server.close()
    return manager


def series(manager: Manager) -> list[str]:
    """Return the lines that a scrape gets."""
    _, _, text = metrics_route(manager.registry)("", {})
    return text.decode().splitlines()
