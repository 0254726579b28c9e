"""Webhooks: what a manager runs to answer the API server."""

from typing import Protocol

from okg.client.client import Client
from okg.cloudprovider.start import PluginStart
from okg.context import Context
from okg.runtime.events import EventRecorder
from okg.runtime.webhook import WebhookServer
from okg.telemetry.tracing import Tracer
from okg.webhooks import gameserverset, pod


class Host(Protocol):
    """The part of a manager that the webhooks are made from."""

    @property
    def unfenced(self) -> Client:
        """Reads from the caches; writes whether or not we lead."""
        ...

    @property
    def tracer(self) -> Tracer:
        """Opens the spans of requests."""
        ...

    def recorder_for(self, component: str) -> EventRecorder:
        """Return a recorder whose events name ``component`` as their source."""
        ...


class Webhooks:
    """Serves the webhooks for pods and sets.

    Args:
        host: the manager.
        server: where to serve them.
        start: of the network plugins.
    """

    def __init__(self, host: Host, server: WebhookServer, start: PluginStart) -> None:
        plugins = start.plugins
        self._server = server
        self._pods = pod.PodWebhook(
            host.unfenced,
            host.recorder_for(pod.COMPONENT),
            plugins,
            started=start.is_done,
            metrics=start.metrics,
            tracer=host.tracer,
        )
        server.register(pod.PATH, self._pods.handle)
        server.register(
            gameserverset.PATH, gameserverset.GameServerSetWebhook(plugins.networks).handle
        )

    def run(self, ctx: Context) -> None:
        """Serve until the context is done, and wait for the plugins that are still at work."""
        self._server.run(ctx)
        self._pods.join()
