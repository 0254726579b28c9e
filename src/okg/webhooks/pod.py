"""The webhook for pods: one server's own images and resources, and the network of its set.

| outcome of a plugin | answer |
|---|---|
| a pod | what it wants is patched into the request |
| PluginError, or any other failure | refused in the plugin's words; for a deletion too |
| no outcome in time | let through without network; a Warning says so |
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from okg.api.admission import AdmissionRequest, AdmissionResponse, denied, errored, patched
from okg.api.admitted import AdmittedPod
from okg.api.core import Pod
from okg.api.game import GameServer
from okg.client.client import Client
from okg.client.patch import Operation, json_patch
from okg.cloudprovider.operation import Operation as PodOperation
from okg.cloudprovider.plugin import PluginError
from okg.cloudprovider.plugin_calls import PluginCalls
from okg.cloudprovider.plugin_metrics import PluginMetrics
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.errors import Cancelled
from okg.runtime.events import EventRecorder
from okg.telemetry.tracing import NO_TRACER, Span, Tracer, current_span
from okg.webhooks.pod_spans import (
    ADMISSION,
    WEBHOOK,
    describe_failure,
    describe_network,
    describe_plugin,
    describe_pod,
    describe_timeout,
    told_by,
)
from okg.workload.container_overrides import override_containers
from okg.workload.names import NETWORK_TYPE, OWNER_GSS
from okg.workload.trace_note import without_trace

PATH = "/mutate-v1-pod"
COMPONENT = "kruise-game-webhook"
"""Source of the events, as upstream's."""

TIMED_OUT = "MutatingTimeout"

PLUGIN_SECONDS = 8.0
"""What a plugin gets of the ten seconds that the API server waits by default."""

PLUGIN_SHARE = 0.8
"""What it gets where the API server waits for less."""


class PodWebhook:
    """Changes pods of game servers before they are stored.

    Args:
        client: reads servers from the cache; plugins write with it, whether or not we lead.
        recorder: tells about failures on the pod.
        plugins: the network plugins.
        started: whether caches and plugins are ready to be asked.
        metrics: where calls of plugins are counted.
        tracer: opens a span for each request, linked to the reconcile that led to it.
    """

    def __init__(
        self,
        client: Client,
        recorder: EventRecorder,
        plugins: Registry,
        *,
        started: Callable[[], bool],
        metrics: PluginMetrics | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._client = client
        self._tracer = tracer
        self._recorder = recorder
        self._plugins = plugins
        self._started = started
        self._calls = PluginCalls(plugins, client, component=WEBHOOK, metrics=metrics)

    def handle(self, ctx: Context, request: AdmissionRequest) -> AdmissionResponse:
        """Answer one request; an AdmissionHandler."""
        with self._tracer.root(ADMISSION, told_by(request)) as span:
            answer = self._answer(ctx, request, span)
            if answer.allowed:
                span.succeed()
            else:
                span.fail(answer.message)
            return answer

    def _answer(self, ctx: Context, request: AdmissionRequest, span: Span) -> AdmissionResponse:
        deleting = request.operation == "DELETE"
        try:
            pod = _POD.decode(request.old_object if deleting else request.object)
        except msgspec.MsgspecError as error:
            span.fail("failed to decode pod from request", error)
            return errored(500, f"cannot decode the pod: {error}")
        describe_pod(ctx, span, pod)
        if not self._started():
            return errored(503, "the manager is starting: try again in a few seconds")
        try:
            wanted = self._with_network(ctx, request, pod)
        except PluginError as error:
            self._warn(request, pod, error.type, f" ,because of {error}")
            describe_failure(span, error)
            return denied(str(error))
        describe_network(span, wanted)
        if deleting:
            return AdmissionResponse(allowed=True, message="delete successfully")
        overrides = self._overrides(request, pod)
        return patched([*overrides, *json_patch(pod, without_trace(wanted))])

    def join(self) -> None:
        """Wait until no plugin is at work."""
        self._calls.join()

    def _overrides(self, request: AdmissionRequest, pod: Pod) -> Sequence[Operation]:
        """Return what the pod's own server changes in its containers, and nothing else."""
        if request.operation != "CREATE" or OWNER_GSS not in pod.metadata.labels:
            return ()
        server = self._client.get(GameServer, request.namespace, pod.metadata.name)
        if server is None or not server.spec.containers:
            return ()
        admitted = _ADMITTED_POD.decode(request.object)
        return json_patch(admitted, override_containers(admitted, server))

    def _with_network(self, ctx: Context, request: AdmissionRequest, pod: Pod) -> Pod:
        """Return the pod that its plugin wants."""
        plugin = self._plugins.find(pod.metadata.annotations.get(NETWORK_TYPE, ""))
        describe_plugin(current_span(), plugin)
        # A dry run must not do anything, and what plugins do cannot be told from what they want.
        if plugin is None or request.dry_run:
            return pod
        with ctx.deadline(_budget(ctx)) as limited:
            try:
                return self._calls.call(limited, plugin, PodOperation(request.operation), pod)
            except Cancelled:
                ctx.check()
        describe_timeout(current_span())
        self._warn(request, pod, TIMED_OUT, f", because plugin {plugin.name} exec timed out")
        return pod

    def _warn(self, request: AdmissionRequest, pod: Pod, reason: str, why: str) -> None:
        meta = replace(pod.metadata, namespace=request.namespace)
        self._recorder.warning(
            replace(pod, metadata=meta),
            reason,
            f"Failed to {request.operation} pod {request.namespace}/{meta.name}{why}",
        )


def _budget(ctx: Context) -> float:
    """Return how many seconds a plugin has: the answer must be there before nobody waits."""
    left = ctx.remaining()
    return PLUGIN_SECONDS if left is None else min(PLUGIN_SECONDS, left * PLUGIN_SHARE)


_POD = msgspec.json.Decoder(Pod)
_ADMITTED_POD = msgspec.json.Decoder(AdmittedPod)
