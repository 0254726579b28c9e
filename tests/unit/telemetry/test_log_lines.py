"""Whole lines of the log, as pipelines and people get them."""

import io
import logging

import pytest

from okg.telemetry.logging import EVENT_NAME, get_logger
from okg.telemetry.setup import LogSettings, configure

MOMENT = 1_767_323_045_120_456_789


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OKG_SERVICE_NAME", "SERVICE_NAME", "OKG_SERVICE_INSTANCE_ID", "POD_UID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OKG_NAMESPACE", "kruise-game-system")
    monkeypatch.setenv("OKG_POD_NAME", "manager-0")
    monkeypatch.setenv("OKG_SERVICE_VERSION", "v1.2.3")


def written(settings: LogSettings, source: str) -> str:
    """Return what lines of code write that stand in a file of their own."""
    stream = io.StringIO()
    configure(settings, stream=stream, now=lambda: MOMENT)
    code = compile(source, "/opt/games/lobby.py", "exec")
    exec(code, {"__name__": "games.lobby", "log": get_logger("setup"), "EVENT_NAME": EVENT_NAME})
    return stream.getvalue()


JSON = LogSettings(form="json")

WHO = (
    '"service.name":"okg-controller-manager","service.version":"v1.2.3",'
    '"service.namespace":"kruise-game-system","k8s.namespace.name":"kruise-game-system",'
    '"k8s.pod.name":"manager-0",'
)

FAILING = """
try:
    int("x")
except ValueError:
    log.exception("it failed", retries=2)
"""

FAILING_CODE = '"code":{"function":"games.lobby.<module>","filepath":"/opt/games/lobby.py",'

TRACEBACK = """Traceback (most recent call last):
  File "/opt/games/lobby.py", line 3, in <module>
ValueError: invalid literal for int() with base 10: 'x'
"""


def test_a_line_of_json() -> None:
    source = "log.info('Starting controller', **{EVENT_NAME: 'controller.start'}, workers=10)"

    assert written(JSON, source) == (
        '{"level":"INFO","time":"2026-01-02T03:04:05.120456789Z","logger":"setup",'
        '"caller":"games/lobby.py:1","msg":"Starting controller",' + WHO + '"workers":10,'
        '"event":"controller.start",' + FAILING_CODE + '"lineno":1},"severity_number":9}\n'
    )


def test_a_failure_in_json_is_one_line_too() -> None:
    assert written(JSON, FAILING) == (
        '{"level":"ERROR","time":"2026-01-02T03:04:05.120456789Z","logger":"setup",'
        '"caller":"games/lobby.py:5","msg":"it failed",' + WHO + '"retries":2,'
        '"error":"invalid literal for int() with base 10: \'x\'",'
        + FAILING_CODE
        + '"lineno":5},"severity_number":17,"stacktrace":"'
        'Traceback (most recent call last):\\n  File \\"/opt/games/lobby.py\\", line 3, in <module>'
        "\\nValueError: invalid literal for int() with base 10: 'x'\"}\n"
    )


def test_a_line_for_people() -> None:
    assert written(LogSettings(), "log.warning('slow', seconds=1.5, set='lobby')") == (
        "2026-01-02T03:04:05Z\tWARN\tsetup\tgames/lobby.py:1\tslow\t"
        '{"seconds": 1.5, "set": "lobby"}\n'
    )


def test_a_failure_for_people_has_its_traceback_below() -> None:
    assert written(LogSettings(), FAILING) == (
        "2026-01-02T03:04:05Z\tERROR\tsetup\tgames/lobby.py:5\tit failed\t"
        '{"retries": 2, "error": "invalid literal for int() with base 10: \'x\'"}\n' + TRACEBACK
    )


@pytest.mark.parametrize(
    ("encoding", "time"),
    [
        ("epoch", "1767323045.120456789"),
        ("millis", "1767323045120.456789"),
        ("nano", "1767323045120456789"),
        ("nanos", "1767323045120456789"),
        ("iso8601", "2026-01-02T03:04:05.120Z"),
        ("rfc3339", "2026-01-02T03:04:05Z"),
        ("rfc3339nano", "2026-01-02T03:04:05.120456789Z"),
    ],
)
def test_people_choose_how_times_are_told(encoding: str, time: str) -> None:
    line = written(LogSettings(time_encoding=encoding), "log.info('x')")

    assert line == f"{time}\tINFO\tsetup\tgames/lobby.py:1\tx\n"


def test_a_traceback_below_the_level_of_stacks_is_left_out() -> None:
    line = written(LogSettings(stacks_from=logging.CRITICAL), FAILING)

    assert line == (
        "2026-01-02T03:04:05Z\tERROR\tsetup\tgames/lobby.py:5\tit failed\t"
        '{"retries": 2, "error": "invalid literal for int() with base 10: \'x\'"}\n'
    )


def test_from_the_level_of_stacks_on_a_record_tells_how_the_process_got_there() -> None:
    settings = LogSettings(stacks_from=logging.WARNING)

    lines = written(settings, "def act():\n    log.warning('slow')\n\nact()").splitlines()

    assert lines[0] == "2026-01-02T03:04:05Z\tWARN\tsetup\tgames/lobby.py:2\tslow"
    assert lines[-2:] == [
        '  File "/opt/games/lobby.py", line 4, in <module>',
        '  File "/opt/games/lobby.py", line 2, in act',
    ]


def test_below_the_level_of_stacks_a_record_is_a_line() -> None:
    line = written(LogSettings(stacks_from=logging.WARNING), "log.info('x')")

    assert line == "2026-01-02T03:04:05Z\tINFO\tsetup\tgames/lobby.py:1\tx\n"


def test_the_level_changes_while_loggers_are_in_use() -> None:
    stream = io.StringIO()
    threshold = configure(LogSettings(), stream=stream, now=lambda: MOMENT)
    log = get_logger()

    log.debug("first")
    threshold.toggle()
    log.debug("second")
    threshold.toggle()
    log.debug("third")

    assert [line.split("\t")[-1] for line in stream.getvalue().splitlines()] == ["second"]
