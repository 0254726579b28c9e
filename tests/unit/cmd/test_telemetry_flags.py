"""The flags of tracing and of the log that is sent, and what they come to."""

import logging
import sys
from collections.abc import Generator

import pytest
from structlog.testing import capture_logs

from collector import Collector, open_collector
from okg.cmd.options import parse
from okg.cmd.telemetry import Sending, start_sending, tell
from okg.telemetry.tracing import NO_TRACER


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setenv("GRPC_VERBOSITY", "NONE")
    yield
    for name in ("opentelemetry", "opentelemetry.exporter"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def collector() -> Generator[Collector]:
    with open_collector() as opened:
        yield opened


def started(*arguments: str) -> tuple[Sending, list[tuple[str, object]]]:
    """Return what flags start, and what is logged of it."""
    flags = parse(arguments).telemetry
    sending = start_sending(flags)
    with capture_logs() as lines:
        tell(flags, sending)
    return sending, [(line["event"], line.get("exception.message")) for line in lines]


def test_the_defaults_are_those_people_know() -> None:
    flags = parse([]).telemetry

    assert (flags.enable_tracing, flags.enable_otel_logs) == (False, False)
    assert flags.otel_collector_endpoint == "localhost:4317"
    assert (flags.otel_collector_token, flags.otel_sampling_rate) == ("", 1.0)


def test_values_are_taken_in_every_form_of_go() -> None:
    flags = parse(
        [
            "-enable-tracing",
            "--enable-otel-logs=true",
            "-otel-collector-endpoint=otel:4317",
            "--otel-collector-token",
            "s3cret",
            "-otel-sampling-rate=0.5",
        ]
    ).telemetry

    assert (flags.enable_tracing, flags.enable_otel_logs) == (True, True)
    assert flags.otel_collector_endpoint == "otel:4317"
    assert (flags.otel_collector_token, flags.otel_sampling_rate) == ("s3cret", 0.5)


def test_the_token_is_not_shown_with_the_flags() -> None:
    assert "s3cret" not in repr(parse(["--otel-collector-token=s3cret"]))


@pytest.mark.parametrize(
    "argument",
    [
        "--enable-tracing=maybe",
        "--otel-sampling-rate=often",
        "--otel-collector-token=s3cret\nx",
        "--otel-collector-token=s3crét",
    ],
)
def test_what_makes_no_sense_is_refused_and_no_token_shown(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([argument])

    words = capsys.readouterr().err
    assert ended.value.code == 2
    assert argument.partition("=")[0] in words
    assert "s3cr" not in words


def test_nothing_is_sent_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "okg.telemetry.otel.export", None)

    sending, lines = started("--otel-collector-endpoint=otel:4317")

    assert sending.tracer is NO_TRACER
    assert (sending.records, lines) == (None, [])


def test_tracing_and_logs_are_asked_for_one_by_one(collector: Collector) -> None:
    spans, lines = started("--enable-tracing", f"--otel-collector-endpoint={collector.endpoint}")
    logs, _ = started("--enable-otel-logs", f"--otel-collector-endpoint={collector.endpoint}")

    spans.close()
    logs.close()

    assert lines == [("Tracing initialized successfully", None)]
    assert spans.tracer is not NO_TRACER
    assert spans.records is None
    assert logs.tracer is NO_TRACER
    assert logs.records is not None


def test_without_opentelemetry_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "okg.telemetry.otel.export", None)

    sending, [(line, why)] = started("--enable-tracing")

    assert sending.tracer is NO_TRACER
    assert line == "Tracing initialization failed, using no-op tracer"
    assert str(why).startswith("OpenTelemetry is missing (")
    assert str(why).endswith("): pip install 'okg[otel]'")


@pytest.mark.parametrize("rate", ["-0.1", "1.5", "nan"])
def test_a_share_that_is_none_leaves_the_manager_without_tracing(rate: str) -> None:
    sending, lines = started("--enable-tracing", f"--otel-sampling-rate={rate}")
    sending.close()

    assert sending.tracer is NO_TRACER
    assert lines == [
        (
            "Tracing initialization failed, using no-op tracer",
            f"--otel-sampling-rate={rate}: give a share of the traces, 0 to 1",
        )
    ]


def test_a_log_without_an_endpoint_is_not_sent() -> None:
    sending, lines = started("--enable-otel-logs", "--otel-collector-endpoint=")

    assert sending.records is None
    assert lines == [
        (
            "the log is not sent to a collector",
            "there is nowhere to send it to: give --otel-collector-endpoint",
        )
    ]
