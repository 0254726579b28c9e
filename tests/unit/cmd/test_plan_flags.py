from pathlib import Path

import pytest

from okg.cmd.plan import PlanFlags, parse, run
from okg.errors import ConfigError

KUBECONFIG = """\
current-context: c
contexts: [{name: c, context: {cluster: c, user: u, namespace: games}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
"""
SET = "apiVersion: game.kruise.io/v1alpha1\nkind: GameServerSet\n"


def okg_plan(tmp_path: Path, text: str, *flags: str) -> int:
    (tmp_path / "config").write_text(KUBECONFIG)
    (tmp_path / "set.yaml").write_text(text)
    return run([f"--kubeconfig={tmp_path / 'config'}", "-f", str(tmp_path / "set.yaml"), *flags])


def test_flags_are_those_of_kubectl() -> None:
    assert parse(["-f", "a", "-f", "-", "-n", "games", "-o", "json", "--exit-code"]) == PlanFlags(
        filename=["a", "-"],
        namespace="games",
        kubeconfig="",
        output="json",
        exit_code=True,
    )


@pytest.mark.parametrize(
    ("text", "flags", "words"),
    [
        ("kind: ConfigMap", (), "there is no GameServerSet"),
        (SET, (), r"has no metadata\.name"),
        (SET + "metadata: {name: a, namespace: b}", ("-n", "c"), "a is of namespace b, not c"),
        (SET + "metadata: {name: a}", (), "namespaces/games/gameserversets/a"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, text: str, flags: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        okg_plan(tmp_path, text, *flags)
