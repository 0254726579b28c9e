from pathlib import Path

import pytest

from okg.errors import ConfigError
from okg.testing.debian import find_container_programs
from unit.testing.installing import Install

PROGRAMS = (
    "usr/bin/containerd",
    "usr/bin/containerd-shim-runc-v2",
    "usr/bin/ctr",
    "usr/sbin/runc",
    "usr/lib/cni/bridge",
    "usr/lib/cni/host-local",
    "usr/lib/cni/loopback",
    "usr/lib/cni/portmap",
    "usr/sbin/xtables-nft-multi",
    "bin/busybox",
)
# Named after the packages' names.
CACHED = "cache/debian-52debc78"
# What `dpkg-deb --extract ARCHIVE ROOT` of all packages brings.
UNPACK = f"for file in {' '.join(PROGRAMS)}; do mkdir -p $3/${{file%/*}}; echo x >$3/$file; done"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A machine with all programs."""
    for program in PROGRAMS:
        (tmp_path / "system" / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "system" / program).write_text("static")
    return tmp_path / "system"


def test_the_machines_own_programs_are_taken(system: Path, tmp_path: Path) -> None:
    programs = find_container_programs(tmp_path / "cache", system)

    assert programs.runc == system / "usr/sbin/runc"


def test_a_busybox_that_needs_libraries_does_not_serve(
    system: Path, tmp_path: Path, install: Install
) -> None:
    (system / "bin/busybox").write_text("/lib64/ld-linux-x86-64.so.2")
    install("apt-get", "touch all.deb")
    install("dpkg-deb", UNPACK)

    programs = find_container_programs(tmp_path / "cache", system)

    assert programs.busybox == tmp_path / CACHED / "bin/busybox"


def test_what_is_missing_is_unpacked_into_the_cache_once(tmp_path: Path, install: Install) -> None:
    install("apt-get", f'touch all.deb; echo "$*" >>{tmp_path}/calls')
    install("dpkg-deb", UNPACK)

    first = find_container_programs(tmp_path / "cache", tmp_path / "bare")
    second = find_container_programs(tmp_path / "cache", tmp_path / "bare")

    assert first == second
    assert first.missing() == []
    assert first.network_plugins == tmp_path / CACHED / "usr/lib/cni"
    assert (tmp_path / "calls").read_text() == (
        "download -q -o Acquire::Retries=3 -o APT::Sandbox::User=root"
        " containerd runc containernetworking-plugins busybox-static iptables"
        " libmnl0 libnftnl11 libxtables12\n"
    )


def test_missing_lists_of_packages_are_fetched_first(tmp_path: Path, install: Install) -> None:
    lists = tmp_path / "lists"
    install(
        "apt-get", f"case $1 in update) touch {lists} ;; *) [ -e {lists} ] && touch a.deb; esac"
    )
    install("dpkg-deb", UNPACK)

    programs = find_container_programs(tmp_path / "cache", tmp_path / "bare")

    assert programs.missing() == []


def test_the_error_has_apts_words_and_what_to_do(tmp_path: Path, install: Install) -> None:
    install("apt-get", "echo E: Unable to locate package runc; exit 100")
    install("dpkg-deb", UNPACK)

    with pytest.raises(ConfigError, match="Unable to locate package runc") as failure:
        find_container_programs(tmp_path / "cache", tmp_path / "bare")

    assert "run `apt-get update && apt-get install containerd runc" in str(failure.value)
    assert not (tmp_path / CACHED).exists()


def test_without_apt_the_error_names_what_is_missing(
    tmp_path: Path, install: Install, system: Path
) -> None:
    (system / "usr/sbin/runc").unlink()

    with pytest.raises(ConfigError, match="no apt-get and dpkg-deb to get them with") as failure:
        find_container_programs(tmp_path / "cache", system)

    assert f"{system}/usr/sbin/runc missing" in str(failure.value)
