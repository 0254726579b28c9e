"""Manifests of the Go manager: each of its flags is taken, and its defaults are ours."""

import pytest

from okg.cmd.log_flags import log_settings
from okg.cmd.options import DEFAULT_PROVIDER_CONFIG, parse

WITH_OUR_DEFAULT = [
    "metrics-bind-address=:8080",
    "health-probe-bind-address=:8082",
    "leader-elect=false",
    "namespace=",
    "sync-period=",
    "scale-server-bind-address=:6000",
    "api-server-qps=0",
    "api-server-qps-burst=0",
    "kubeconfig=",
    "gameserver-workers=10",
    "disable-no-deepcopy=false",
    "webhook-port=9876",
    "webhook-server-certs-dir=/tmp/webhook-certs/",
    "webhook-service-namespace=kruise-game-system",
    "webhook-service-name=kruise-game-webhook-service",
    "enable-cert-generation=true",
    "log-json-preset=kibana",
    "enable-otel-logs=false",
    "enable-tracing=false",
    "otel-collector-endpoint=localhost:4317",
    "otel-collector-token=",
    "otel-sampling-rate=1",
]

WITH_ANOTHER_DEFAULT = [
    "gameserverset-workers=10",
    "provider-config=/etc/kruise-game/config.toml",
    "zap-devel=true",
    "zap-encoder=json",
    "zap-log-level=debug",
    "zap-stacktrace-level=error",
    "zap-time-encoding=iso8601",
]
"""Those of which the parity table tells, and those that have none."""


@pytest.mark.parametrize("flag", WITH_OUR_DEFAULT)
@pytest.mark.parametrize("dashes", ["-", "--"])
def test_a_default_of_the_go_manager_changes_nothing(flag: str, dashes: str) -> None:
    assert parse([f"{dashes}{flag}"]) == parse([])


def test_the_console_is_the_format_of_the_log_as_in_the_go_manager() -> None:
    told = log_settings(parse(["-log-format=console"]).logs)

    assert told == log_settings(parse([]).logs)


@pytest.mark.parametrize("flag", WITH_ANOTHER_DEFAULT)
@pytest.mark.parametrize("dashes", ["-", "--"])
def test_every_other_flag_of_the_go_manager_is_taken(flag: str, dashes: str) -> None:
    parse([f"{dashes}{flag}"])


def test_the_place_of_the_provider_options_is_that_of_the_go_manager() -> None:
    assert str(DEFAULT_PROVIDER_CONFIG) == "/etc/kruise-game/config.toml"


@pytest.mark.parametrize("flag", ["-v=2", "--logtostderr", "--no-such-flag=1"])
def test_what_the_go_manager_refuses_is_refused(flag: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([flag])

    assert ended.value.code == 2


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_no_failure(flag: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([flag])

    assert ended.value.code == 0
