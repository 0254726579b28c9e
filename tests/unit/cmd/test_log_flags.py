"""What the flags of the log ask for together."""

import logging

import pytest

from okg.cmd.log_flags import LogFlags, contradictions, log_settings
from okg.cmd.options import parse
from okg.cmd.snapshot import snapshot
from okg.telemetry.setup import LogSettings


def asked(*arguments: str) -> LogFlags:
    return parse(arguments).logs


def test_without_flags_people_read_what_an_operator_wants_to_see() -> None:
    assert log_settings(asked()) == LogSettings(
        form="console", level=logging.INFO, stacks_from=None, time_encoding="rfc3339"
    )


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (["--log-format=json"], "json"),
        (["--log-format="], "console"),
        (["-zap-encoder=json"], "json"),
        (["--log-format=", "--zap-encoder=json"], "console"),
        (["--log-format=json", "--zap-encoder=console"], "json"),
        (["--log-format=console", "--zap-encoder", "json"], "console"),
        (["--log-json-preset= OTel "], "console"),
    ],
)
def test_the_format_is_what_is_asked_for_by_its_own_flag_first(
    arguments: list[str], form: str
) -> None:
    assert log_settings(asked(*arguments)).form == form


@pytest.mark.parametrize(
    ("arguments", "level", "stacks_from"),
    [
        (["--zap-devel"], logging.DEBUG, logging.WARNING),
        (["--zap-devel=false"], logging.INFO, logging.ERROR),
        (["--zap-devel", "--zap-log-level=error"], logging.ERROR, logging.WARNING),
        (["--zap-devel", "--zap-stacktrace-level=panic"], logging.DEBUG, logging.CRITICAL),
        (["--zap-log-level=4"], logging.DEBUG, None),
        (["--zap-log-level=debug"], logging.DEBUG, None),
        (["--zap-stacktrace-level=info"], logging.INFO, logging.INFO),
        (["--zap-stacktrace-level=error"], logging.INFO, logging.ERROR),
    ],
)
def test_development_sets_both_levels_unless_they_have_flags_of_their_own(
    arguments: list[str], level: int, stacks_from: int | None
) -> None:
    settings = log_settings(asked(*arguments))

    assert (settings.level, settings.stacks_from) == (level, stacks_from)


def test_times_are_told_as_asked() -> None:
    assert log_settings(asked("--zap-time-encoding=ISO8601")).time_encoding == "iso8601"


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("--log-format=xml", "'xml' is none of console, json"),
        ("--log-json-preset=splunk", "'splunk' is none of kibana, otel"),
        ("--zap-encoder=", "'' is none of console, json"),
        ("--zap-devel=maybe", "'maybe' is neither true nor false"),
        ("--zap-log-level=0", "level '0' is none of debug, info, warning, error"),
        ("--zap-stacktrace-level=debug", "'debug' is none of info, error, panic"),
        ("--zap-time-encoding=tai", "'tai' is none of epoch, millis, nano, nanos, iso8601"),
    ],
)
def test_an_unknown_value_ends_with_a_line_that_names_the_known(
    argument: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([argument])

    last = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2
    assert argument.partition("=")[0] in last
    assert reason in last


def test_two_formats_are_a_contradiction_that_is_told() -> None:
    flags = asked("--log-format=json", "--zap-encoder=console")

    assert list(contradictions(flags)) == [
        "WARNING: --log-format overrides --zap-encoder (json vs console)"
    ]


def test_times_of_json_cannot_be_chosen_which_is_told() -> None:
    flags = asked("--log-format=json", "--zap-time-encoding=epoch")

    assert list(contradictions(flags)) == [
        "WARNING: --zap-time-encoding is for the console; JSON has RFC 3339 with nanoseconds"
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--log-format=json", "--zap-encoder=json"],
        ["--log-format=json", "--log-json-preset=otel"],
        ["--zap-time-encoding=epoch"],
    ],
)
def test_what_goes_together_is_no_contradiction(arguments: list[str]) -> None:
    assert list(contradictions(asked(*arguments))) == []


def test_the_snapshot_tells_what_is_not_empty_under_the_known_names() -> None:
    fields = snapshot(parse(["--leader-elect", "--namespace=games", "--zap-encoder=json"]))

    assert fields == {
        "game.kruise.io.event": "service.ready",
        "leader_election": True,
        "metrics.bind_address": ":8080",
        "healthz.bind_address": ":8082",
        "namespace_scope": "games",
        "log.format": "json",
        "log.json_preset": "kibana",
        "scale_server.bind_address": ":6000",
    }
