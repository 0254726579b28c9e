"""What the span of a pod's admission tells."""

from okg.api.admission import AdmissionRequest
from okg.api.core import Pod
from okg.cloudprovider.plugin import NetworkPlugin, PluginError
from okg.cloudprovider.slugs import ERROR, error_slug, network_slug
from okg.cloudprovider.spans import plugin_attributes
from okg.context import Context
from okg.telemetry import fields
from okg.telemetry.trace_parent import parse_trace_parent
from okg.telemetry.tracing import NO_SPAN, Attributes, Span
from okg.workload.names import OWNER_GSS, TRACE_PARENT

ADMISSION = "mutate pod admission"

WEBHOOK = "webhook"
"""Component of the spans."""

RECONCILE = "triggered_by_reconcile"
"""Why spans are linked."""


def told_by(request: AdmissionRequest) -> Attributes:
    """Return what is known before the pod is read."""
    return {
        fields.K8S_NAMESPACE: request.namespace,
        fields.SERVER_NAME: request.name,
        fields.ADMISSION_OPERATION: request.operation,
        fields.ADMISSION_UID: request.uid,
        fields.COMPONENT: WEBHOOK,
        fields.WEBHOOK_HANDLER: "mutating-pod",
    }


def describe_pod(ctx: Context, span: Span, pod: Pod) -> None:
    """Tell whose pod it is, and link the span to the reconcile that wrote it."""
    if span is NO_SPAN:
        return
    meta = pod.metadata
    span.set(
        {
            fields.SERVER_NAME: meta.name,
            fields.SERVER_NAMESPACE: meta.namespace,
            fields.SET_NAME: meta.labels.get(OWNER_GSS, ""),
            fields.SET_NAMESPACE: meta.namespace,
            fields.NETWORK_STATUS: network_slug(pod),
        }
    )
    text = meta.annotations.get(TRACE_PARENT)
    if text is None:
        return
    try:
        span.link(parse_trace_parent(text), RECONCILE)
    except ValueError as error:
        ctx.log.error("a pod names no trace", error=str(error))  # noqa: TRY400 - it says all


def describe_plugin(span: Span, plugin: NetworkPlugin | None) -> None:
    """Tell which plugin is asked."""
    if plugin is None:
        span.set({fields.PLUGIN_AVAILABLE: False})
    else:
        span.set(plugin_attributes(plugin))


def describe_network(span: Span, pod: Pod) -> None:
    """Tell how the network is after the plugin was asked."""
    if span is not NO_SPAN:
        span.set({fields.NETWORK_STATUS: network_slug(pod)})


def describe_failure(span: Span, error: PluginError) -> None:
    """Tell that the plugin refuses."""
    span.set({fields.NETWORK_STATUS: ERROR, fields.ERROR_TYPE: error_slug(error.type)})
    span.fail(f"plugin error: {error}", error)


def describe_timeout(span: Span) -> None:
    """Tell that the plugin has not answered in time."""
    span.set({fields.PLUGIN_TIMEOUT: True})
    span.fail("plugin execution timeout")
