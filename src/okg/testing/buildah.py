"""buildah: images out of a Containerfile, without a daemon and, if need be, without root.

The machine's own buildah, else that of Debian's packages.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from okg.errors import OkgError
from okg.testing.images import Image
from okg.testing.packages import Packages

PACKAGES = Packages(
    "to build images with",
    ("buildah", "golang-github-containers-common"),
    libraries=("libassuan0", "libdevmapper1.02.1", "libgpgme11", "libseccomp2", "patchelf"),
)

_LIBRARY_FOLDERS = ("lib", "usr/lib")


class BuildFailed(OkgError):
    """An image could not be built or stored; what buildah said stands on standard error."""


@dataclass(frozen=True)
class Buildah:
    """The program.

    Attributes:
        program: its path.
        policy: which signatures images need; None for what the machine says.
    """

    program: Path
    policy: Path | None = None


def find_buildah(cache: Path) -> Buildah:
    """Return the machine's buildah; where there is none, Debian's is downloaded once.

    Args:
        cache: folder to unpack the packages into.

    Raises:
        ConfigError: it cannot be had; says what to install.
    """
    if system := shutil.which("buildah"):
        return Buildah(Path(system))
    root = PACKAGES.unpack(cache, [Path("buildah")], _write_library_path)
    return Buildah(root / "usr/bin/buildah", root / "etc/containers/policy.json")


def _write_library_path(unpacked: Path, root: Path) -> None:
    """Tell the program where its libraries will be.

    It starts itself anew without any environment, so that LD_LIBRARY_PATH would not do.
    """
    found = [path for name in _LIBRARY_FOLDERS for path in (unpacked / name).glob("*-linux-gnu*")]
    places = os.pathsep.join(str(root / path.relative_to(unpacked)) for path in sorted(found))
    # Not as RUNPATH, which libraries would not pass on to those that they need themselves.
    argv = [str(unpacked / "usr/bin/patchelf"), "--force-rpath", "--set-rpath", places]
    subprocess.run([*argv, str(unpacked / "usr/bin/buildah")], check=True)


class Builder:
    """Builds images in a store of its own, which goes with it; context manager.

    Args:
        buildah: the program.
    """

    def __init__(self, buildah: Buildah) -> None:
        self._buildah = buildah
        self._folder = Path()

    def __enter__(self) -> Self:
        """Make the store."""
        self._folder = Path(tempfile.mkdtemp(prefix="okg-images-"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the store."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def load(self, image: Image) -> None:
        """Make an image known, to build upon.

        Raises:
            BuildFailed: it was refused.
        """
        archive = self._folder / "loaded.tar"
        archive.write_bytes(image.archive)
        self._run("pull", f"docker-archive:{archive}")
        archive.unlink()

    def build(
        self,
        context: Path,
        tag: str,
        *,
        timestamp: int,
        arguments: Mapping[str, str],
        mounts: Sequence[tuple[Path, Path]] = (),
    ) -> str:
        """Build what the Containerfile of a folder says and return the image's id.

        Args:
            context: the folder.
            tag: what to call the image.
            timestamp: seconds since 1970 that all files get, and the image.
            arguments: of the Containerfile.
            mounts: files and folders of this machine, and where they are while it builds.

        Raises:
            BuildFailed: a step failed.
        """
        name = self._folder / "id"
        self._run(
            "build",
            # No other process than ours, and what the machine reaches is what a step reaches.
            "--isolation=chroot",
            "--pull-never" if self._knows(arguments.get("BASE", "")) else "--pull",
            "--identity-label=false",
            f"--timestamp={timestamp}",
            *(f"--build-arg={name}={value}" for name, value in arguments.items()),
            *(f"--volume={source}:{place}" for source, place in mounts),
            f"--file={context / 'Containerfile'}",
            f"--iidfile={name}",
            f"--tag={tag}",
            str(context),
        )
        return name.read_text().strip()

    def save(self, tag: str, destination: str) -> None:
        """Copy an image, such as to ``docker-archive:FILE:TAG`` or ``docker://REGISTRY/NAME:TAG``.

        Raises:
            BuildFailed: it could not be written there.
        """
        self._run("push", tag, destination)

    def _knows(self, image: str) -> bool:
        return not subprocess.run(
            [*self._command(), "inspect", "--type=image", image], check=False, capture_output=True
        ).returncode

    def _command(self) -> list[str]:
        places = (f"--root={self._folder}/store", f"--runroot={self._folder}/run")
        # The one that works on every file system and for every user.
        return [str(self._buildah.program), *places, "--storage-driver=vfs"]

    def _run(self, command: str, *arguments: str) -> None:
        policy = [f"--signature-policy={self._buildah.policy}"] if self._buildah.policy else []
        done = subprocess.run(
            [*self._command(), command, *policy, *arguments],
            check=False,
            stdout=sys.stderr,
            env={**os.environ, "CONTAINERS_STORAGE_CONF": os.devnull},
        )
        if done.returncode:
            raise BuildFailed(f"`buildah {command}` failed with exit code {done.returncode}")
