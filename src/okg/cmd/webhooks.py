"""The webhooks of ``okg manager``, wired up."""

from pathlib import Path

from okg.cloudprovider.registry import Registry
from okg.cmd.options import ManagerFlags
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.manager import Manager
from okg.runtime.webhook import WebhookServer
from okg.webhooks.serving import PluginStart, Webhooks

DRAIN_SECONDS = 3.0
"""How long the webhooks are served after a stop was asked for: until every API server knows."""


def add_webhooks(manager: Manager, flags: ManagerFlags) -> None:
    """Add the webhooks that the flags describe.

    Raises:
        ConfigError: the port is in use, there is no certificate, two plugins have one name.
    """
    plugins = Registry.from_entry_points()
    folder = Path(flags.webhook_server_certs_dir)
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
