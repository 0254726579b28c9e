"""The manager's flags, and the manifests that use them."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from okg.cmd.manager import build
from okg.cmd.options import parse
from okg.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]


def test_the_defaults_are_those_people_know() -> None:
    flags = parse([])

    assert flags.metrics_bind_address == ":8080"
    assert flags.health_probe_bind_address == ":8082"
    assert flags.leader_elect is False
    assert flags.leader_elect_lease_duration == timedelta(seconds=15)
    assert flags.leader_elect_renew_deadline == timedelta(seconds=10)
    assert flags.leader_elect_retry_period == timedelta(seconds=2)
    assert (flags.gameserver_workers, flags.gameserverset_workers) == (10, 0)
    assert flags.webhook_port == 9876
    assert flags.webhook_server_certs_dir == "/tmp/webhook-certs/"
    assert flags.webhook_service_namespace == "kruise-game-system"
    assert flags.webhook_service_name == "kruise-game-webhook-service"
    assert flags.enable_cert_generation is True
    assert (flags.api_server_qps, flags.api_server_qps_burst) == (0, 0)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("--leader-elect", True),
        ("-leader-elect", True),
        ("--leader-elect=true", True),
        ("-leader-elect=1", True),
        ("--leader-elect=f", False),
    ],
)
def test_a_switch_takes_every_form_of_go(argument: str, *, expected: bool) -> None:
    assert parse([argument]).leader_elect is expected


@pytest.mark.parametrize("arguments", [["-namespace=games"], ["--namespace", "games"]])
def test_a_value_follows_an_equals_sign_or_stands_alone(arguments: list[str]) -> None:
    assert parse(arguments).namespace == "games"


@pytest.mark.parametrize(
    "argument",
    ["--leader-elect=maybe", "--gameserver-workers=many", "--leader-elect-lease-duration=15"],
)
def test_a_value_that_makes_no_sense_is_refused_with_exit_code_2(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([argument])

    assert ended.value.code == 2
    assert argument.partition("=")[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("--gameserver-workers=many", "'many' is no whole number"),
        ("--gameserver-workers=0", "0: give 1 or more"),
        ("--gameserverset-workers=-1", "-1: give 0 or more"),
        ("--webhook-port=65536", "65536: give 65535 or less"),
        ("--api-server-qps-burst=-1", "-1: give 0 or more"),
    ],
)
def test_a_number_out_of_its_bounds_is_told_them(
    argument: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([argument])

    assert capsys.readouterr().err.splitlines()[-1].endswith(reason)


def test_numbers_may_be_at_their_bounds() -> None:
    flags = parse(["--gameserver-workers=1", "--webhook-port=65535", "--api-server-qps=-1"])

    assert (flags.gameserver_workers, flags.webhook_port, flags.api_server_qps) == (1, 65535, -1)


@pytest.mark.parametrize(
    ("index", "prefix", "controllers", "webhook_port"),
    [(0, "", True, 0), (1, "webhook-", False, 9876)],
)
def test_the_deployment_runs_controllers_and_webhooks_with_flags_that_the_binary_has(
    index: int, prefix: str, *, controllers: bool, webhook_port: int
) -> None:
    deployment = yaml.safe_load((ROOT / "config/manager/deployment.yaml").read_text())
    container = deployment["spec"]["template"]["spec"]["containers"][index]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    flags = parse(container["args"])

    assert container["command"] == ["okg", "manager"]
    assert (flags.controllers, flags.webhook_port) == (controllers, webhook_port)
    assert flags.metrics_bind_address == f":{ports[prefix + 'metrics']}"
    assert flags.health_probe_bind_address == f":{ports[prefix + 'health']}"


def test_a_manager_without_anything_to_run_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"drop --controllers=false or --webhook-port=0"):
        build(parse(["--controllers=false", "--webhook-port=0"]))


def test_help_tells_the_defaults_that_people_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])

    words = capsys.readouterr().err
    assert "(default /etc/kruise-game/config.toml)" in words
    assert "(default localhost:4317)" in words
