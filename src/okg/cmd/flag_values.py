"""What flags have for values, and what is said of those that make no sense.

All raise ``argparse.ArgumentTypeError``, whose text becomes the line that ends the process.
"""

import argparse
from collections.abc import Callable
from datetime import timedelta

from okg.cmd.durations import parse_duration
from okg.workload.go_strconv import parse_bool

MAX_PORT = 65535

MAX_INT = 2**31 - 1


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number from ``least`` to ``most``."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
        if not least <= number <= most:
            limit = f"{least} or more" if number < least else f"{most} or less"
            raise argparse.ArgumentTypeError(f"{number}: give {limit}")
        return number

    return parse


def duration(text: str) -> timedelta:
    """Return a duration as Go writes it, such as ``1h30m``."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def boolean(text: str) -> bool:
    """Return a switch's value in any of Go's words."""
    try:
        return parse_bool(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
