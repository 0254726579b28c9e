"""Asking a plugin: the one place where its methods are called."""

from okg.api.core import Pod
from okg.client.client import Client
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import NetworkPlugin
from okg.context import Context


def ask(ctx: Context, client: Client, plugin: NetworkPlugin, operation: Operation, pod: Pod) -> Pod:
    """Return the pod that a plugin wants; the very same one for a deletion.

    A pod that goes gets nothing any more, and whoever takes a finalizer off it must not be refused
    because of its network. Its plugin hears of such updates only as long as the pod has one of the
    plugin's own ``finalizers``.

    Raises:
        PluginError: it must not be; or whatever else the plugin raises.
    """
    if operation is Operation.CREATE:
        return plugin.on_pod_added(ctx, client, pod)
    if operation is Operation.DELETE:
        plugin.on_pod_deleted(ctx, client, pod)
        return pod
    if _is_let_go(plugin, pod):
        return pod
    return plugin.on_pod_updated(ctx, client, pod)


def _is_let_go(plugin: NetworkPlugin, pod: Pod) -> bool:
    meta, own = pod.metadata, getattr(plugin, "finalizers", ())
    return meta.deletion_timestamp is not None and not set(meta.finalizers) & set(own)
