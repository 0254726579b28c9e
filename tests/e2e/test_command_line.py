"""The binary and a user's mistakes: one line that says what to do, and exit code 2."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from okg.testing.cluster import Cluster
from okg.testing.controlplane import ControlPlane

pytestmark = pytest.mark.e2e

OKG = Path(sys.executable).with_name("okg")
ROOT = Path(__file__).resolve().parents[2]


def _okg(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k != "KUBECONFIG"}
    return subprocess.run(
        [OKG, *arguments],
        env={**clean, "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _manager(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    free = ("--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0")
    return _okg("manager", f"--kubeconfig={kubeconfig}", *free, *arguments)


def _only_line(result: subprocess.CompletedProcess[str]) -> str:
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    result = _manager(tmp_path / "none")

    assert result.returncode == 2
    assert _only_line(result) == (
        f"okg: kubeconfig {tmp_path}/none does not exist: correct --kubeconfig or KUBECONFIG"
    )


def test_no_api_server_at_all_says_where_one_is_looked_for() -> None:
    result = _okg("manager")

    assert result.returncode == 2
    assert _only_line(result) == (
        "okg: no API server configured: pass --kubeconfig, set KUBECONFIG, or run inside a cluster"
    )


def test_with_json_a_mistake_is_a_record_too() -> None:
    result = _okg("manager", "--log-format=json", "--zap-encoder=console")

    contradiction, mistake = [json.loads(line) for line in result.stderr.splitlines()]
    assert result.returncode == 2
    assert contradiction["msg"] == (
        "WARNING: --log-format overrides --zap-encoder (json vs console)"
    )
    assert (mistake["level"], mistake["msg"]) == ("ERROR", "okg manager cannot run")
    assert mistake["error"] == (
        "no API server configured: pass --kubeconfig, set KUBECONFIG, or run inside a cluster"
    )


def test_a_token_for_the_collector_is_never_repeated() -> None:
    result = _okg("manager", "--enable-tracing", "-otel-collector-token=secret")

    assert result.returncode == 2
    assert "no API server configured" in result.stderr
    assert "secret" not in result.stderr


def test_a_missing_custom_resource_definition_is_named_with_its_remedy(
    control_plane: Cluster,
) -> None:
    result = _manager(control_plane.kubeconfig)

    assert result.returncode == 2
    assert "does not serve" in _only_line(result)
    assert "config/crd/bases" in result.stderr or "install OpenKruise" in result.stderr


def test_an_unreachable_server_is_one_line(tmp_path: Path, control_plane: Cluster) -> None:
    text = control_plane.kubeconfig.read_text()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        (tmp_path / "config").write_text(text.replace(control_plane.url.split(":")[-1], str(port)))

        result = _manager(tmp_path / "config")

    assert result.returncode == 2
    assert "cannot reach the API server" in _only_line(result)


@pytest.mark.parametrize("flag", ["--metrics-bind-address", "--health-probe-bind-address"])
def test_a_port_in_use_names_the_flag(control_plane: Cluster, flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        result = _manager(control_plane.kubeconfig, f"{flag}=127.0.0.1:{port}")

    assert result.returncode == 2
    assert _only_line(result) == (
        f"okg: cannot listen on 127.0.0.1:{port}: Address already in use;"
        f" choose another with {flag}"
    )


def test_an_impossible_election_says_which_setting_to_raise(control_plane: Cluster) -> None:
    result = _manager(
        control_plane.kubeconfig,
        "--leader-elect",
        "--leader-election-namespace=default",
        "--leader-elect-lease-duration=5s",
    )

    assert result.returncode == 2
    assert "lease duration (5s) must be longer than the renew deadline (10s)" in _only_line(result)


def test_leader_election_outside_a_cluster_needs_a_namespace(control_plane: Cluster) -> None:
    result = _manager(control_plane.kubeconfig, "--leader-elect")

    assert result.returncode == 2
    assert "--leader-election-namespace" in _only_line(result)


def test_a_variable_that_makes_no_sense_ends_the_process_as_the_go_manager() -> None:
    result = _okg("manager", NETWORK_TOTAL_WAIT_TIME="1m")

    assert result.returncode == 255
    assert _only_line(result) == (
        "okg: NETWORK_TOTAL_WAIT_TIME='1m': write a whole number of seconds, 1 or more"
    )


def test_an_unknown_flag_prints_usage_and_is_named() -> None:
    result = _okg("manager", "--no-such-flag")

    assert result.returncode == 2
    assert "usage: okg manager" in result.stderr
    assert "--no-such-flag" in result.stderr


def test_help_is_on_standard_error_and_succeeds() -> None:
    result = _okg("manager", "-h")

    assert result.returncode == 0
    assert "-gameserver-workers" in result.stderr


def test_flags_take_one_dash_or_two(tmp_path: Path) -> None:
    result = _okg("manager", "-leader-elect=false", "-kubeconfig", str(tmp_path / "none"))

    assert result.returncode == 2
    assert "does not exist" in _only_line(result)


def test_the_sandbox_brings_three_servers_up_and_leaves_nothing_running(
    control_plane: Cluster,
) -> None:
    if not isinstance(control_plane, ControlPlane):
        pytest.skip("the sandbox makes a control plane of its own, which this environment refuses")
    mark = uuid4().hex

    result = subprocess.run(
        [ROOT / "hack" / "sandbox", "--once"],
        env={**os.environ, "OKG_TEST_MARK": mark},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert "lobby-0" in result.stdout
    assert "lobby-2" in result.stdout
    assert "All game servers are Ready" in result.stdout
    assert "kubectl get gss,gs" in result.stdout
    assert _processes(mark) == set()


def _processes(mark: str) -> set[str]:
    """Command lines of the processes that inherited a variable from whoever started them."""
    found: set[str] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.add((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
