"""Spans of the calls of plugins, under the names that dashboards of OpenKruiseGame's know."""

from collections.abc import Callable, Mapping

from okg.api.core import Pod
from okg.client.client import Client
from okg.cloudprovider.operation import Operation
from okg.cloudprovider.plugin import NetworkPlugin, PluginError
from okg.cloudprovider.slugs import (
    ERROR,
    NOT_READY,
    cloud_slug,
    error_slug,
    network_slug,
    plugin_slug,
)
from okg.cloudprovider.traced_client import TracedClient
from okg.telemetry import fields
from okg.telemetry.identity import SERVICE
from okg.telemetry.tracing import NO_SPAN, Span, Value, current_span
from okg.workload.names import OWNER_GSS

CALL = "execute network plugin"

_OWN_SPANS: Mapping[str, Mapping[Operation, str]] = {
    "kubernetes_hostport": {
        Operation.CREATE: "prepare hostport pod",
        Operation.UPDATE: "process hostport update",
        Operation.DELETE: "cleanup hostport allocation",
    },
    "kubernetes_nodeport": {
        Operation.UPDATE: "process nodeport pod",
        Operation.DELETE: "cleanup nodeport service",
    },
    "alibabacloud_nlb": {
        Operation.UPDATE: "process nlb pod",
        Operation.DELETE: "cleanup nlb allocation",
    },
}
"""Spans that upstream's plugins open themselves, below that of their call."""


def traced(
    plugin: NetworkPlugin,
    operation: Operation,
    pod: Pod,
    ask: Callable[[Client], Pod],
    *,
    client: Client,
    component: str,
) -> Pod:
    """Return what a plugin answers; its call, and what it writes, are parts of the current span.

    Args:
        plugin: who is asked.
        operation: what about.
        pod: likewise.
        ask: asks it, with a client for it.
        client: what it reads and writes with.
        component: who asks it.

    Raises:
        PluginError: from ``ask``.
    """
    span = current_span()
    if span is NO_SPAN:
        return ask(client)
    known = plugin_attributes(plugin)
    about: dict[str, Value] = {
        **known,
        fields.PLUGIN_OPERATION: operation.value.lower(),
        fields.COMPONENT: component,
        fields.NETWORK_STATUS: network_slug(pod),
    }
    network = plugin_slug(plugin.name).partition("_")[2] or plugin_slug(plugin.name)
    writer = TracedClient(client, network, known)
    with span.child(CALL, about) as call:
        return _settled(
            call, lambda: _answered(call, plugin, operation, pod, lambda: ask(writer)), network_slug
        )


def plugin_attributes(plugin: NetworkPlugin) -> dict[str, Value]:
    """Return what spans say of a plugin."""
    known: dict[str, Value] = {
        fields.PLUGIN_NAME: plugin_slug(plugin.name),
        fields.CLOUD_PROVIDER: cloud_slug(plugin.name),
    }
    return known | ({fields.PLUGIN_ALIAS: plugin.alias} if plugin.alias else {})


def _answered(
    call: Span, plugin: NetworkPlugin, operation: Operation, pod: Pod, ask: Callable[[], Pod]
) -> Pod:
    name = _OWN_SPANS.get(plugin_slug(plugin.name), {}).get(operation)
    if name is None:
        return ask()
    with call.child(name, _own_attributes(plugin, pod)) as own:
        return _settled(own, ask, lambda wanted: _own_outcome(operation, wanted))


def _own_attributes(plugin: NetworkPlugin, pod: Pod) -> dict[str, Value]:
    meta = pod.metadata
    about: dict[str, Value] = {
        fields.COMPONENT: SERVICE,
        fields.PLUGIN_NAME: plugin_slug(plugin.name),
        fields.K8S_NAMESPACE: meta.namespace,
        fields.SET_NAMESPACE: meta.namespace,
        fields.SERVER_NAMESPACE: meta.namespace,
        fields.SET_NAME: meta.labels.get(OWNER_GSS, ""),
        fields.SERVER_NAME: meta.name,
        fields.CLOUD_PROVIDER: cloud_slug(plugin.name),
        fields.NETWORK_STATUS: network_slug(pod),
    }
    return about | ({fields.K8S_NODE: pod.spec.node_name} if pod.spec.node_name else {})


def _own_outcome(operation: Operation, wanted: Pod) -> str:
    return NOT_READY if operation is Operation.DELETE else network_slug(wanted, NOT_READY)


def _settled(span: Span, ask: Callable[[], Pod], outcome: Callable[[Pod], str]) -> Pod:
    try:
        wanted = ask()
    except PluginError as error:
        span.set({fields.NETWORK_STATUS: ERROR, fields.ERROR_TYPE: error_slug(error.type)})
        span.fail(f"plugin error: {error}", error)
        raise
    span.set({fields.NETWORK_STATUS: outcome(wanted)})
    span.succeed()
    return wanted
