from pathlib import Path

import pytest

from okg.errors import ConfigError
from okg.testing.prometheus import find_prometheus
from unit.testing.installing import Install

# Named after the package.
CACHED = "cache/debian-579d3a7b/usr/bin"
UNPACK = "mkdir -p $3/usr/bin; touch $3/usr/bin/prometheus $3/usr/bin/promtool"


def test_the_machines_own_programs_are_taken(tmp_path: Path, install: Install) -> None:
    install("prometheus", "")
    install("promtool", "")

    programs = find_prometheus(tmp_path / "cache", tmp_path / "bare")

    assert programs.tool == tmp_path / "path/promtool"
    assert not (tmp_path / "cache").exists()


def test_a_tool_without_its_server_is_not_enough(tmp_path: Path, install: Install) -> None:
    install("promtool", "")
    install("apt-get", "touch all.deb")
    install("dpkg-deb", UNPACK)

    programs = find_prometheus(tmp_path / "cache", tmp_path / "bare")

    assert programs.server == tmp_path / CACHED / "prometheus"
    assert programs.tool == tmp_path / CACHED / "promtool"


def test_a_package_without_the_programs_is_told(tmp_path: Path, install: Install) -> None:
    install("apt-get", "touch all.deb")
    install("dpkg-deb", "mkdir -p $3")

    with pytest.raises(ConfigError, match=r"did not bring .*/promtool; run `apt-get update"):
        find_prometheus(tmp_path / "cache", tmp_path / "bare")
