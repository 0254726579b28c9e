"""Durations as Go writes them."""

from datetime import timedelta

import pytest

from okg.cmd.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", timedelta(0)),
        ("15s", timedelta(seconds=15)),
        ("1h30m", timedelta(minutes=90)),
        ("2.5s", timedelta(seconds=2.5)),
        ("300ms", timedelta(milliseconds=300)),
        (".5m", timedelta(seconds=30)),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "15", "s", "1h 30m", "-1s", "1d", "1hx"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 300ms, 15s or 1h30m"):
        parse_duration(text)
