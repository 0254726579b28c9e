"""How one process tells another which span led to something."""

import pytest

from okg.telemetry.trace_parent import TraceParent, parse_trace_parent

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize(("sampled", "flags"), [(True, "01"), (False, "00")])
def test_what_is_written_is_read_again(flags: str, *, sampled: bool) -> None:
    parent = TraceParent(TRACE, SPAN, sampled)

    assert str(parent) == f"00-{TRACE}-{SPAN}-{flags}"
    assert parse_trace_parent(str(parent)) == parent


def test_only_the_lowest_flag_says_whether_a_span_is_sampled() -> None:
    assert parse_trace_parent(f"00-{TRACE}-{SPAN}-03").sampled
    assert not parse_trace_parent(f"00-{TRACE}-{SPAN}-02").sampled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"01-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-00",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'g' * 32}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_anything_else_is_no_trace_parent(text: str) -> None:
    with pytest.raises(ValueError, match="is no trace parent of version 00"):
        parse_trace_parent(text)
