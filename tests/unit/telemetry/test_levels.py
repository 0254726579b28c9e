"""Levels, and the threshold that moves."""

import logging

import pytest

from okg.telemetry.levels import Threshold, parse_level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("debug", 10),
        ("INFO", 20),
        ("warning", 30),
        ("error", 40),
        ("1", 10),
        ("9", 10),
    ],
)
def test_a_level_is_a_word_or_a_verbosity_of_go(text: str, level: int) -> None:
    assert parse_level(text) == level


@pytest.mark.parametrize("text", ["loud", "0", "-1", "", "1.5"])
def test_anything_else_is_no_level(text: str) -> None:
    with pytest.raises(ValueError, match="is none of debug, info, warning, error, nor a positive"):
        parse_level(text)


@pytest.mark.parametrize(
    ("start", "levels"),
    [
        (logging.INFO, [logging.DEBUG, logging.INFO, logging.DEBUG]),
        (logging.ERROR, [logging.DEBUG, logging.ERROR, logging.DEBUG]),
        (logging.DEBUG, [logging.INFO, logging.DEBUG, logging.INFO]),
    ],
)
def test_a_threshold_goes_to_debug_and_back(start: int, levels: list[int]) -> None:
    threshold = Threshold(start)

    assert [threshold.toggle(), threshold.toggle(), threshold.toggle()] == levels
