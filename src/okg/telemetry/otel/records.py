"""OtelRecords: records of the log as OpenTelemetry's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, cast

from opentelemetry._logs import LoggerProvider, LogRecord, SeverityNumber
from structlog.typing import EventDict, WrappedLogger

from okg.telemetry.fields import SPAN_ID, TRACE_ID
from okg.telemetry.identity import SERVICE
from okg.telemetry.levels import SEVERITIES, record_name
from okg.telemetry.logging import EVENT_NAME, LOGGER_NAME

Plain: TypeAlias = "str | bool | int | float | Sequence[Plain] | Mapping[str, Plain] | None"

OWN_LOGGER = "opentelemetry"
"""Logger of those who send: what they complain of would have to go the way that is blocked."""

_ELSEWHERE = {"event", "level", "time_ns", "caller", "code", "exception", TRACE_ID, SPAN_ID}
"""What a record of OpenTelemetry's has a place for that is not among its attributes."""

_NAMES = {LOGGER_NAME: "logger", EVENT_NAME: "event"}
"""What is called otherwise when it is written."""

_INT64 = range(-(2**63), 2**63)


class OtelRecords:
    """A processor of structlog's that lets records pass and gives each to OpenTelemetry, too."""

    def __init__(self, provider: LoggerProvider) -> None:
        self._logger = provider.get_logger(SERVICE)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Send a record that is ready to be written."""
        if str(event.get(LOGGER_NAME, "")).startswith(OWN_LOGGER):
            return event
        level = record_name(str(event["level"]))
        self._logger.emit(
            LogRecord(
                timestamp=event["time_ns"],
                severity_text=level,
                severity_number=SeverityNumber(SEVERITIES[level]),
                body=_legible(str(event["event"])),
                attributes=_attributes(event),
            )
        )
        return event


def _attributes(event: EventDict) -> dict[str, Plain]:
    found = {
        _NAMES.get(key, key): _plain(value) for key, value in event.items() if key not in _ELSEWHERE
    }
    code = event["code"]
    found["code.function.name"] = code["function"]
    found["code.file.path"] = code["filepath"]
    found["code.line.number"] = code["lineno"]
    if stack := event.get("exception"):
        found["exception.stacktrace"] = _legible(str(stack))
    return found


def _plain(value: object) -> Plain:
    """Return a value as OTLP can carry it: what is no data becomes its text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and value in _INT64:
        return value
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {str(key): _plain(item) for key, item in members.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("Iterable[object]", value)]
    return _legible(str(value))


def _legible(text: str) -> str:
    """Return a text without halves of surrogate pairs, which UTF-8 has no bytes for."""
    return text.encode(errors="replace").decode()
