"""PluginStart: gets the plugins ready before anybody asks them."""

import threading
from collections.abc import Iterable, Mapping

from okg.client.client import Client
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.plugin_metrics import PluginMetrics
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.errors import Cancelled
from okg.telemetry.fields import EVENT
from okg.telemetry.logging import get_logger

INIT_START = "cloud_provider_manager.init_start"

INIT_COMPLETED = "cloud_provider_manager.init_completed"


FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds before those that did not start are started again."""


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
        self._troubles: Mapping[str, str] = {}

    def run(self, ctx: Context) -> None:
        """Start all; those that fail are started again, and asked meanwhile when a pod wants it."""
        log, pause = get_logger("setup"), FIRST_PAUSE
        log.info("initializing cloud provider manager", **{EVENT: INIT_START})
        self._troubles = self._start(ctx, self.plugins)
        self._done.set()
        while self._troubles and ctx.sleep(pause):
            pause = min(2 * pause, LONGEST_PAUSE)
            failed = [plugin for plugin in self.plugins if plugin.name in self._troubles]
            self._troubles = self._start(ctx, failed)
        if not self._troubles:
            log.info("cloud provider manager initialized successfully", **{EVENT: INIT_COMPLETED})

    def is_done(self) -> bool:
        """Whether all had their turn."""
        return self._done.is_set()

    def note(self) -> str:
        """Return which plugins did not start, and why."""
        told = (f"{name} did not start: {why}" for name, why in self._troubles.items())
        return "; ".join(told)

    def _start(self, ctx: Context, plugins: Iterable[NetworkPlugin]) -> Mapping[str, str]:
        """Start some; return why others did not, by their names."""
        troubles: dict[str, str] = {}
        for plugin in plugins:
            ctx.check()
            try:
                plugin.start(ctx, self._client)
            except Cancelled:
                raise
            except Exception as error:
                ctx.log.exception("a network plugin did not start", plugin=plugin.name)
                troubles[plugin.name] = str(error) or type(error).__name__
        return troubles
