import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from okg.errors import ConfigError
from okg.testing.binaries import (
    ETCD,
    build_key,
    cache_folder,
    find_program,
    linker_flags,
    tools_folder,
)

GO_MOD = """
replace k8s.io/api => k8s.io/api v0.34.1

require (
	k8s.io/kubernetes v1.34.1 // indirect
)
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tool modules, an empty cache and no assets."""
    module = tmp_path / "tools/etcd"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module etcd\n")
    (module / "go.sum").write_text("")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("OKG_TOOLS_DIR", str(tmp_path / "tools"))
    monkeypatch.setenv("OKG_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "tools"


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a program named ``go`` on the path, which runs a shell script."""

    def install(script: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "go").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "go").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return folder

    return install


def test_a_stamped_build_carries_the_kubernetes_version_of_its_module() -> None:
    assert linker_flags(GO_MOD, stamped=True) == (
        "-s -w"
        " -X k8s.io/component-base/version.gitVersion=v1.34.1"
        " -X k8s.io/component-base/version.gitMajor=1"
        " -X k8s.io/component-base/version.gitMinor=34"
    )


def test_another_build_is_only_stripped() -> None:
    assert linker_flags(GO_MOD, stamped=False) == "-s -w"


def test_the_build_key_changes_with_each_of_its_parts() -> None:
    keys = {
        build_key("mod", "sum", "flags"),
        build_key("mod2", "sum", "flags"),
        build_key("mod", "sum2", "flags"),
        build_key("mod", "sum", "flags2"),
        build_key("mods", "um", "flags"),
        build_key("mod", "sum", "flags", "source"),
    }

    assert len(keys) == 6


def test_the_build_key_is_the_same_for_the_same_parts() -> None:
    assert build_key("mod", "sum", "flags") == "2c0e85ad839d5cfa"


def test_okg_cache_dir_decides_where_the_cache_is() -> None:
    environ = {"OKG_CACHE_DIR": "/here", "XDG_CACHE_HOME": "/there"}

    assert cache_folder(environ) == Path("/here")


def test_the_cache_is_in_the_users_cache_folder() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/there"}) == Path("/there/okg")
    assert cache_folder({"XDG_CACHE_HOME": ""}) == Path.home() / ".cache/okg"


def test_the_tool_modules_are_found_above_a_file_of_the_repository(tmp_path: Path) -> None:
    module = tmp_path / "hack/tools/etcd"
    module.mkdir(parents=True)
    (module / "go.mod").touch()

    assert tools_folder({}, tmp_path / "src/okg/binaries.py") == tmp_path / "hack/tools"


def test_without_the_repository_the_error_names_the_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="set KUBEBUILDER_ASSETS"):
        tools_folder({}, tmp_path / "site-packages/okg/binaries.py")


def test_a_program_in_the_assets_folder_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etcd").symlink_to(sys.executable)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert find_program(ETCD) == tmp_path / "etcd"


def test_a_program_is_built_once_and_found_again(
    tools: Path,
    tmp_path: Path,
    fake_go: Callable[[str], Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    fake_go('echo "$PWD $CGO_ENABLED $*" >> "$OKG_CACHE_DIR/calls"; echo built > "$6"')

    built = find_program(ETCD)
    found = find_program(ETCD)

    assert built == found
    assert built.read_text() == "built\n"
    assert built.is_relative_to(tmp_path / "cache/etcd")
    (call,) = (tmp_path / "cache/calls").read_text().splitlines()
    assert call.startswith(f"{tools}/etcd 0 build -trimpath -ldflags -s -w -o ")
    assert call.endswith(" go.etcd.io/etcd/server/v3")
    assert "okg: building etcd took" in capfd.readouterr().err


def test_a_program_of_our_own_is_built_anew_when_its_source_changes(
    tools: Path, fake_go: Callable[[str], Path]
) -> None:
    fake_go('echo built > "$6"')
    source = tools / "etcd/main/main.go"
    source.parent.mkdir()
    source.write_text("package main\n")

    first = find_program(ETCD)
    source.write_text("package main // changed\n")
    second = find_program(ETCD)

    assert first != second


def test_a_failed_build_tells_what_go_said_and_leaves_no_program(
    tools: Path, tmp_path: Path, fake_go: Callable[[str], Path]
) -> None:
    fake_go('echo half > "$6"; echo "missing go.sum entry" >&2; exit 1')

    with pytest.raises(ConfigError, match=r"building etcd failed:\nmissing go.sum entry"):
        find_program(ETCD)

    assert not list((tmp_path / "cache/etcd").glob("*/etcd"))
