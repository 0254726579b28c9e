"""What a manager runs for the webhooks: the server, and before anybody asks, the plugins' start."""

import threading
from typing import Protocol

from okg.client.client import Client
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.runtime.events import EventRecorder
from okg.runtime.webhook import WebhookServer
from okg.webhooks import gameserverset, pod


class Host(Protocol):
    """The part of a manager that the webhooks are made from."""

    @property
    def unfenced(self) -> Client:
        """Reads from the caches; writes whether or not we lead."""
        ...

    def recorder_for(self, component: str) -> EventRecorder:
        """Return a recorder whose events name ``component`` as their source."""
        ...


class PluginStart:
    """Starts the plugins one after another, once the caches are filled; on every replica.

    Args:
        plugins: the network plugins.
        client: what they read and write with.
    """

    def __init__(self, plugins: Registry, client: Client) -> None:
        self._plugins = plugins
        self._client = client
        self._done = threading.Event()

    def run(self, ctx: Context) -> None:
        """Start all; one that fails is logged, and asked all the same when a pod wants it."""
        for plugin in self._plugins:
            ctx.check()
            try:
                plugin.init(ctx, self._client)
            except Exception:
                ctx.log.exception("a network plugin did not start", plugin=plugin.name)
        self._done.set()

    def is_done(self) -> bool:
        """Whether all had their turn."""
        return self._done.is_set()


class Webhooks:
    """Serves the webhooks for pods and sets.

    Args:
        host: the manager.
        server: where to serve them.
        plugins: the network plugins.
        start: of the plugins.
    """

    def __init__(
        self, host: Host, server: WebhookServer, plugins: Registry, start: PluginStart
    ) -> None:
        self._server = server
        self._pods = pod.PodWebhook(
            host.unfenced, host.recorder_for(pod.COMPONENT), plugins, started=start.is_done
        )
        server.register(pod.PATH, self._pods.handle)
        server.register(gameserverset.PATH, gameserverset.GameServerSetWebhook(plugins).handle)

    def run(self, ctx: Context) -> None:
        """Serve until the context is done, and wait for the plugins that are still at work."""
        self._server.run(ctx)
        self._pods.join()
