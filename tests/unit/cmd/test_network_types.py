"""``okg networks`` as it is called."""

import io
import json
from pathlib import Path

import pytest

from okg.cmd.main import main

GOOD = """\
apiVersion: game.kruise.io/v1alpha1
kind: GameServerSet
metadata: {name: good}
spec:
  network: {networkType: TencentCloud-CLB, networkConf: [{name: PortProtocols, value: 80/TCP}]}
"""
BAD = """\
apiVersion: game.kruise.io/v1alpha1
kind: GameServerSet
metadata: {name: bad}
spec: {network: {networkType: TencentCloud-CLB}}
"""
CONFIG = "[tencentcloud]\nenable = false\n[jdcloud]\nenable = true\n"


def okg_networks(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[int, str, str]:
    exit_code = main(["networks", *map(str, arguments)])
    output = capsys.readouterr()
    return exit_code, output.out, output.err


def test_every_installed_type_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, out, _ = okg_networks(capsys)

    assert exit_code == 0
    assert "\nTencentCloud-CLB             TencentCloud        CLB-Network " in out
    assert "\nKubernetes-NodePort          Kubernetes          - " in out


def test_one_type_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, out, _ = okg_networks(capsys, "TencentCloud-CLB")

    assert exit_code == 0
    assert out.startswith("TencentCloud-CLB of TencentCloud, a kind of CLB-Network\n")
    assert "\n  PortProtocols  -  " in out


def test_all_types_are_explained_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = okg_networks(capsys, "-o", "wide")

    assert "\nVolcengine-EIP of Volcengine, a kind of EIP-Network\n" in out


def test_a_document_names_the_type_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = okg_networks(capsys, "TencentCloud-CLB", "-o", "json")

    assert [it["name"] for it in json.loads(out)["types"]] == ["TencentCloud-CLB"]


def test_a_type_that_is_not_there_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, _, err = okg_networks(capsys, "TencentCloud-CBL")

    assert exit_code == 2
    assert err.startswith(
        "okg: there is no network type TencentCloud-CBL; is TencentCloud-CLB meant?"
    )


def test_several_documents_are_checked_and_one_mistake_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sets.yaml").write_text(f"{GOOD}---\nkind: ConfigMap\n---\n{BAD}")

    exit_code, out, _ = okg_networks(capsys, "check", "-f", tmp_path / "sets.yaml")

    assert exit_code == 2
    assert [line for line in out.splitlines() if line.startswith("GameServerSet")] == [
        "GameServerSet good: TencentCloud-CLB: in order",
        "GameServerSet bad: TencentCloud-CLB: mistakes",
    ]


def test_the_standard_input_is_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(GOOD))

    exit_code, out, _ = okg_networks(capsys, "check", "-f", "-", "-o", "json")

    assert exit_code == 0
    assert json.loads(out)["sets"][0]["networkType"] == "TencentCloud-CLB"


def test_options_tell_what_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "good.yaml").write_text(GOOD)
    config = f"--provider-config={tmp_path / 'config.toml'}"

    exit_code, out, _ = okg_networks(capsys, "check", "-f", tmp_path / "good.yaml", config)
    _, listed, _ = okg_networks(capsys, config)

    assert exit_code == 2
    assert "cannot be used: TencentCloud is not enabled: write enable = true under" in out
    assert "\nnote: TencentCloud is not enabled" in listed
    assert "\nnote: the options of Jdcloud are invalid: [jdcloud]: nlb.min_port must" in listed


def test_nothing_to_check_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, _, err = okg_networks(capsys, "check", "-f", tmp_path)

    assert (exit_code, err) == (2, "okg: there is no GameServerSet in what -f names\n")
