"""Spans and records of the binary as a collector gets them, over a real API server's webhooks."""

import time
from collections.abc import Generator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Collector, open_collector, told
from integration.hooked import Hooked, Replica, a_pod, open_hooked
from okg.api.core import Pod
from okg.api.game import GameServer
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports

pytestmark = pytest.mark.integration

P = "game.kruise.io."
TRACE = "game.kruise.io/traceparent"
TOKEN = "s3cret-of-the-test"


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hooked]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        environment.setenv("OTEL_BLRP_SCHEDULE_DELAY", "200")
        environment.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3")
        with open_hooked(tmp_path_factory.mktemp("tracing")) as hooked:
            yield hooked


@pytest.fixture(scope="module")
def collector() -> Generator[Collector]:
    with open_collector() as collector:
        yield collector


@pytest.fixture
def replica(hooked: Hooked, collector: Collector) -> Generator[Replica]:
    with hooked.replica(*_sending_to(collector.endpoint)) as replica:
        yield replica


def _sending_to(endpoint: str) -> tuple[str, ...]:
    return (
        "--workload-backend=kruise",
        "--enable-tracing",
        "--enable-otel-logs",
        f"--otel-collector-endpoint={endpoint}",
        f"--otel-collector-token={TOKEN}",
        "--log-format=json",
    )


def _make_server(hooked: Hooked, namespace: str) -> Pod:
    """Make the pod that OpenKruise would make, let it run, and wait until it is looked after."""
    made = hooked.arena.admin.create(
        a_pod(namespace, "a-0", {"game.kruise.io/network-type": "Test-Net"})
    )
    hooked.arena.rest.call(
        "PATCH",
        f"/api/v1/namespaces/{namespace}/pods/{made.metadata.name}/status",
        {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
        content_type="application/merge-patch+json",
    )
    eventually(lambda: hooked.arena.admin.get(GameServer, namespace, "a-0"), within=60)
    pod = eventually(lambda: _labelled(hooked, namespace), within=60)
    assert pod is not None
    return pod


def _labelled(hooked: Hooked, namespace: str) -> Pod | None:
    pod = hooked.arena.admin.get(Pod, namespace, "a-0")
    return pod if pod is not None and "game.kruise.io/gs-state" in pod.metadata.labels else None


def _of(collector: Collector, name: str, namespace: str) -> list[Span]:
    return [
        span
        for span in collector.named(name)
        if told(span.attributes).get("k8s.namespace.name") == namespace
    ]


def _linked(collector: Collector, namespace: str) -> list[Span]:
    return [span for span in _of(collector, "mutate pod admission", namespace) if span.links]


def _by_id(collector: Collector, span_id: bytes) -> Span | None:
    return next((span for span in collector.spans if span.span_id == span_id), None)


def test_a_set_and_its_server_leave_linked_spans_and_records(
    hooked: Hooked, collector: Collector, replica: Replica
) -> None:
    namespace = hooked.arena.namespace()

    hooked.arena.create_set(namespace, "a", replicas=1)
    eventually(
        lambda: any(
            told(span.attributes).get(P + "reconcile.action") == "create_statefulset"
            for span in _of(collector, "reconcile game_server_set", namespace)
        ),
        within=60,
    )
    pod = _make_server(hooked, namespace)
    [admission, *_] = eventually(lambda: _linked(collector, namespace), within=60)

    cause = eventually(lambda: _by_id(collector, admission.links[0].span_id), within=60)
    assert cause is not None
    assert cause.name == "reconcile game_server"
    assert cause.trace_id == admission.links[0].trace_id != admission.trace_id
    assert told(admission.links[0].attributes) == {"link.reason": "triggered_by_reconcile"}
    assert (cause.kind, admission.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_SERVER)
    assert told(cause.attributes)[P + "game_server_set.name"] == "a"
    assert told(admission.attributes)[P + "network.plugin.name"] == "test_net"
    calls = [
        span
        for span in collector.named("execute network plugin")
        if span.parent_span_id == admission.span_id
    ]
    [call] = calls
    assert call.trace_id == admission.trace_id
    assert told(call.attributes)[P + "plugin.operation"] == "update"
    assert TRACE not in pod.metadata.annotations

    record = eventually(lambda: _record(collector, "starting kruise-game-manager"), within=30)
    assert record is not None
    resource = told(collector.logs[0].resource_logs[0].resource.attributes)
    assert resource["service.name"] == "okg-controller-manager"
    assert collector.headers[0]["authentication"] == TOKEN
    assert TOKEN not in replica.manager.log
    assert "Tracing initialized successfully" in replica.manager.log
    assert "traces to collector" in replica.manager.log


def _record(collector: Collector, body: str) -> object:
    return next((r for r in collector.records if r.body.string_value == body), None)


def test_a_collector_that_is_gone_harms_neither_servers_nor_the_end(hooked: Hooked) -> None:
    [port] = free_ports(1)
    namespace = hooked.arena.namespace()

    with hooked.replica(*_sending_to(f"127.0.0.1:{port}")) as replica:
        hooked.arena.create_set(namespace, "a", replicas=1)
        pod = _make_server(hooked, namespace)
        eventually(lambda: "Failed to export" in replica.manager.log, within=60)
        started = time.monotonic()
        replica.manager.stop()
        took = time.monotonic() - started

    assert pod.metadata.annotations["game.kruise.io/network-status"] == "{}"
    assert TRACE not in pod.metadata.annotations
    assert took < 20
    assert TOKEN not in replica.manager.log
