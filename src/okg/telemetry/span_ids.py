"""Which span a record was written in."""

from structlog.typing import EventDict, WrappedLogger

from okg.telemetry.fields import SPAN_ID, TRACE_ID
from okg.telemetry.tracing import current_span


def add_span_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the ids of the current span on a record; without a span it stays as it is."""
    span = current_span().parent
    if span is not None:
        event[TRACE_ID], event[SPAN_ID] = span.trace_id, span.span_id
    return event
