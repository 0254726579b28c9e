"""Packages of Debian, unpacked into okg's cache folder and not installed.

No service starts, nothing that the machine has is replaced, and removing the cache removes them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from okg.errors import ConfigError

_ATTEMPTS = 3
_RETRIES = ("-q", "-o", "Acquire::Retries=3")
# As root the download needs no user of its own, who could not write into our folder.
_DOWNLOAD = ("apt-get", "download", *_RETRIES, "-o", "APT::Sandbox::User=root")
_UPDATE = ("apt-get", "update", *_RETRIES)


@dataclass(frozen=True)
class Packages:
    """Some packages for one purpose.

    Attributes:
        purpose: for messages, after "no programs".
        names: of the packages.
        libraries: packages that installing them would bring along.
    """

    purpose: str
    names: tuple[str, ...]
    libraries: tuple[str, ...] = ()

    def unpack(
        self,
        cache: Path,
        wanted: Sequence[Path],
        finish: Callable[[Path, Path], None] = lambda _unpacked, _folder: None,
    ) -> Path:
        """Return the folder that they are unpacked into, the first time after a download.

        Args:
            cache: okg's cache folder.
            wanted: what the machine lacks, for messages.
            finish: called once with the unpacked tree, before it is there for others, and the
                folder that it will be.

        Raises:
            ConfigError: they cannot be had; says what to install.
        """
        # Other packages are another folder: somebody may be running out of this one.
        edition = zlib.crc32(" ".join(self.names).encode())
        folder = cache / f"debian-{edition:08x}"
        if not folder.exists():
            self._check_tools(wanted)
            sys.stderr.write(f"okg: downloading {', '.join(self.names)} into {folder}\n")
            self._download(folder, finish)
        return folder

    def check(self, missing: Sequence[Path]) -> None:
        """Do nothing if nothing is missing of what they should have brought.

        Raises:
            ConfigError: something is; says what to install.
        """
        if missing:
            raise ConfigError(
                f"Debian's packages did not bring {_paths(missing)}; {self._remedy()}"
            )

    def _check_tools(self, wanted: Sequence[Path]) -> None:
        if absent := [tool for tool in ("apt-get", "dpkg-deb") if not shutil.which(tool)]:
            raise ConfigError(
                f"no programs {self.purpose}: {_paths(wanted)} missing, and no"
                f" {' and '.join(absent)} to get them with; {self._remedy()}"
            )

    def _download(self, folder: Path, finish: Callable[[Path, Path], None]) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            archives, root = Path(scratch) / "archives", Path(scratch) / "root"
            archives.mkdir()
            self._fetch(archives)
            for archive in archives.glob("*.deb"):
                subprocess.run(["dpkg-deb", "--extract", archive, root], check=True)
            finish(root, folder)
            # Somebody else may have been faster; theirs is as good.
            if not folder.exists():
                root.rename(folder)

    def _fetch(self, folder: Path) -> None:
        """Download them; where the lists are missing or stale, these first."""
        said = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                sys.stderr.write("okg: updating apt's lists of packages\n")
                said = _run(_UPDATE, folder).stdout
            done = _run([*_DOWNLOAD, *self.names, *self.libraries], folder)
            if not done.returncode:
                return
            said += done.stdout
        names = ", ".join(self.names)
        raise ConfigError(f"downloading {names} failed; {self._remedy()}; apt said:\n{said}")

    def _remedy(self) -> str:
        return f"run `apt-get update && apt-get install {' '.join(self.names)}` as root"


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


def _paths(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)
