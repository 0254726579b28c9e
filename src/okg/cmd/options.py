"""Flags of ``okg manager``, under the names that people have in their manifests.

Go's flag syntax is accepted: one dash or two, ``-x=v`` or ``-x v``, and ``-x`` or ``-x=false`` for
booleans.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from okg.cmd.flag_values import MAX_INT, MAX_PORT, boolean, duration, whole_number
from okg.cmd.log_flags import LogFlags, add_log_flags
from okg.cmd.telemetry_flags import TelemetryFlags, add_telemetry_flags

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

DEFAULT_RESYNC = timedelta(hours=10)

DEFAULT_PROVIDER_CONFIG = Path("/etc/kruise-game/config.toml")
"""Where the Go manager's manifests mount it."""


class ManagerFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags of ``okg manager`` say."""

    metrics_bind_address: str
    health_probe_bind_address: str
    leader_elect: bool
    leader_election_namespace: str
    leader_elect_lease_duration: timedelta
    leader_elect_renew_deadline: timedelta
    leader_elect_retry_period: timedelta
    namespace: str
    sync_period: str
    api_server_qps: int
    api_server_qps_burst: int
    kubeconfig: str
    gameserver_workers: int
    gameserverset_workers: int
    workload_backend: str
    provider_config: str
    """Empty for the default place, where a file need not be."""
    probe_mode: str
    probe_exec: bool
    probe_threads: int
    controllers: bool
    webhook_port: int
    webhook_server_certs_dir: str
    webhook_service_namespace: str
    webhook_service_name: str
    enable_cert_generation: bool
    scale_server_bind_address: str
    scale_server_certs_dir: str
    logs: LogFlags
    telemetry: TelemetryFlags


class _Parser(argparse.ArgumentParser):
    """Prints help where the Go manager does: on standard error."""

    def print_help(self, file: "SupportsWrite[str] | None" = None) -> None:
        super().print_help(file or sys.stderr)


def parse(arguments: Sequence[str]) -> ManagerFlags:
    """Read the flags; help and mistakes end the process with 0 and 2."""
    parser = _Parser(
        prog="okg manager",
        description="Runs the GameServerSet and GameServer controllers.",
        allow_abbrev=False,
    )
    _text(parser, "metrics-bind-address", ":8080", "address of /metrics; 0 turns it off")
    _text(parser, "health-probe-bind-address", ":8082", "address of /healthz and /readyz; 0: off")
    _switch(parser, "leader-elect", "let one of several managers write at a time")
    _text(
        parser,
        "leader-election-namespace",
        "",
        "namespace of the lease; by default the one this pod runs in",
    )
    _duration(
        parser, "leader-elect-lease-duration", "15s", "how long a silent leader is waited for"
    )
    _duration(parser, "leader-elect-renew-deadline", "10s", "when a leader gives up renewing")
    _duration(parser, "leader-elect-retry-period", "2s", "time between two tries")
    _text(parser, "namespace", "", "the one namespace to look after; empty for all")
    _text(parser, "sync-period", "", "time between two reconciles of everything (default 10h)")
    _number(
        parser,
        "api-server-qps",
        0,
        "requests a second to the API server; 0 or less: no limit",
        least=-MAX_INT,
    )
    _number(parser, "api-server-qps-burst", 0, "requests at once above that rate")
    _text(parser, "kubeconfig", "", "path; else KUBECONFIG, in-cluster, ~/.kube/config")
    _number(parser, "gameserver-workers", 10, "GameServers worked on at the same time", least=1)
    _number(
        parser,
        "gameserverset-workers",
        0,
        "GameServerSets worked on at the same time; 0: 10, and 3 with the native back end",
    )
    parser.add_argument(
        *_names("workload-backend"),
        choices=("auto", "kruise", "native"),
        default="auto",
        help="who makes the pods of new sets: OpenKruise, this manager, or whoever there is"
        " (default %(default)s)",
    )
    _switch(
        parser,
        "controllers",
        "run the controllers; false: the webhooks alone, which then outlive the controllers",
        default=True,
    )
    parser.add_argument(
        *_names("provider-config"),
        default="",
        metavar="FILE",
        help="TOML file of the network providers and of the ports each may give"
        f" (default {DEFAULT_PROVIDER_CONFIG})",
    )
    _add_probe_flags(parser)
    _add_webhook_flags(parser)
    _add_scaler_flags(parser)
    add_log_flags(parser)
    add_telemetry_flags(parser)
    _switch(parser, "disable-no-deepcopy", "accepted for compatibility; nothing is ever copied")
    values = vars(parser.parse_args(list(arguments)))
    values.pop("disable_no_deepcopy")
    logs = LogFlags(**{name: values.pop(name) for name in LogFlags.__struct_fields__})
    telemetry = TelemetryFlags(
        **{name: values.pop(name) for name in TelemetryFlags.__struct_fields__}
    )
    return ManagerFlags(logs=logs, telemetry=telemetry, **values)


def _add_probe_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *_names("probe-mode"),
        choices=("auto", "kruise", "native", "off"),
        default="auto",
        help="who probes service qualities: OpenKruise, this manager, whoever there is, or somebody"
        " else (default %(default)s)",
    )
    _switch(
        parser,
        "probe-exec",
        "let this manager run commands in containers to probe them",
        default=True,
    )
    _number(parser, "probe-threads", 6, "probes of this manager at the same time")


def _add_webhook_flags(parser: argparse.ArgumentParser) -> None:
    _number(parser, "webhook-port", 9876, "port of the webhooks; 0 turns them off", most=MAX_PORT)
    _text(
        parser,
        "webhook-server-certs-dir",
        "/tmp/webhook-certs/",  # noqa: S108 - upstream's, which people mount their Secret at
        "folder of tls.crt and tls.key",
    )
    _text(
        parser,
        "webhook-service-namespace",
        "kruise-game-system",
        "namespace of the Service in front of the webhooks",
    )
    _text(
        parser,
        "webhook-service-name",
        "kruise-game-webhook-service",
        "name of the Service in front of the webhooks",
    )
    _switch(
        parser,
        "enable-cert-generation",
        "make certificates and register the webhooks; else both are up to you",
        default=True,
    )


def _add_scaler_flags(parser: argparse.ArgumentParser) -> None:
    _text(
        parser,
        "scale-server-bind-address",
        ":6000",
        "address of the external scaler for KEDA, beside the controllers; 0 turns it off",
    )
    _text(
        parser,
        "scale-server-certs-dir",
        "",
        "folder of tls.crt and tls.key of the external scaler; empty for plain text",
    )


def _names(name: str) -> tuple[str, str]:
    return f"--{name}", f"-{name}"


def _text(parser: argparse.ArgumentParser, name: str, default: str, meaning: str) -> None:
    parser.add_argument(
        *_names(name), default=default, metavar="TEXT", help=_with(meaning, default)
    )


def _number(
    parser: argparse.ArgumentParser,
    name: str,
    default: int,
    meaning: str,
    *,
    least: int = 0,
    most: int = MAX_INT,
) -> None:
    parser.add_argument(
        *_names(name),
        type=whole_number(least, most),
        default=default,
        metavar="N",
        help=_with(meaning, str(default)),
    )


def _duration(parser: argparse.ArgumentParser, name: str, default: str, meaning: str) -> None:
    parser.add_argument(
        *_names(name),
        type=duration,
        default=default,
        metavar="DURATION",
        help=_with(meaning, default),
    )


def _switch(
    parser: argparse.ArgumentParser, name: str, meaning: str, *, default: bool = False
) -> None:
    parser.add_argument(
        *_names(name),
        type=boolean,
        nargs="?",
        const=True,
        default=default,
        metavar="BOOL",
        help=_with(meaning, "true" if default else ""),
    )


def _with(meaning: str, default: str) -> str:
    return f"{meaning} (default {default})".lstrip() if default else meaning
