"""How the process logs: once, at its start.

Everything goes to standard error, one record a line: tab-separated text for people, or JSON. The
standard library's loggers, warnings and exceptions that end a thread or the process go the same
way, so that no line is in another form.
"""

import inspect
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from types import FrameType, TracebackType
from typing import TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from okg.errors import ConfigError
from okg.telemetry.logging import LOGGER_NAME

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_SEVERITY = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
"""OpenTelemetry's numbers of the levels."""

_NAMES = {"warning": "WARN", "critical": "FATAL"}

_NOT_CALLERS = ("structlog", "logging", "warnings", "threading", __name__)
"""Modules between a line of code and its log record."""

_RESOURCE = {
    "service.name": ("OKG_SERVICE_NAME", "SERVICE_NAME"),
    "service.namespace": ("OKG_NAMESPACE", "POD_NAMESPACE"),
    "service.version": ("OKG_SERVICE_VERSION", "SERVICE_VERSION", "OKG_VERSION"),
    "service.instance.id": ("OKG_SERVICE_INSTANCE_ID", "POD_UID"),
    "k8s.namespace.name": ("OKG_NAMESPACE", "POD_NAMESPACE"),
    "k8s.pod.name": ("OKG_POD_NAME", "POD_NAME", "HOSTNAME"),
}
"""What says who we are on each JSON record: environment variables, the first that is set wins."""

_DEFAULT_SERVICE = "okg-controller-manager"


def configure(*, form: str = "console", level: str = "info", stream: TextIO | None = None) -> None:
    """Set the process's logging up.

    Args:
        form: ``console`` or ``json``.
        level: the least that is logged: debug, info, warning or error; a positive number, which
            is a verbosity in Go's terms, stands for debug.
        stream: where to; standard error by default.

    Raises:
        ConfigError: an unknown form or level.
    """
    if form not in {"console", "json"}:
        raise ConfigError(f"log format {form!r} is neither console nor json")
    least = _level_number(level)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _add_time,
            _add_error,
            structlog.processors.format_exc_info,
            *_rendering(form),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=True,
    )
    _route_standard_library(least)


def _level_number(level: str) -> int:
    if level.isdecimal() and int(level) > 0:
        return logging.DEBUG
    if level not in LEVELS:
        raise ConfigError(f"log level {level!r} is none of {', '.join(LEVELS)}")
    return LEVELS[level]


def _rendering(form: str) -> list[Processor]:
    if form == "json":
        return [_add_caller, _JsonRenderer(_resource(os.environ))]
    return [_render_console]


def _add_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return event


def _add_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the exception in a field; its traceback goes elsewhere."""
    given = event.get("exc_info")
    error = sys.exception() if given is True else given
    if isinstance(error, BaseException):
        event.setdefault("error", str(error) or type(error).__name__)
    return event


def _add_caller(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    frame = _calling_frame()
    path, line = frame.f_code.co_filename, frame.f_lineno
    event["caller"] = f"{'/'.join(path.rsplit('/', 2)[-2:])}:{line}"
    event["code"] = {
        "function": f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}",
        "filepath": path,
        "lineno": line,
    }
    return event


def _calling_frame() -> FrameType:
    """Return the innermost frame outside of logging, or the outermost one where all is logging."""
    frame = cast("FrameType", inspect.currentframe())
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(_NOT_CALLERS):
        frame = frame.f_back
    return frame


class _JsonRenderer:
    """Renders a record in upstream's schema, which log pipelines are set up for."""

    def __init__(self, resource: Mapping[str, str]) -> None:
        self._resource = resource

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        level = _level_name(event)
        record: dict[str, object] = {"level": level, "time": event.pop("time")}
        if LOGGER_NAME in event:
            record["logger"] = event.pop(LOGGER_NAME)
        record["caller"] = event.pop("caller")
        record["msg"] = event.pop("event")
        trace = event.pop("exception", None)
        record |= self._resource
        record |= event
        record["severity_number"] = _SEVERITY.get(level, _SEVERITY["INFO"])
        if trace:
            record["stacktrace"] = trace
        return _encode(record)


def _resource(environment: Mapping[str, str]) -> dict[str, str]:
    known = {"service.name": _DEFAULT_SERVICE, "service.version": _own_version()}
    for key, names in _RESOURCE.items():
        values = (environment.get(name, "").strip() for name in names)
        known[key] = next(filter(None, values), known.get(key, ""))
    return {key: value for key, value in known.items() if value}


def _own_version() -> str:
    try:
        return version("okg")
    except PackageNotFoundError:  # run from a source tree
        return "dev"


def _render_console(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    level = _level_name(event)
    time = f"{str(event.pop('time'))[:19]}Z"
    trace = event.pop("exception", None)
    head = [time, level, *([str(event.pop(LOGGER_NAME))] if LOGGER_NAME in event else [])]
    line = "\t".join([*head, str(event.pop("event"))])
    if event:
        line += "\t" + json.dumps(event, default=str, skipkeys=True, ensure_ascii=False)
    return f"{line}\n{trace}" if trace else line


def _level_name(event: MutableMapping[str, object]) -> str:
    level = str(event.pop("level"))
    return _NAMES.get(level, level.upper())


def _encode(record: Mapping[str, object]) -> str:
    """Return JSON whatever is in the record: a log line must not fail."""
    try:
        return msgspec.json.encode(record, enc_hook=str).decode()
    except (TypeError, ValueError):  # keys that are no text, half a surrogate pair
        return json.dumps(record, default=str, skipkeys=True)


def _route_standard_library(level: int) -> None:
    logging.basicConfig(handlers=[_Handler()], level=max(level, logging.INFO), force=True)
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
