"""TraceParent: where in which trace something was asked for, in the form of W3C Trace Context."""

import re

import msgspec

_FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_SAMPLED = 0x01


class TraceParent(msgspec.Struct, frozen=True):
    """A span as those outside of its process know it.

    Attributes:
        trace_id: 32 hexadecimal digits, not all zero.
        span_id: 16, likewise.
        sampled: whether anybody records the span.
    """

    trace_id: str
    span_id: str
    sampled: bool

    def __str__(self) -> str:
        """``00-<trace>-<span>-01``, or ``00`` at the end."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def parse_trace_parent(text: str) -> TraceParent:
    """Return what a text says.

    Raises:
        ValueError: it is none of version 00, or names no span.
    """
    found = _FORM.fullmatch(text)
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        raise ValueError(f"{text!r} is no trace parent of version 00")
    return TraceParent(found[1], found[2], bool(int(found[3], 16) & _SAMPLED))
