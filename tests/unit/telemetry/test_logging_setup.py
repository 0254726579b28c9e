"""What a configured process writes."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from okg.errors import ConfigError
from okg.runtime.reconcile import Request
from okg.telemetry.logging import get_logger
from okg.telemetry.setup import LogSettings, configure


def written(
    act: Callable[[], object],
    *,
    form: str,
    level: int = logging.INFO,
    stacks_from: int | None = None,
    time_encoding: str = "rfc3339",
) -> list[str]:
    stream = io.StringIO()
    settings = LogSettings(
        form=form, level=level, stacks_from=stacks_from, time_encoding=time_encoding
    )
    configure(settings, stream=stream, now=lambda: 1_767_323_045_120_456_789)
    act()
    return stream.getvalue().splitlines()


def record(act: Callable[[], object]) -> dict[str, Any]:
    (line,) = written(act, form="json")
    decoded: dict[str, Any] = json.loads(line)
    return decoded


def fail() -> None:
    try:
        int("broken")
    except ValueError:
        get_logger().exception("it failed")


def test_a_json_record_says_when_how_bad_what_and_where() -> None:
    line = record(lambda: get_logger("setup").info("starting", workers=3, request=None))

    assert list(line)[:2] == ["level", "time"]
    assert line["level"] == "INFO"
    assert line["time"].endswith("Z")
    assert line["logger"] == "setup"
    assert line["msg"] == "starting"
    assert (line["workers"], line["request"]) == (3, None)
    assert line["severity_number"] == 9
    assert line["caller"].startswith("telemetry/test_logging_setup.py:")
    assert line["code"]["filepath"] == __file__
    assert line["code"]["lineno"] > 0
    assert line["code"]["function"].endswith(
        "test_a_json_record_says_when_how_bad_what_and_where.<locals>.<lambda>"
    )


def test_the_root_logger_has_no_name() -> None:
    assert "logger" not in record(lambda: get_logger().info("x"))


@pytest.mark.parametrize(
    ("method", "level", "number"),
    [("debug", "DEBUG", 5), ("info", "INFO", 9), ("warning", "WARN", 13), ("error", "ERROR", 17)],
)
def test_levels_have_upstreams_names_and_opentelemetrys_numbers(
    method: str, level: str, number: int
) -> None:
    (line,) = written(lambda: getattr(get_logger(), method)("x"), form="json", level=logging.DEBUG)

    assert json.loads(line)["level"] == level
    assert json.loads(line)["severity_number"] == number


def test_an_exception_is_one_record_with_its_error_and_trace() -> None:
    line = record(fail)

    assert (line["level"], line["msg"], line["error"]) == (
        "ERROR",
        "it failed",
        "invalid literal for int() with base 10: 'broken'",
    )
    assert line["stacktrace"].startswith("Traceback (most recent call last):")


def test_who_we_are_is_on_each_json_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKG_SERVICE_NAME", " ")
    monkeypatch.setenv("SERVICE_NAME", "games")
    monkeypatch.setenv("OKG_VERSION", "v9")
    monkeypatch.setenv("POD_NAMESPACE", "system")
    monkeypatch.setenv("POD_NAME", "manager-0")
    monkeypatch.setenv("POD_UID", "uid-1")

    line = record(lambda: get_logger().info("x"))

    assert line["service.name"] == "games"
    assert line["service.version"] == "v9"
    assert line["service.namespace"] == "system"
    assert line["service.instance.id"] == "uid-1"
    assert line["k8s.namespace.name"] == "system"
    assert line["k8s.pod.name"] == "manager-0"


def test_what_is_not_known_of_us_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OKG_NAMESPACE", raising=False)
    monkeypatch.delenv("POD_NAMESPACE", raising=False)
    monkeypatch.delenv("OKG_SERVICE_NAME", raising=False)
    monkeypatch.delenv("SERVICE_NAME", raising=False)

    line = record(lambda: get_logger().info("x"))

    assert line["service.name"] == "okg-controller-manager"
    assert "k8s.namespace.name" not in line


@pytest.mark.parametrize("value", ["\ud800", {("a", 1): 2}, object(), {1, 2}, b"\xff"])
def test_no_value_breaks_a_json_line(value: object) -> None:
    assert record(lambda: get_logger().info("x", value=value))["msg"] == "x"


def test_console_lines_are_tab_separated_with_the_fields_as_json() -> None:
    (line,) = written(
        lambda: get_logger("setup").warning("slow", a=1, request=Request("games", "lobby")),
        form="console",
    )

    time, level, name, caller, message, fields = line.split("\t")
    assert (time, level, name, message) == ("2026-01-02T03:04:05Z", "WARN", "setup", "slow")
    assert caller.startswith("telemetry/test_logging_setup.py:")
    assert fields == '{"a": 1, "request": "games/lobby"}'


def test_console_lines_without_name_and_fields_are_short() -> None:
    (line,) = written(lambda: get_logger().info("hello"), form="console")

    assert line.split("\t")[3:] == ["hello"]


def test_a_trace_follows_its_console_line() -> None:
    lines = written(fail, form="console")

    error = '{"error": "invalid literal for int() with base 10: \'broken\'"}'
    assert lines[0].split("\t")[3:] == ["it failed", error]
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: invalid literal for int() with base 10: 'broken'"


def test_what_is_below_the_level_is_not_written() -> None:
    assert written(lambda: get_logger().debug("x"), form="json", level=logging.INFO) == []
    assert written(lambda: get_logger().info("x"), form="json", level=logging.ERROR) == []


def test_the_standard_librarys_records_take_our_form_and_keep_their_place() -> None:
    line = record(lambda: logging.getLogger("some.library").warning("%d left", 3))

    assert (line["level"], line["logger"], line["msg"]) == ("WARN", "some.library", "3 left")
    assert line["code"]["filepath"] == __file__


def test_a_level_of_ones_own_and_arguments_that_do_not_fit_are_no_failure() -> None:
    line = record(lambda: logging.getLogger("some.library").log(25, "%d left", "many"))

    assert (line["level"], line["msg"]) == ("INFO", "%d left ('many',)")


def test_warnings_are_records() -> None:
    def warn() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", UserWarning, stacklevel=1)

    line = record(warn)

    assert (line["level"], line["logger"]) == ("WARN", "py.warnings")
    assert "UserWarning: old" in line["msg"]


def test_an_exception_that_ends_a_thread_is_a_record() -> None:
    def end() -> None:
        raise ValueError("broken")

    def run() -> None:
        thread = threading.Thread(target=end, name="okg-test-0")
        thread.start()
        thread.join()

    line = record(run)

    assert line["msg"] == "a thread ended with an exception"
    assert (line["thread"], line["error"]) == ("okg-test-0", "broken")


def test_an_exception_that_ends_the_process_is_a_record() -> None:
    line = record(lambda: sys.excepthook(ValueError, ValueError("broken"), None))

    assert (line["level"], line["error"]) == ("FATAL", "broken")
    assert line["severity_number"] == 21


def test_an_interrupt_is_no_failure() -> None:
    lines = written(
        lambda: sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None), form="json"
    )

    assert lines == []


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ConfigError, match="log format 'xml' is neither console nor json"):
        configure(LogSettings(form="xml"))


def test_an_unknown_encoding_of_times_is_refused() -> None:
    with pytest.raises(ConfigError, match="time encoding 'tai' is none of epoch, millis, nano"):
        configure(LogSettings(time_encoding="tai"))


def test_a_logger_works_without_any_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    get_logger("early").bind(a=1).info("hello")

    assert "hello" in capsys.readouterr().out
