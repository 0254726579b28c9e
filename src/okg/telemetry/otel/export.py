"""Exports: what goes to a collector over OTLP, in batches that never hold anybody up.

What is to be sent waits in queues of bounded length, whose oldest entries make room; a thread of
OpenTelemetry's for each of them sends it. The variables ``OTEL_BSP_*``, ``OTEL_BLRP_*``,
``OTEL_EXPORTER_OTLP_*`` and ``OTEL_RESOURCE_ATTRIBUTES`` say what nothing here says.
"""

import logging
import os
import platform
import socket
import threading
from collections.abc import Sequence
from typing import Protocol

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.resources import OsResourceDetector, ProcessResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from structlog.typing import Processor

from okg.telemetry.identity import identity
from okg.telemetry.logging import get_logger
from okg.telemetry.otel.records import OWN_LOGGER, OtelRecords
from okg.telemetry.otel.spans import OtelTracer
from okg.telemetry.tracing import Tracer


class _Closable(Protocol):
    def shutdown(self) -> None: ...


class _Sender(_Closable, Protocol):
    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult: ...


class Exports:
    """Sends spans and records to one collector, as far as they are asked for.

    Args:
        endpoint: ``host:port``, in plain text; an ``https`` address for TLS.
        token: what the collector wants to see, printable ASCII; empty for nothing.
    """

    def __init__(self, endpoint: str, token: str = "") -> None:
        # Upstream sends the first and promises the second; collectors look at either.
        self._headers = (
            (("authentication", token), ("authorization", f"Bearer {token}")) if token else None
        )
        self._endpoint = endpoint
        self._resource = _resource()
        self._providers: list[_Closable] = []
        self._exporters: list[_Closable] = []
        # Each try of each batch would be a line; what became of a batch is told once.
        logging.getLogger("opentelemetry").setLevel(logging.WARNING)
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)

    def tracer(self, rate: float) -> Tracer:
        """Return a tracer whose spans are sent.

        Args:
            rate: share of the traces that are, from 0 to 1.
        """
        exporter = OTLPSpanExporter(self._endpoint, insecure=True, headers=self._headers)
        provider = TracerProvider(TraceIdRatioBased(rate), self._resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(_Spans(exporter)))
        self._providers.append(provider)
        self._exporters.append(exporter)
        return OtelTracer(provider)

    def records(self) -> Processor:
        """Return what sends the records that pass it."""
        exporter = OTLPLogExporter(self._endpoint, insecure=True, headers=self._headers)
        provider = LoggerProvider(self._resource, shutdown_on_exit=False)
        provider.add_log_record_processor(BatchLogRecordProcessor(_Records(exporter)))
        self._providers.append(provider)
        self._exporters.append(exporter)
        return OtelRecords(provider)

    def close(self, within: float) -> None:
        """Send what is left, for so many seconds at most."""
        late = threading.Timer(within, self._give_up)
        late.start()
        try:
            for provider in self._providers:
                provider.shutdown()
        finally:
            late.cancel()
            late.join()

    def _give_up(self) -> None:
        """Let whoever waits for the collector wait no longer, and send nothing more."""
        for exporter in self._exporters:
            exporter.shutdown()


class _Spans(SpanExporter):
    """Tells what became of each batch, in upstream's words."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - a batch that is lost must harm nothing else
            _tell_loss("", f"{len(spans)} traces", type(error).__name__)
            return SpanExportResult.FAILURE
        if result is SpanExportResult.SUCCESS:
            line = f"Successfully exported {len(spans)} traces to collector"
            get_logger().info(line)
        else:
            _tell_loss("", f"{len(spans)} traces", "the collector did not take them")
        return result

    def shutdown(self) -> None:
        """Send nothing more."""
        self._exporter.shutdown()


class _Records(LogRecordExporter):
    """Tells of failures alone: each line is a record that is to be sent itself."""

    def __init__(self, exporter: _Sender) -> None:
        self._exporter = exporter

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send a batch."""
        try:
            return self._exporter.export(batch)
        except Exception as error:  # noqa: BLE001 - as for spans
            _tell_loss(OWN_LOGGER, f"{len(batch)} records", type(error).__name__)
            return LogRecordExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        """Do nothing: a batch is sent or lost when it is given to us."""
        del timeout_millis
        return True

    def shutdown(self) -> None:
        """Send nothing more."""
        self._exporter.shutdown()


def _tell_loss(logger: str, what: str, why: str) -> None:
    """Log it; never an error's text: what gRPC says of a header that it dislikes includes it."""
    line = f"Failed to export {what}: {why}"
    get_logger(logger).warning(line)


def _resource() -> Resource:
    """Return who we are and on what we run.

    How we were started is left out: arguments may be secrets.
    """
    detected = {
        "host.name": socket.gethostname(),
        "host.arch": platform.machine(),
        **OsResourceDetector().detect().attributes,
        **ProcessResourceDetector().detect().attributes,
    }
    told = {key: value for key, value in detected.items() if not key.startswith("process.command")}
    return Resource(told).merge(Resource.create(dict(identity(os.environ))))
