"""What the span of a pod's admission tells, and what is below it."""

import threading
from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from okg.api.admission import AdmissionRequest, AdmissionResponse
from okg.api.core import Pod
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.registry import Registry
from okg.context import Context
from okg.testing.clock import FakeClock
from okg.webhooks.pod import PodWebhook
from unit.controllers.memory import MemoryClient, MemoryRecorder
from unit.recorded_spans import RecordedSpans, is_child, status_of
from unit.webhooks.plugins import Answer, ScriptedPlugin

TYPE = "game.kruise.io/network-type"
STATUS = "game.kruise.io/network-status"
TRACE = "game.kruise.io/traceparent"
CAUSE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

P = "game.kruise.io."


def ready(_ctx: Context, pod: Pod) -> Pod:
    annotations = {**pod.metadata.annotations, STATUS: '{"currentNetworkState":"Ready"}'}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


def refuse(_ctx: Context, pod: Pod) -> Pod:
    raise PluginError(PluginErrorType.PARAMETER, "no port is free")


class Stage:
    """A webhook with one plugin, and its spans."""

    def __init__(self, answer: Answer = ready, plugin: str = "AlibabaCloud-SLB") -> None:
        self.spans = RecordedSpans()
        scripted = ScriptedPlugin(plugin, answer)
        scripted.alias = "LB-Network"
        self.webhook = PodWebhook(
            MemoryClient(),
            MemoryRecorder(),
            Registry([scripted]),
            started=lambda: True,
            tracer=self.spans.tracer,
        )

    def ask(
        self,
        operation: str = "UPDATE",
        annotations: Mapping[str, str] | None = None,
        ctx: Context | None = None,
    ) -> AdmissionResponse:
        meta = {
            "name": "xxx-0",
            "namespace": "games",
            "labels": {"game.kruise.io/owner-gss": "xxx"},
            "annotations": annotations or {},
        }
        pod = msgspec.Raw(msgspec.json.encode({"metadata": meta, "spec": {"nodeName": "n1"}}))
        request = AdmissionRequest(
            uid="u1", name="xxx-0", namespace="games", operation=operation, object=pod
        )
        gone = replace(request, object=msgspec.Raw(b"null"), old_object=pod)
        return self.webhook.handle(ctx or Context(), gone if operation == "DELETE" else request)


def test_the_span_tells_whose_pod_it_is_and_what_its_network_becomes() -> None:
    stage = Stage()

    stage.ask("CREATE", {TYPE: "AlibabaCloud-SLB"})

    assert stage.spans.told("mutate pod admission") == {
        "k8s.namespace.name": "games",
        P + "game_server.name": "xxx-0",
        P + "game_server.namespace": "games",
        P + "game_server_set.name": "xxx",
        P + "game_server_set.namespace": "games",
        P + "admission.operation": "CREATE",
        P + "admission.request.uid": "u1",
        P + "component": "webhook",
        P + "webhook.handler": "mutating-pod",
        P + "network.plugin.name": "alibabacloud_slb",
        P + "plugin.alias": "LB-Network",
        "cloud.provider": "alibaba_cloud",
        P + "network.status": "ready",
    }
    assert status_of(stage.spans.one("mutate pod admission")) == ("OK", None)


def test_the_call_of_the_plugin_is_a_span_below_it_though_in_another_thread() -> None:
    stage = Stage()

    stage.ask("UPDATE", {TYPE: "AlibabaCloud-SLB"})

    assert stage.spans.names == ["execute network plugin", "mutate pod admission"]
    call = stage.spans.one("execute network plugin")
    assert is_child(call, stage.spans.one("mutate pod admission"))
    assert stage.spans.told("execute network plugin") == {
        P + "network.plugin.name": "alibabacloud_slb",
        P + "plugin.alias": "LB-Network",
        P + "plugin.operation": "update",
        P + "component": "webhook",
        P + "network.status": "ready",
        "cloud.provider": "alibaba_cloud",
    }
    assert status_of(call) == ("OK", None)


