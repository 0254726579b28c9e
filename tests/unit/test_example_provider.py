"""The provider in a distribution of its own, found and tested as its users do."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from doc_examples import ROOT, block

EXAMPLE = ROOT / "examples" / "okg-mycloud"
OKG = "import sys; from okg.cmd.main import main; sys.exit(main())"
SET = """\
apiVersion: game.kruise.io/v1alpha1
kind: GameServerSet
metadata: {name: lobby}
spec:
  network: {networkType: MyCloud-LB, networkConf: [{name: PortProtocols, value: 80/TCP}]}
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that has the example installed, as an installer leaves it."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    [(group, points)] = project["entry-points"].items()
    information = tmp_path / "okg_mycloud-0.1.0.dist-info"
    information.mkdir()
    name, version = project["name"], project["version"]
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    (information / "entry_points.txt").write_text(
        f"[{group}]\n" + "".join(f"{point} = {target}\n" for point, target in points.items())
    )
    return {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{EXAMPLE / 'src'}"}


def run(environment: dict[str, str], *arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=EXAMPLE,
    )
    return done.returncode, done.stdout


def test_it_is_among_the_network_types(installed: dict[str, str]) -> None:
    exit_code, out = run(installed, "-c", OKG, "networks")

    assert exit_code == 0
    assert "\nMyCloud-LB                   MyCloud             LB-Network " in out


def test_it_is_explained(installed: dict[str, str]) -> None:
    _, out = run(installed, "-c", OKG, "networks", "MyCloud-LB")

    assert out.startswith("MyCloud-LB of MyCloud, a kind of LB-Network\n")
    assert "\n  pool of ports    mycloud\n" in out


def test_its_sets_are_checked_by_its_options(installed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "set.yaml").write_text(SET)
    (tmp_path / "config.toml").write_text(block("../examples/okg-mycloud/README.md", "toml"))

    exit_code, out = run(
        installed,
        *("-c", OKG, "networks", "check", "-f", tmp_path / "set.yaml"),
        f"--provider-config={tmp_path / 'config.toml'}",
    )

    assert exit_code == 2
    assert out.splitlines() == [
        "GameServerSet lobby: MyCloud-LB: mistakes",
        (
            "  problem: BalancerIds is missing; write ids of load balancers, separated by commas"
            " without blanks"
        ),
    ]


def test_its_own_tests_pass(installed: dict[str, str]) -> None:
    exit_code, out = run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert (exit_code, "passed" in out) == (0, True), out


def test_the_entry_point_in_the_documentation_is_its_own() -> None:
    shown = tomllib.loads(block("providers.md", "toml"))["project"]["entry-points"]
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]

    assert shown == project["entry-points"]
