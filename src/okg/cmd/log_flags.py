"""Flags that say how ``okg manager`` logs, under the names that people have in their manifests."""

import argparse
import logging
from collections.abc import Callable, Iterator, Mapping

import msgspec

from okg.cmd.flag_values import boolean
from okg.telemetry.levels import LEVELS, STACK_LEVELS, parse_level
from okg.telemetry.setup import LogSettings
from okg.telemetry.times import TIME_ENCODINGS

FORMATS = ("console", "json")

PRESETS = ("kibana", "otel")


class LogFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags say; None for those that are not given."""

    log_format: str | None = None
    log_json_preset: str = "kibana"
    zap_devel: bool | None = None
    zap_encoder: str | None = None
    zap_log_level: int | None = None
    zap_stacktrace_level: int | None = None
    zap_time_encoding: str | None = None


def add_log_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags; what they cannot mean is refused when they are parsed."""
    _add(parser, "log-format", _format, "console or json, before --zap-encoder (default console)")
    _add(
        parser,
        "log-json-preset",
        _preset,
        "kibana or otel: the same fields today",
        default="kibana",
    )
    parser.add_argument(
        "--zap-devel",
        "-zap-devel",
        type=boolean,
        nargs="?",
        const=True,
        metavar="BOOL",
        help="true: debug, and stacks from warnings on; false: info, and stacks from errors on"
        " (default: info, and the tracebacks of exceptions)",
    )
    _add(parser, "zap-encoder", _one_of(FORMATS), "console or json")
    _add(parser, "zap-log-level", _level, f"{', '.join(LEVELS)}, or a number: debug (default info)")
    _add(parser, "zap-stacktrace-level", _stack_level, f"from when on: {', '.join(STACK_LEVELS)}")
    _add(
        parser,
        "zap-time-encoding",
        _one_of(TIME_ENCODINGS),
        f"of the console: {', '.join(TIME_ENCODINGS)} (default rfc3339)",
    )


def log_settings(flags: LogFlags) -> LogSettings:
    """Return what the flags ask for together."""
    form = flags.log_format if flags.log_format is not None else flags.zap_encoder
    level, stacks = _LEVELS_OF[flags.zap_devel]
    if flags.zap_log_level is not None:
        level = flags.zap_log_level
    if flags.zap_stacktrace_level is not None:
        stacks = flags.zap_stacktrace_level
    return LogSettings(
        form=form or "console",
        level=level,
        stacks_from=stacks,
        time_encoding=flags.zap_time_encoding or "rfc3339",
    )


_LEVELS_OF: Mapping[bool | None, tuple[int, int | None]] = {
    True: (logging.DEBUG, logging.WARNING),
    False: (logging.INFO, logging.ERROR),
    None: (logging.INFO, None),
}
"""Level of records and of stacks, by ``--zap-devel``."""


def contradictions(flags: LogFlags) -> Iterator[str]:
    """Yield a line for each flag that another one makes void."""
    given, encoder = flags.log_format, flags.zap_encoder
    if given is not None and encoder is not None and given != encoder:
        yield f"WARNING: --log-format overrides --zap-encoder ({given} vs {encoder})"
    if flags.zap_time_encoding and log_settings(flags).form == "json":
        yield "WARNING: --zap-time-encoding is for the console; JSON has RFC 3339 with nanoseconds"


def _add(
    parser: argparse.ArgumentParser,
    name: str,
    parse: Callable[[str], object],
    meaning: str,
    *,
    default: str | None = None,
) -> None:
    words = f"{meaning} (default {default})" if default else meaning
    parser.add_argument(
        f"--{name}", f"-{name}", type=parse, default=default, metavar="TEXT", help=words
    )


def _one_of(choices: Mapping[str, object] | tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(choices)}")
        return text.lower()

    return parse


def _format(text: str) -> str:
    return _one_of(FORMATS)(text) if text else "console"


def _preset(text: str) -> str:
    return _one_of(PRESETS)(text.strip()) if text.strip() else "kibana"


def _level(text: str) -> int:
    try:
        return parse_level(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _stack_level(text: str) -> int:
    return STACK_LEVELS[_one_of(STACK_LEVELS)(text)]
