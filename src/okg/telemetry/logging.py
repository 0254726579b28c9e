"""Structured logging: one logger type for the whole code base, one set-up for the process."""

from typing import Protocol, Self, cast

import structlog

LOGGER_NAME = "logger_name"
"""Field that carries a logger's name; what is written calls it ``logger``, a word structlog keeps
for itself."""

EVENT_NAME = "event_name"
"""Field that what is written calls ``event``: likewise."""


class BoundLogger(Protocol):
    """What we ask of a logger: a message, fields, and more fields bound to a copy."""

    def bind(self, **fields: object) -> Self:
        """Return a logger whose lines carry these fields too."""
        ...

    def debug(self, event: str, **fields: object) -> None:
        """Log what only a developer wants to see."""
        ...

    def info(self, event: str, **fields: object) -> None:
        """Log what an operator may want to see."""
        ...

    def warning(self, event: str, **fields: object) -> None:
        """Log what an operator should look at."""
        ...

    def error(self, event: str, **fields: object) -> None:
        """Log a failure."""
        ...

    def exception(self, event: str, **fields: object) -> None:
        """Log a failure with the traceback of the exception being handled."""
        ...


def get_logger(name: str = "") -> BoundLogger:
    """Return the process's logger under a name, or the root.

    It takes the set-up in force at its first use, so modules may make theirs when imported.
    """
    fields = {LOGGER_NAME: name} if name else {}
    return cast("BoundLogger", structlog.get_logger(**fields))
