"""What ``okg manager`` sends to a collector, wired up. That nothing can be sent stops nothing."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import msgspec
from structlog.typing import Processor

from okg.cmd.telemetry_flags import TelemetryFlags
from okg.errors import ConfigError
from okg.telemetry.fields import COLLECTOR, EXCEPTION_MESSAGE
from okg.telemetry.logging import get_logger
from okg.telemetry.tracing import NO_TRACER, Tracer

if TYPE_CHECKING:
    from okg.telemetry.otel.export import Exports

T = TypeVar("T")

TRACING_FLAG = "--enable-tracing"
LOGS_FLAG = "--enable-otel-logs"

FLUSH_SECONDS = 5.0
"""How long the end of the process waits for the collector, as upstream."""


def _nothing() -> None:
    """Have nothing to close."""


class Sending(msgspec.Struct, frozen=True):
    """What is sent, and what is not though it was asked for.

    Attributes:
        tracer: opens spans.
        records: takes the records of the log, None if they are not sent.
        troubles: why not, by the flag that asked for it.
        close: sends what is left.
    """

    tracer: Tracer = NO_TRACER
    records: Processor | None = None
    troubles: Mapping[str, str] = {}
    close: Callable[[], None] = _nothing


def start_sending(flags: TelemetryFlags) -> Sending:
    """Begin to send what the flags ask for; before the log is set up, so nothing is told yet."""
    asked = {TRACING_FLAG: flags.enable_tracing, LOGS_FLAG: flags.enable_otel_logs}
    if not any(asked.values()):
        return Sending()
    troubles: dict[str, str] = {}

    def tried(flag: str, make: Callable[[], T]) -> T | None:
        try:
            return make() if asked[flag] else None
        except Exception as error:  # noqa: BLE001 - ours or a library's: none may stop the manager
            troubles[flag] = str(error)
            return None

    try:
        exports = _exports(flags)
    except Exception as error:  # noqa: BLE001 - likewise
        return Sending(troubles={flag: str(error) for flag, is_on in asked.items() if is_on})
    tracer = tried(TRACING_FLAG, lambda: exports.tracer(_rate(flags)))
    records = tried(LOGS_FLAG, exports.records)
    return Sending(tracer or NO_TRACER, records, troubles, lambda: exports.close(FLUSH_SECONDS))


def tell(flags: TelemetryFlags, sending: Sending) -> None:
    """Log what became of what was asked for."""
    log = get_logger("setup")
    if (trouble := sending.troubles.get(TRACING_FLAG)) is not None:
        said = {EXCEPTION_MESSAGE: trouble}
        log.warning("Tracing initialization failed, using no-op tracer", **said)
    elif flags.enable_tracing:
        said = {COLLECTOR: flags.otel_collector_endpoint}
        log.info("Tracing initialized successfully", **said)
    if (trouble := sending.troubles.get(LOGS_FLAG)) is not None:
        said = {EXCEPTION_MESSAGE: trouble}
        log.warning("the log is not sent to a collector", **said)


def _exports(flags: TelemetryFlags) -> "Exports":
    if not flags.otel_collector_endpoint:
        raise ConfigError("there is nowhere to send it to: give --otel-collector-endpoint")
    # gRPC would write lines of its own among those of the log, about what we report anyway.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        # Imported here because it is an extra of the distribution.
        from okg.telemetry.otel.export import Exports  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(f"OpenTelemetry is missing ({error}): pip install 'okg[otel]'") from error
    return Exports(flags.otel_collector_endpoint, flags.otel_collector_token)


def _rate(flags: TelemetryFlags) -> float:
    rate = flags.otel_sampling_rate
    if not 0 <= rate <= 1:
        raise ConfigError(f"--otel-sampling-rate={rate:g}: give a share of the traces, 0 to 1")
    return rate
