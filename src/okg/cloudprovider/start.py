"""PluginStart: gets the plugins ready before anybody asks them."""

import threading

from okg.client.client import Client
from okg.cloudprovider.plugin_metrics import PluginMetrics
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.telemetry.fields import EVENT
from okg.telemetry.logging import get_logger

INIT_START = "cloud_provider_manager.init_start"

INIT_COMPLETED = "cloud_provider_manager.init_completed"


class PluginStart:
    """Starts the plugins one after another, once the caches are filled; on every replica.

    Args:
        plugins: the network plugins.
        client: what they read and write with.
        metrics: where those who ask them count it; one for the process.
    """

    def __init__(
        self, plugins: Registry, client: Client, metrics: PluginMetrics | None = None
    ) -> None:
        self.plugins = plugins
        self.metrics = metrics or PluginMetrics()
        self._client = client
        self._done = threading.Event()

    def run(self, ctx: Context) -> None:
        """Start all; one that fails is logged, and asked all the same when a pod wants it."""
        log, failed = get_logger("setup"), 0
        log.info("initializing cloud provider manager", **{EVENT: INIT_START})
        for plugin in self.plugins:
            ctx.check()
            try:
                plugin.start(ctx, self._client)
            except Exception:
                failed += 1
                ctx.log.exception("a network plugin did not start", plugin=plugin.name)
        if not failed:
            log.info("cloud provider manager initialized successfully", **{EVENT: INIT_COMPLETED})
        self._done.set()

    def is_done(self) -> bool:
        """Whether all had their turn."""
        return self._done.is_set()
