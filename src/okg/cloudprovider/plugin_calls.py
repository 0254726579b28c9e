"""PluginCalls: plugins as their callers meet them, bounded in number and failing in one way."""

from concurrent.futures import Future

from okg.api.core import Pod
from okg.client.client import Client
from okg.cloudprovider.asking import ask
from okg.cloudprovider.call_limit import CallLimit
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import NetworkPlugin, PluginError, PluginErrorType
from okg.cloudprovider.plugin_metrics import PluginMetrics
from okg.cloudprovider.registry import Registry
from okg.cloudprovider.spans import traced
from okg.context import Context
from okg.errors import ApiError, TransportError

PLUGIN_CALLS = 32
"""Calls of one plugin at a time where each has somebody waiting for it."""


class PluginCalls:
    """Asks plugins; one that hangs costs a bounded number of threads and holds up no other.

    Args:
        plugins: all there are.
        client: what they read and write with.
        component: who asks them, in spans.
        limit: calls of one plugin at a time.
        metrics: where calls are counted.
    """

    def __init__(
        self,
        plugins: Registry,
        client: Client,
        *,
        component: str,
        limit: int = PLUGIN_CALLS,
        metrics: PluginMetrics | None = None,
    ) -> None:
        self._client = client
        self._component = component
        self._metrics = metrics or PluginMetrics()
        self._limits = {name: CallLimit(f"plugin-{name}", limit) for name in plugins.names}

    def call(self, ctx: Context, plugin: NetworkPlugin, operation: Operation, pod: Pod) -> Pod:
        """Return the pod that a plugin wants; the very same one for a deletion.

        Raises:
            PluginError: it fails, in whatever way.
            Cancelled: the context is done; the call goes on without us.
        """
        return self._limits[plugin.name].call(
            ctx, lambda inner: self._measured(inner, plugin, operation, pod)
        )

    def begin(
        self, ctx: Context, plugin: NetworkPlugin, operation: Operation, pod: Pod
    ) -> Future[Pod]:
        """Do the same without waiting; the future has the outcome."""
        return self._limits[plugin.name].begin(lambda: self._measured(ctx, plugin, operation, pod))

    def join(self) -> None:
        """Wait until no plugin is at work."""
        for limit in self._limits.values():
            limit.join()

    def _measured(self, ctx: Context, plugin: NetworkPlugin, operation: Operation, pod: Pod) -> Pod:
        def call(client: Client) -> Pod:
            return self._call(ctx, client, plugin, operation, pod)

        with self._metrics.measured(plugin.name, operation.value):
            return traced(
                plugin, operation, pod, call, client=self._client, component=self._component
            )

    @staticmethod
    def _call(
        ctx: Context, client: Client, plugin: NetworkPlugin, operation: Operation, pod: Pod
    ) -> Pod:
        try:
            return ask(ctx, client, plugin, operation, pod)
        except PluginError:
            raise
        except (ApiError, TransportError) as error:
            raise PluginError(PluginErrorType.API_CALL, str(error)) from error
        except Exception as error:
            ctx.log.exception("a network plugin failed", plugin=plugin.name)
            text = f"plugin {plugin.name} failed: {type(error).__name__}: {error}"
            raise PluginError(PluginErrorType.INTERNAL, text) from error
