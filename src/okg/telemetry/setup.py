"""How the process logs: once, at its start.

Everything goes to standard error, one record a line: tab-separated text for people, or JSON. The
standard library's loggers, warnings and exceptions that end a thread go the same way, so that no
line is in another form.
"""

import logging
import sys
import threading
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from okg.errors import ConfigError

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_SEVERITY = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
"""OpenTelemetry's numbers of the levels."""

_NAMES = {"warning": "WARN", "critical": "FATAL"}


def configure(*, form: str = "console", level: str = "info", stream: TextIO | None = None) -> None:
    """Set the process's logging up.

    Args:
        form: ``console`` or ``json``.
        level: the least that is logged: debug, info, warning or error.
        stream: where to; standard error by default.

    Raises:
        ConfigError: an unknown form or level.
    """
    if form not in {"console", "json"}:
        raise ConfigError(f"log format {form!r} is neither console nor json")
    if level not in LEVELS:
        raise ConfigError(f"log level {level!r} is none of {', '.join(LEVELS)}")
    render: Processor = _render_json if form == "json" else _render_console
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_shared(), render],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=True,
    )
    _route_standard_library(LEVELS[level])


def _shared() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        _add_time,
        structlog.processors.format_exc_info,
    ]


def _add_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return event


def _level_name(event: MutableMapping[str, object]) -> str:
    level = str(event.pop("level"))
    return _NAMES.get(level, level.upper())


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    level = _level_name(event)
    record: dict[str, object] = {"level": level, "time": event.pop("time")}
    if "logger" in event:
        record["logger"] = event.pop("logger")
    record["msg"] = event.pop("event")
    if "exception" in event:
        record["stacktrace"] = event.pop("exception")
    record |= event
    record["severity_number"] = _SEVERITY.get(level, 9)
    return msgspec.json.encode(record, enc_hook=str).decode()


def _render_console(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    level = _level_name(event)
    time = f"{str(event.pop('time'))[:19]}Z"
    trace = event.pop("exception", None)
    head = [time, level, *([str(event.pop("logger"))] if "logger" in event else [])]
    line = "\t".join([*head, str(event.pop("event"))])
    if event:
        line += "\t" + msgspec.json.encode(event, enc_hook=str).decode()
    return f"{line}\n{trace}" if trace else line


def _route_standard_library(level: int) -> None:
    logging.basicConfig(handlers=[_Handler()], level=max(level, logging.INFO), force=True)
    logging.captureWarnings(capture=True)
    # urllib3 warns of each retry and full pool; our transport reports what matters.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    threading.excepthook = _log_thread_exception


def _log_thread_exception(args: "threading.ExceptHookArgs") -> None:
    name = args.thread.name if args.thread else "unknown"
    structlog.get_logger().error(
        "a thread ended with an exception", thread=name, exc_info=args.exc_value
    )


class _Handler(logging.Handler):
    """Hands a record of the standard library to our logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record."""
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, **_exception(error)
        )


def _exception(error: BaseException | None) -> dict[str, BaseException]:
    return {} if error is None else {"exc_info": error}
