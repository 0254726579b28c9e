"""PluginStart: gets the plugins ready before anybody asks them."""

import threading

from okg.client.client import Client
from okg.cloudprovider.registry import Registry
from okg.context import Context


class PluginStart:
    """Starts the plugins one after another, once the caches are filled; on every replica.

    Args:
        plugins: the network plugins.
        client: what they read and write with.
    """

    def __init__(self, plugins: Registry, client: Client) -> None:
        self.plugins = plugins
        self._client = client
        self._done = threading.Event()

    def run(self, ctx: Context) -> None:
        """Start all; one that fails is logged, and asked all the same when a pod wants it."""
        for plugin in self.plugins:
            ctx.check()
            try:
                plugin.start(ctx, self._client)
            except Exception:
                ctx.log.exception("a network plugin did not start", plugin=plugin.name)
        self._done.set()

    def is_done(self) -> bool:
        """Whether all had their turn."""
        return self._done.is_set()