@pytest.mark.parametrize(
    ("plugin", "operation", "name", "status"),
    [
        ("Kubernetes-HostPort", "CREATE", "prepare hostport pod", "ready"),
        ("Kubernetes-HostPort", "UPDATE", "process hostport update", "ready"),
        ("Kubernetes-HostPort", "DELETE", "cleanup hostport allocation", "not_ready"),
        ("Kubernetes-NodePort", "UPDATE", "process nodeport pod", "ready"),
        ("Kubernetes-NodePort", "DELETE", "cleanup nodeport service", "not_ready"),
        ("AlibabaCloud-NLB", "UPDATE", "process nlb pod", "ready"),
        ("AlibabaCloud-NLB", "DELETE", "cleanup nlb allocation", "not_ready"),
    ],
)
def test_three_plugins_have_spans_of_their_own_names_below_that(
    plugin: str, operation: str, name: str, status: str
) -> None:
    stage = Stage(plugin=plugin)

    stage.ask(operation, {TYPE: plugin})

    own = stage.spans.one(name)
    assert is_child(own, stage.spans.one("execute network plugin"))
    told = stage.spans.told(name)
    assert told[P + "component"] == "okg-controller-manager"
    assert told[P + "game_server_set.name"] == "xxx"
    assert told[P + "game_server.name"] == "xxx-0"
    assert told["k8s.node.name"] == "n1"
    assert told[P + "network.status"] == status


def test_a_refusal_of_the_plugin_is_an_error_of_all_spans() -> None:
    stage = Stage(refuse, plugin="Kubernetes-HostPort")

    stage.ask("CREATE", {TYPE: "Kubernetes-HostPort"})

    assert stage.spans.names == [
        "prepare hostport pod",
        "execute network plugin",
        "mutate pod admission",
    ]
    assert {status_of(span) for span in stage.spans.all} == {
        ("ERROR", "plugin error: no port is free")
    }
    assert {stage.spans.told(name)[P + "network.status"] for name in stage.spans.names} == {"error"}
    assert {stage.spans.told(name)["error.type"] for name in stage.spans.names} == {
        "parameter_error"
    }


def test_a_pod_without_network_has_no_plugin_to_tell_of() -> None:
    stage = Stage()

    stage.ask()

    assert stage.spans.names == ["mutate pod admission"]
    told = stage.spans.told("mutate pod admission")
    assert told[P + "plugin.available"] is False
    assert told[P + "network.status"] == "waiting"
    assert status_of(stage.spans.one("mutate pod admission")) == ("OK", None)


def test_a_plugin_that_is_too_slow_is_an_error_though_the_pod_is_let_through() -> None:
    clock, hold = FakeClock(), threading.Event()

    def hang(_ctx: Context, pod: Pod) -> Pod:
        clock.advance(8.5)
        hold.wait(30)
        return pod

    stage = Stage(hang)

    answer = stage.ask("CREATE", {TYPE: "AlibabaCloud-SLB"}, Context(clock=clock))
    hold.set()
    stage.webhook.join()

    assert answer.allowed
    assert status_of(stage.spans.one("mutate pod admission")) == (
        "ERROR",
        "plugin execution timeout",
    )
    assert stage.spans.told("mutate pod admission")[P + "plugin.timeout"] is True
    assert is_child(
        stage.spans.one("execute network plugin"), stage.spans.one("mutate pod admission")
    )


def test_a_pod_that_cannot_be_read_is_an_error() -> None:
    stage = Stage()
    request = AdmissionRequest(operation="CREATE", object=msgspec.Raw(b'{"metadata": 1}'))

    stage.webhook.handle(Context(), request)

    assert status_of(stage.spans.one("mutate pod admission")) == (
        "ERROR",
        "failed to decode pod from request",
    )


def test_the_reconcile_that_wrote_the_pod_is_linked_and_its_note_taken_off() -> None:
    stage = Stage()

    answer = stage.ask("UPDATE", {TRACE: CAUSE})

    span = stage.spans.one("mutate pod admission")
    [link] = span.links
    assert f"{link.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{link.context.span_id:016x}" == "b7ad6b7169203331"
    assert dict(link.attributes or {}) == {"link.reason": "triggered_by_reconcile"}
    assert span.parent is None
    assert answer.patch == ({"op": "remove", "path": "/metadata/annotations"},)


def test_a_note_that_makes_no_sense_is_told_taken_off_and_linked_to_nothing() -> None:
    stage = Stage()

    with capture_logs() as lines:
        answer = stage.ask("UPDATE", {TRACE: "00-a-b-01", "a": "b"})

    assert [line["event"] for line in lines] == ["a pod names no trace"]
    assert stage.spans.one("mutate pod admission").links == ()
    assert answer.allowed
    assert len(answer.patch) == 1
