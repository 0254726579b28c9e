"""Values as Go reads them."""

import math
import struct

import pytest
from hypothesis import given, strategies as st

from okg.workload.go_strconv import is_true, parse_bool, parse_float32, parse_integer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0.0),
        ("3", 3.0),
        ("+3", 3.0),
        ("-1", -1.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e1", 10.0),
        ("1E+1", 10.0),
        ("1_000", 1000.0),
        ("0.3", 0.30000001192092896),
        ("3.0000001", 3.0),
        ("0.9999999999", 1.0),
        ("1e-46", 0.0),
        ("3.4028235e38", 3.4028234663852886e38),
        ("inf", math.inf),
        ("+Infinity", math.inf),
        ("-inf", -math.inf),
    ],
)
def test_a_number_is_rounded_to_32_bits(text: str, expected: float) -> None:
    assert parse_float32(text) == expected


def test_nan_is_a_number_to_go() -> None:
    assert math.isnan(parse_float32("NaN"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        " 1",
        "1 ",
        "20%",
        "1,5",
        "0x10",
        "1__0",
        "_1",
        "1_",
        "1.2.3",
        "e5",
        ".",
        "-nan",
        "٣",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number$"):
        parse_float32(text)


@pytest.mark.parametrize("text", ["3.5e38", "-3.5e38", "1e39", "1e999", "-1e999"])
def test_a_number_beyond_32_bits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is too large a number$"):
        parse_float32(text)


@given(st.floats(width=32, allow_nan=False))
def test_what_32_bits_hold_is_read_exactly(number: float) -> None:
    assert struct.pack("<f", parse_float32(repr(number))) == struct.pack("<f", number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("-1", -1),
        ("007", 7),
        ("2147483647", 2147483647),
        ("-2147483648", -2147483648),
        ("0" * 5000 + "5", 5),
    ],
)
def test_a_whole_number_of_32_bits_is_read(text: str, expected: int) -> None:
    assert parse_integer(text, 32) == expected


@pytest.mark.parametrize("text", ["", "x", "3.0", " 3", "0x3", "1_000", "--1", "+", "٣"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a whole number$"):
        parse_integer(text, 32)


@pytest.mark.parametrize("text", ["2147483648", "-2147483649", "9999999999", "9" * 5000])
def test_a_whole_number_beyond_32_bits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is beyond 32 bits$"):
        parse_integer(text, 32)


def test_a_whole_number_of_64_bits_is_read() -> None:
    assert parse_integer("-9223372036854775808", 64) == -9223372036854775808


@pytest.mark.parametrize("text", ["9223372036854775808", "9" * 5000])
def test_a_whole_number_beyond_64_bits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is beyond 64 bits$"):
        parse_integer(text, 64)


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_what_go_reads_as_true_is_true(text: str) -> None:
    assert parse_bool(text) is True
    assert is_true(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_what_go_reads_as_false_is_false(text: str) -> None:
    assert parse_bool(text) is False
    assert is_true(text) is False


@pytest.mark.parametrize("text", ["", "yes", "tRUE", " true"])
def test_what_is_neither_true_nor_false_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is neither true nor false$"):
        parse_bool(text)
    assert is_true(text) is False
