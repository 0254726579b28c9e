"""A collector of OpenTelemetry's, as far as managers see one: OTLP over gRPC, kept in memory."""

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from okg.testing.certificates import KeyPair

Plain: TypeAlias = "str | bool | int | float | list[Plain] | dict[str, Plain] | None"

SERVICES = "opentelemetry.proto.collector"


class Collector:
    """Takes everything and keeps it."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.headers: list[dict[str, str | bytes]] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self.logs: list[ExportLogsServiceRequest] = []

    @property
    def spans(self) -> Sequence[Span]:
        return [
            span
            for request in self.traces
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]

    @property
    def records(self) -> Sequence[LogRecord]:
        return [
            record
            for request in self.logs
            for of_resource in request.resource_logs
            for of_scope in of_resource.scope_logs
            for record in of_scope.log_records
        ]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def take_traces(
        self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> ExportTraceServiceResponse:
        self.headers.append({str(key): value for key, value in context.invocation_metadata()})
        self.traces.append(request)
        return ExportTraceServiceResponse()

    def take_logs(
        self, request: ExportLogsServiceRequest, context: grpc.ServicerContext
    ) -> ExportLogsServiceResponse:
        self.headers.append({str(key): value for key, value in context.invocation_metadata()})
        self.logs.append(request)
        return ExportLogsServiceResponse()


@contextmanager
def open_collector(pair: KeyPair | None = None) -> Generator[Collector]:
    """Serve in plain text, or with a certificate."""
    collector = Collector()
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads)
        server.add_generic_rpc_handlers(_services(collector))
        if pair is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            secret = grpc.ssl_server_credentials([(pair.private, pair.public)])
            port = server.add_secure_port("127.0.0.1:0", secret)
        collector.endpoint = f"127.0.0.1:{port}"
        server.start()
        try:
            yield collector
        finally:
            server.stop(grace=1).wait()


def plain(value: AnyValue) -> Plain:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return told(value.kvlist_value.values)
    known: Plain = getattr(value, kind) if kind else None
    return known


def told(attributes: Iterable[KeyValue]) -> dict[str, Plain]:
    return {attribute.key: plain(attribute.value) for attribute in attributes}


def _services(collector: Collector) -> Sequence[grpc.GenericRpcHandler]:
    traces = grpc.unary_unary_rpc_method_handler(
        collector.take_traces,
        request_deserializer=ExportTraceServiceRequest.FromString,
        response_serializer=ExportTraceServiceResponse.SerializeToString,
    )
    logs = grpc.unary_unary_rpc_method_handler(
        collector.take_logs,
        request_deserializer=ExportLogsServiceRequest.FromString,
        response_serializer=ExportLogsServiceResponse.SerializeToString,
    )
    return [
        grpc.method_handlers_generic_handler(
            f"{SERVICES}.trace.v1.TraceService", {"Export": traces}
        ),
        grpc.method_handlers_generic_handler(f"{SERVICES}.logs.v1.LogsService", {"Export": logs}),
    ]
