"""OtelTracer: spans of OpenTelemetry's."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import (
    Span as _Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer as _Tracer,
    TracerProvider,
    set_span_in_context,
    use_span,
)

from okg.telemetry.fields import LINK_REASON
from okg.telemetry.identity import SERVICE
from okg.telemetry.trace_parent import TraceParent
from okg.telemetry.tracing import Attributes, Span, as_current


class OtelTracer:
    """Opens spans that a provider of OpenTelemetry's records.

    They are OpenTelemetry's current ones too, for libraries that trace on their own account.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(SERVICE)

    def root(self, name: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """Open the first span of a trace."""
        return _opened(self._tracer, name, attributes, SpanKind.SERVER, Context())


class OtelSpan:
    """A span of OpenTelemetry's."""

    def __init__(self, tracer: _Tracer, span: _Span) -> None:
        self._tracer = tracer
        self._span = span
        self._settled = False

    @property
    def parent(self) -> TraceParent | None:
        """How others refer to this span."""
        known = self._span.get_span_context()
        if not known.is_valid:
            return None
        return TraceParent(
            f"{known.trace_id:032x}", f"{known.span_id:016x}", known.trace_flags.sampled
        )

    def set(self, attributes: Attributes) -> None:
        """Say more about it."""
        self._span.set_attributes(attributes)

    def event(self, name: str, attributes: Attributes | None = None) -> None:
        """Note that something happened at this moment."""
        self._span.add_event(name, attributes)

    def link(self, to: TraceParent, reason: str) -> None:
        """Note which span of another trace led to this one."""
        self._span.add_link(_context_of(to), {LINK_REASON: reason})

    def succeed(self) -> None:
        """Say that it is done."""
        if not self._settled:
            self._settled = True
            self._span.set_status(StatusCode.OK)

    def fail(self, words: str, error: BaseException | None = None) -> None:
        """Say that it failed, and by which exception."""
        if self._settled:
            return
        self._settled = True
        self._span.set_status(StatusCode.ERROR, words)
        if error is not None:
            self._span.record_exception(error)

    def child(
        self, name: str, attributes: Attributes | None = None
    ) -> AbstractContextManager[Span]:
        """Open a span for a part of the work."""
        inside = set_span_in_context(self._span, Context())
        return _opened(self._tracer, name, attributes or {}, SpanKind.INTERNAL, inside)


@contextmanager
def _opened(
    tracer: _Tracer, name: str, attributes: Attributes, kind: SpanKind, inside: Context
) -> Generator[Span]:
    made = tracer.start_span(name, inside, kind, attributes)
    span = OtelSpan(tracer, made)
    try:
        with (
            as_current(span),
            use_span(made, record_exception=False, set_status_on_exception=False),
        ):
            yield span
    except Exception as error:
        span.fail(str(error), error)
        raise
    finally:
        made.end()


def _context_of(parent: TraceParent) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, flags)  # noqa: FBT003 - OpenTelemetry's: it is remote
