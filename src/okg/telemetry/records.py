"""What a record looks like when it is written: a JSON object, or a line for people.

A record arrives with what structlog and the processors of this package have put into it: ``event``,
``level``, ``time_ns``, ``caller``, ``code``, perhaps ``exception``, and the fields of the call.
"""

import json
from collections.abc import Callable, Mapping

import msgspec
from structlog.typing import EventDict, WrappedLogger

from okg.telemetry.levels import SEVERITIES, record_name
from okg.telemetry.logging import EVENT_NAME, LOGGER_NAME
from okg.telemetry.times import rfc3339_nano


class JsonRecords:
    """Renders records in upstream's schema, which log pipelines are set up for.

    Args:
        resource: who we are; on each record.
    """

    def __init__(self, resource: Mapping[str, str]) -> None:
        self._resource = resource

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        """Return one record as one line of JSON."""
        level = record_name(str(event.pop("level")))
        record: dict[str, object] = {"level": level, "time": rfc3339_nano(event.pop("time_ns"))}
        if LOGGER_NAME in event:
            record["logger"] = event.pop(LOGGER_NAME)
        record["caller"], code = event.pop("caller"), event.pop("code")
        record["msg"] = event.pop("event")
        stack = event.pop("exception", None)
        record |= self._resource
        record |= _named(event)
        record["code"] = code
        record["severity_number"] = SEVERITIES[level]
        if stack:
            record["stacktrace"] = stack
        return _encode(record)


class ConsoleRecords:
    """Renders records for people: tab-separated, the fields as JSON, a stack below.

    Args:
        tell_time: what to write for nanoseconds since 1970.
    """

    def __init__(self, tell_time: Callable[[int], str]) -> None:
        self._tell_time = tell_time

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        """Return one record as one line, and its stack as more."""
        head = [self._tell_time(event.pop("time_ns")), record_name(str(event.pop("level")))]
        if LOGGER_NAME in event:
            head.append(str(event.pop(LOGGER_NAME)))
        head += [str(event.pop("caller")), str(event.pop("event"))]
        event.pop("code")
        stack = event.pop("exception", None)
        if event:
            fields = json.dumps(_named(event), default=str, skipkeys=True, ensure_ascii=False)
            head.append(fields)
        line = "\t".join(head)
        return f"{line}\n{stack}" if stack else line


def _named(fields: EventDict) -> EventDict:
    if EVENT_NAME in fields:
        fields["event"] = fields.pop(EVENT_NAME)
    return fields


def _encode(record: Mapping[str, object]) -> str:
    """Return JSON whatever is in the record: a log line must not fail."""
    try:
        return msgspec.json.encode(record, enc_hook=str).decode()
    except (TypeError, ValueError):  # keys that are no text, half a surrogate pair
        return json.dumps(record, default=str, skipkeys=True)
