"""How records tell their time, by the names that flags use; all are in UTC."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

_BILLION = 1_000_000_000


def rfc3339(nanoseconds: int) -> str:
    """Return whole seconds, as in ``2026-01-02T03:04:05Z``."""
    return f"{_date_and_time(nanoseconds)}Z"


def rfc3339_nano(nanoseconds: int) -> str:
    """Return all nine digits, so that lines sort as text: ``2026-01-02T03:04:05.120000000Z``."""
    return f"{_date_and_time(nanoseconds)}.{nanoseconds % _BILLION:09}Z"


def _iso8601(nanoseconds: int) -> str:
    return f"{_date_and_time(nanoseconds)}.{nanoseconds % _BILLION // 1_000_000:03}Z"


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // _BILLION}.{nanoseconds % _BILLION:09}"


def _milliseconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 1_000_000}.{nanoseconds % 1_000_000:06}"


def _date_and_time(nanoseconds: int) -> str:
    moment = datetime.fromtimestamp(nanoseconds // _BILLION, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


TIME_ENCODINGS: Mapping[str, Callable[[int], str]] = {
    "epoch": _seconds,
    "millis": _milliseconds,
    "nano": str,
    "nanos": str,
    "iso8601": _iso8601,
    "rfc3339": rfc3339,
    "rfc3339nano": rfc3339_nano,
}
"""Nanoseconds since 1970 to text. OpenKruiseGame's help says nano, and its flag takes nanos."""
