"""Where records come from: the line of code, and how the process got there."""

import inspect
import sys
import traceback
from types import FrameType
from typing import cast

from structlog.typing import EventDict, WrappedLogger

from okg.telemetry.levels import number_of

_NOT_CALLERS = ("structlog", "logging", "warnings", "threading", "okg.telemetry")
"""Modules between a line of code and its log record."""


def add_caller(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say which line of code logs."""
    frame = _calling_frame()
    path, line = frame.f_code.co_filename, frame.f_lineno or 1
    event["caller"] = f"{'/'.join(path.rsplit('/', 2)[-2:])}:{line}"
    event["code"] = {
        "function": f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_qualname}",
        "filepath": path,
        "lineno": line,
    }
    return event


class Stacks:
    """Adds the traceback of a record's exception, or how the process got to the call.

    Args:
        least: the level from which on records bring either; None for the tracebacks alone,
            whatever the level.
    """

    def __init__(self, least: int | None) -> None:
        self._least = least

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Name the exception in ``error``, and put a stack into ``exception``."""
        given = event.pop("exc_info", None)
        error = sys.exception() if given is True else given
        if isinstance(error, BaseException):
            event.setdefault("error", str(error) or type(error).__name__)
        else:
            error = None
        if stack := self._stack(number_of(str(event["level"])), error):
            event["exception"] = stack.rstrip("\n")
        return event

    def _stack(self, level: int, error: BaseException | None) -> str:
        if self._least is not None and level < self._least:
            return ""
        if error is not None:
            return "".join(traceback.format_exception(error))
        return "" if self._least is None else "".join(traceback.format_stack(_calling_frame()))


def _calling_frame() -> FrameType:
    """Return the innermost frame outside of logging, or the outermost one where all is logging."""
    frame = cast("FrameType", inspect.currentframe())
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith(_NOT_CALLERS):
        frame = frame.f_back
    return frame
