"""The flags of the external scaler, and the manifests that go with them."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from okg.cmd.options import parse
from okg.cmd.scaler import add_scaler, serves_scaler
from okg.errors import ConfigError
from okg.runtime.manager import Manager
from okg.testing.apiserver import FakeApiServer

CONFIG = Path(__file__).resolve().parents[3] / "config"


def load(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CONFIG / name).read_text()))


def test_the_scaler_is_served_in_plain_text_where_people_know_it() -> None:
    flags = parse([])

    assert flags.scale_server_bind_address == ":6000"
    assert flags.scale_server_certs_dir == ""
    assert serves_scaler(flags)


@pytest.mark.parametrize(
    "argument",
    ["--scale-server-bind-address=0", "--scale-server-bind-address=", "--controllers=false"],
)
def test_the_scaler_can_be_turned_off_and_is_not_beside_webhooks_alone(argument: str) -> None:
    manager = Manager(FakeApiServer())

    add_scaler(manager, parse([argument]))

    assert manager.registry.get_sample_value("okg_scaler_streams") is None


def test_without_grpc_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "okg.scaler.server", None)

    with pytest.raises(ConfigError) as error:
        add_scaler(Manager(FakeApiServer()), parse([]))

    assert str(error.value).startswith("the external scaler needs gRPC (")
    assert str(error.value).endswith(
        "): pip install 'okg[scaler]', or turn it off with --scale-server-bind-address=0"
    )


def test_an_address_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'6000' is not an address .*--scale-server-bind-addr"):
        add_scaler(Manager(FakeApiServer()), parse(["--scale-server-bind-address=6000"]))


def test_a_folder_without_a_certificate_is_refused(tmp_path: Path) -> None:
    flags = parse([f"--scale-server-certs-dir={tmp_path}"])

    with pytest.raises(ConfigError, match=r"no usable certificate in .*--scale-server-certs-dir"):
        add_scaler(Manager(FakeApiServer()), flags)


def test_the_service_leads_to_the_port_of_the_container_that_serves_it() -> None:
    [service] = [s for s in load("manager/services.yaml") if "scaler" in s["metadata"]["name"]]
    [deployment] = load("manager/deployment.yaml")
    [kustomization] = load("default/kustomization.yaml")
    [manager, webhooks] = deployment["spec"]["template"]["spec"]["containers"]
    [port] = [p for p in manager["ports"] if p["name"] == "scaler"]
    name = kustomization["namePrefix"] + service["metadata"]["name"]

    assert (
        f"{name}.{kustomization['namespace']}" == "kruise-game-external-scaler.kruise-game-system"
    )
    assert service["spec"]["ports"] == [{"name": "grpc", "port": 6000, "targetPort": "scaler"}]
    assert port["containerPort"] == 6000
    assert serves_scaler(parse(manager["args"]))
    assert not serves_scaler(parse(webhooks["args"]))
