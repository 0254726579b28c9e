"""How grave records are, and the least that is written."""

import logging

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
"""Levels by the words that flags use."""

STACK_LEVELS = {"info": logging.INFO, "error": logging.ERROR, "panic": logging.CRITICAL}
"""Levels from which on a record can bring its stack, likewise."""

SEVERITIES = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
"""OpenTelemetry's numbers of the levels, by the words that records use."""

_RECORD_NAMES = {"warning": "WARN", "critical": "FATAL"}

_NUMBERS = {**LEVELS, "critical": logging.CRITICAL}


def parse_level(text: str) -> int:
    """Return the level that a flag names; a positive number, a verbosity of Go, means debug.

    Raises:
        ValueError: it is neither.
    """
    word = text.lower()
    if word.isdecimal() and int(word) > 0:
        return logging.DEBUG
    if word not in LEVELS:
        raise ValueError(f"level {text!r} is none of {', '.join(LEVELS)}, nor a positive number")
    return LEVELS[word]


def record_name(level: str) -> str:
    """Return what records call a level of structlog's."""
    return _RECORD_NAMES.get(level, level.upper())


def number_of(level: str) -> int:
    """Return the standard library's number of a level of structlog's."""
    return _NUMBERS.get(level, logging.INFO)


class Threshold:
    """The least grave records that are written, which may change while the process runs.

    One attribute that is replaced as a whole: any thread may read it while another toggles.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self._usual = level if level != logging.DEBUG else logging.INFO

    def toggle(self) -> int:
        """Write everything, or again what is usual; return the new level.

        Usual is the level of the start, and info for a process that started with debug.
        """
        self.level = self._usual if self.level == logging.DEBUG else logging.DEBUG
        return self.level
