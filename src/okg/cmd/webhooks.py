"""The webhooks of ``okg manager``, wired up."""

from pathlib import Path

from okg.api.game import GameServer
from okg.api.kruise import AdvancedStatefulSet
from okg.cloudprovider.start import PluginStart
from okg.cmd.discovery import is_served
from okg.cmd.options import ManagerFlags
from okg.context import Context
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.manager import Manager
from okg.runtime.webhook import WebhookServer
from okg.telemetry.logging import get_logger
from okg.webhooks.certificates.configurations import Service
from okg.webhooks.certificates.registration import EVERYTHING, controller, prepare
from okg.webhooks.serving import Webhooks

DRAIN_SECONDS = 3.0
"""How long the webhooks are served after a stop was asked for: until every API server knows."""


def add_webhooks(manager: Manager, flags: ManagerFlags, plugins: PluginStart) -> None:
    """Add the webhooks that the flags describe.

    Raises:
        ConfigError: the port is in use, or there is no certificate and none can be made.
    """
    manager.cache(GameServer)
    folder = Path(flags.webhook_server_certs_dir)
    if flags.enable_cert_generation:
        _add_certificates(manager, flags, folder)
    server = WebhookServer(
        f":{flags.webhook_port}",
        CertificateWatcher(folder, registry=manager.registry),
        registry=manager.registry,
        leaving=lambda: manager.is_stopping,
    )
    manager.add_server(Webhooks(manager, server, plugins), name="webhook")


def _add_certificates(manager: Manager, flags: ManagerFlags, folder: Path) -> None:
    service = Service(flags.webhook_service_namespace, flags.webhook_service_name)
    # Pods that we make ourselves need no webhook, and without OpenKruise there are no others.
    pods = is_served(manager.api, AdvancedStatefulSet)
    prepare(Context(get_logger()), manager.api, service, folder, pods=pods)
    certificates = controller(manager, service, folder, pods=pods)
    manager.add(certificates)
    certificates.enqueue(EVERYTHING)
