"""How the process logs: once, at its start.

Everything goes to standard error, one record a line: tab-separated text for people, or JSON. The
standard library's loggers, warnings and exceptions that end a thread or the process go the same
way, so that no line is in another form.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from okg.errors import ConfigError
from okg.telemetry.call_sites import Stacks, add_caller
from okg.telemetry.identity import identity
from okg.telemetry.levels import Threshold, number_of
from okg.telemetry.logging import LOGGER_NAME
from okg.telemetry.records import ConsoleRecords, JsonRecords
from okg.telemetry.span_ids import add_span_ids
from okg.telemetry.times import TIME_ENCODINGS


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the process logs."""

    form: str = "console"
    """``console`` or ``json``."""
    level: int = logging.INFO
    """The least that is written, in the standard library's numbers."""
    stacks_from: int | None = None
    """The level from which on records bring their stack; None for tracebacks of exceptions."""
    time_encoding: str = "rfc3339"
    """How the console tells time, a key of ``TIME_ENCODINGS``; JSON has nanoseconds always."""


def configure(
    settings: LogSettings = LogSettings(),  # noqa: B008 - frozen
    *,
    stream: TextIO | None = None,
    now: Callable[[], int] = time.time_ns,
    copy_to: Processor | None = None,
) -> Threshold:
    """Set the process's logging up; return what changes its level later.

    Args:
        settings: form, level and what else there is to choose.
        stream: where to; standard error by default.
        now: nanoseconds since 1970.
        copy_to: gets every record that is written, too; None for nobody.

    Raises:
        ConfigError: an unknown form or encoding of times.
    """
    threshold = Threshold(settings.level)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _Filter(threshold),
            structlog.contextvars.merge_contextvars,
            add_span_ids,
            _Stamp(now),
            Stacks(settings.stacks_from),
            add_caller,
            *([copy_to] if copy_to is not None else []),
            _rendering(settings),
        ],
        # What is too little to be written is left out by our filter, whose level can change.
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=True,
    )
    _route_standard_library()
    return threshold


def _rendering(settings: LogSettings) -> Processor:
    if settings.form == "json":
        return JsonRecords(identity(os.environ))
    if settings.form != "console":
        raise ConfigError(f"log format {settings.form!r} is neither console nor json")
    if settings.time_encoding not in TIME_ENCODINGS:
        raise ConfigError(
            f"time encoding {settings.time_encoding!r} is none of {', '.join(TIME_ENCODINGS)}"
        )
    return ConsoleRecords(TIME_ENCODINGS[settings.time_encoding])


class _Filter:
    """Drops records below the threshold."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if number_of(str(event["level"])) < self._threshold.level:
            raise structlog.DropEvent
        return event


class _Stamp:
    """Puts the time on records."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["time_ns"] = self._now()
        return event


def _route_standard_library() -> None:
    # Never debug: that of libraries tells nothing of ours, and of the requests too much.
    logging.basicConfig(handlers=[_Handler()], level=logging.INFO, force=True)
    logging.captureWarnings(capture=True)
    # urllib3 warns of each retry and full pool; our transport reports what matters.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    threading.excepthook = _log_thread_exception
    sys.excepthook = _log_uncaught


def _log_thread_exception(args: "threading.ExceptHookArgs") -> None:
    name = args.thread.name if args.thread else "unknown"
    structlog.get_logger().error(
        "a thread ended with an exception", thread=name, exc_info=args.exc_value
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("the process ends with an exception", exc_info=error)


class _Handler(logging.Handler):
    """Hands a record of the standard library to our logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record."""
        fields: dict[str, object] = {LOGGER_NAME: record.name}
        if record.exc_info and record.exc_info[1]:
            fields["exc_info"] = record.exc_info[1]
        structlog.get_logger().log(_known_level(record.levelno), _message(record), **fields)


def _known_level(number: int) -> int:
    """Return the level that a made-up one is at least as grave as."""
    return min(max(number // 10 * 10, logging.DEBUG), logging.CRITICAL)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit: the caller's mistake, in the log
        return f"{record.msg} {record.args}"
