"""A tracer that keeps its spans, and what tests want to know of them."""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from okg.telemetry.otel.spans import OtelTracer
from okg.telemetry.tracing import Tracer


class RecordedSpans:
    """Spans that have ended, in the order of their ends.

    Attributes:
        tracer: opens them.
    """

    def __init__(self, rate: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(TraceIdRatioBased(rate), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Tracer = OtelTracer(provider)

    @property
    def all(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.all]

    def one(self, name: str) -> ReadableSpan:
        [span] = [span for span in self.all if span.name == name]
        return span

    def told(self, name: str) -> Mapping[str, object]:
        """Return the attributes of the one span of a name."""
        return dict(self.one(name).attributes or {})


def status_of(span: ReadableSpan) -> tuple[str, str | None]:
    return span.status.status_code.name, span.status.description


def events_of(span: ReadableSpan) -> list[str]:
    return [event.name for event in span.events]


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    return span.parent is not None and span.parent.span_id == parent.context.span_id
