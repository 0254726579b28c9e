"""Programs that run containers: the machine's own, else out of Debian's packages.

Packages are unpacked into okg's cache folder and not installed: no service starts, nothing that the
machine has is replaced, and removing the cache removes them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from okg.errors import ConfigError

PACKAGES = ("containerd", "runc", "containernetworking-plugins", "busybox-static", "iptables")

# What iptables is linked with; installing it brings them along.
_LIBRARIES = ("libmnl0", "libnftnl11", "libxtables12")

_PLUGINS = ("bridge", "host-local", "loopback", "portmap")
_ATTEMPTS = 3
_RETRIES = ("-q", "-o", "Acquire::Retries=3")
# As root the download needs no user of its own, who could not write into our folder.
_DOWNLOAD = ("apt-get", "download", *_RETRIES, "-o", "APT::Sandbox::User=root")
_UPDATE = ("apt-get", "update", *_RETRIES)
# Every program that is linked dynamically names its loader on the first page.
_LOADER = b"/ld-"


@dataclass(frozen=True)
class ContainerPrograms:
    """Where the programs are, laid out as Debian's packages do.

    Attributes:
        root: folder that holds ``usr``; ``/`` for what the machine has.
    """

    root: Path

    @property
    def containerd(self) -> Path:
        """The container runtime; its shim lies beside it."""
        return self.root / "usr/bin/containerd"

    @property
    def ctr(self) -> Path:
        """The client of the container runtime."""
        return self.root / "usr/bin/ctr"

    @property
    def runc(self) -> Path:
        """What starts a container."""
        return self.root / "usr/sbin/runc"

    @property
    def network_plugins(self) -> Path:
        """Folder of the CNI plug-ins."""
        return self.root / "usr/lib/cni"

    @property
    def iptables(self) -> Path:
        """All programs of iptables in one, which makes rules of nftables."""
        return self.root / "usr/sbin/xtables-nft-multi"

    @property
    def busybox(self) -> Path:
        """A shell with tools in one program that needs no library."""
        merged = self.root / "usr/bin/busybox"
        return merged if merged.exists() else self.root / "bin/busybox"

    def missing(self) -> list[Path]:
        """Return what is not there or does not serve."""
        shim = self.containerd.with_name("containerd-shim-runc-v2")
        plugins = [self.network_plugins / name for name in _PLUGINS]
        programs = [self.containerd, shim, self.ctr, self.runc, self.iptables, *plugins]
        missing = [program for program in programs if not program.exists()]
        return missing if _is_static(self.busybox) else [*missing, self.busybox]


def find_container_programs(cache: Path, system: Path = Path("/")) -> ContainerPrograms:
    """Return the programs; what the machine lacks is downloaded once.

    Args:
        cache: folder to unpack the packages into.
        system: where the machine's own programs are looked for.

    Raises:
        ConfigError: they cannot be had; says what to install.
    """
    # Other packages are another folder: nodes may be running out of this one.
    edition = zlib.crc32(" ".join(PACKAGES).encode())
    own, cached = ContainerPrograms(system), ContainerPrograms(cache / f"debian-{edition:08x}")
    if not own.missing():
        return own
    if not cached.root.exists():
        _check_tools(own)
        sys.stderr.write(f"okg: downloading {', '.join(PACKAGES)} into {cached.root}\n")
        _download(cached.root)
    if missing := cached.missing():
        raise ConfigError(f"Debian's packages did not bring {_names(missing)}; {_remedy()}")
    return cached


def _check_tools(own: ContainerPrograms) -> None:
    if absent := [tool for tool in ("apt-get", "dpkg-deb") if not shutil.which(tool)]:
        raise ConfigError(
            f"no programs to run containers with: {_names(own.missing())} missing, and no"
            f" {' and '.join(absent)} to get them with; {_remedy()}"
        )


def _download(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        archives, root = Path(scratch) / "archives", Path(scratch) / "root"
        archives.mkdir()
        _fetch(archives)
        for archive in archives.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", archive, root], check=True)
        # Somebody else may have been faster; theirs is as good.
        if not folder.exists():
            root.rename(folder)


def _fetch(folder: Path) -> None:
    """Download the packages; where the lists are missing or stale, these first."""
    said = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            sys.stderr.write("okg: updating apt's lists of packages\n")
            said = _run(_UPDATE, folder).stdout
        done = _run([*_DOWNLOAD, *PACKAGES, *_LIBRARIES], folder)
        if not done.returncode:
            return
        said += done.stdout
    raise ConfigError(f"downloading {', '.join(PACKAGES)} failed; {_remedy()}; apt said:\n{said}")


def _run(argv: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},
    )


def _is_static(program: Path) -> bool:
    if not program.exists():
        return False
    with program.open("rb") as file:
        return _LOADER not in file.read(4096)


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _remedy() -> str:
    return f"run `apt-get update && apt-get install {' '.join(PACKAGES)}` as root"
