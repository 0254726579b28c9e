"""Durations as Go writes them, which is how people have them in their manifests."""

import re
from datetime import timedelta

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def parse_duration(text: str) -> timedelta:
    """Return the duration of e.g. ``1h30m``, ``2.5s`` or ``0``.

    Raises:
        ValueError: it is not a duration; the message shows the form.
    """
    if text == "0":
        return timedelta(0)
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration such as 300ms, 15s or 1h30m")
    parts = _PART.findall(text)
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
