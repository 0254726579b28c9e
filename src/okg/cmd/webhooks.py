"""The webhooks of ``okg manager``, wired up."""

from pathlib import Path

from okg.api.game import GameServer
from okg.cloudprovider.registry import Registry
from okg.cmd.options import ManagerFlags
from okg.context import Context
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.manager import Manager
from okg.runtime.webhook import WebhookServer
from okg.telemetry.logging import get_logger
from okg.webhooks.certificates.configurations import Service
from okg.webhooks.certificates.registration import EVERYTHING, controller, prepare
from okg.webhooks.serving import PluginStart, Webhooks

DRAIN_SECONDS = 3.0
"""How long the webhooks are served after a stop was asked for: until every API server knows."""


def add_webhooks(manager: Manager, flags: ManagerFlags) -> None:
    """Add the webhooks that the flags describe.

    Raises:
        ConfigError: the port is in use, there is no certificate and none can be made, or two
            plugins have one name.
    """
    manager.cache(GameServer)
    plugins = Registry.from_entry_points()
    folder = Path(flags.webhook_server_certs_dir)
    if flags.enable_cert_generation:
        _add_certificates(manager, flags, folder)
    server = WebhookServer(
        f":{flags.webhook_port}",
        CertificateWatcher(folder, registry=manager.registry),
        registry=manager.registry,
        leaving=lambda: manager.is_stopping,
    )
    start = PluginStart(plugins, manager.unfenced)
    manager.add(start, name="plugins")
    manager.add_server(Webhooks(manager, server, plugins, start), name="webhook")
    manager.add_ready_check("webhook", start.is_done)


def _add_certificates(manager: Manager, flags: ManagerFlags, folder: Path) -> None:
    service = Service(flags.webhook_service_namespace, flags.webhook_service_name)
    prepare(Context(get_logger()), manager.api, service, folder)
    certificates = controller(manager, service, folder)
    manager.add(certificates)
    certificates.enqueue(EVERYTHING)
