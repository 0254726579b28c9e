"""The definitions in config/crd/bases are what hack/generate makes of the types."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SET_FILE = "game.kruise.io_gameserversets.yaml"
SERVER_FILE = "game.kruise.io_gameservers.yaml"


def generate(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ROOT / "hack" / "generate.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_files_of_the_tree_are_current() -> None:
    result = generate("--check")

    assert (result.returncode, result.stderr) == (0, "")


def test_what_was_written_is_current(tmp_path: Path) -> None:
    written = generate(tmp_path)
    checked = generate(tmp_path, "--check")

    assert (written.returncode, checked.returncode) == (0, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [SERVER_FILE, SET_FILE]


def test_a_file_that_was_edited_is_reported(tmp_path: Path) -> None:
    generate(tmp_path)
    edited = tmp_path / SERVER_FILE
    edited.write_text(edited.read_text().replace("OPSSTATE", "STATE2"))

    checked = generate(tmp_path, "--check")

    assert checked.returncode == 1
    assert checked.stderr == f"generate: {edited} is not current; run hack/generate\n"


def test_files_that_are_missing_are_reported_and_not_written(tmp_path: Path) -> None:
    checked = generate(tmp_path, "--check")

    assert checked.returncode == 1
    assert list(tmp_path.iterdir()) == []
