"""Flags that say what ``okg manager`` sends to a collector, under the names that people have."""

import argparse

import msgspec

from okg.cmd.flag_values import boolean


class Secret(str):
    """A text that is not shown where values are shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(...)"


class TelemetryFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags say."""

    enable_tracing: bool
    enable_otel_logs: bool
    otel_collector_endpoint: str
    otel_collector_token: Secret
    otel_sampling_rate: float


def add_telemetry_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags; what they cannot mean is refused when they are parsed."""
    _switch(parser, "enable-tracing", "send spans to a collector; needs the extra otel")
    _switch(parser, "enable-otel-logs", "send the log to a collector, too; likewise")
    parser.add_argument(
        *_names("otel-collector-endpoint"),
        default="localhost:4317",
        metavar="TEXT",
        help="host:port of OTLP over gRPC, or an https address for TLS (default %(default)s)",
    )
    parser.add_argument(
        *_names("otel-collector-token"),
        type=_token,
        default=Secret(),
        metavar="TEXT",
        help="what the collector wants to see in the headers authentication and, after Bearer,"
        " authorization",
    )
    parser.add_argument(
        *_names("otel-sampling-rate"),
        type=float,
        default=1.0,
        metavar="NUMBER",
        help="share of the traces that are sent, from 0 to 1 (default 1)",
    )


def _switch(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    parser.add_argument(
        *_names(name),
        type=boolean,
        nargs="?",
        const=True,
        default=False,
        metavar="BOOL",
        help=meaning,
    )


def _token(text: str) -> Secret:
    if not text.isascii() or not text.isprintable():
        raise argparse.ArgumentTypeError("a token is of printable ASCII characters; this is not")
    return Secret(text)


def _names(name: str) -> tuple[str, str]:
    return f"--{name}", f"-{name}"
