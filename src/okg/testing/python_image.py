"""A base image for Python programs, copied from this machine, for where no image can be pulled.

It has the interpreter that runs this, its standard library, what both are linked with, the C++
library that wheels expect of any system, and a busybox. Nothing in it is meant for production.
"""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from okg.errors import ConfigError
from okg.testing.images import (
    Image,
    Member,
    file_member,
    file_members,
    link_member,
    pack_image,
    shell_members,
)

_VERSION = f"python3.{sys.version_info.minor}"
_PREFIX = "usr/local"
_CONFIG = {"Cmd": ["python"], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]}
# Large, and nobody's need in a container; compiled files are made by whoever wants them.
_LEFT_OUT = frozenset(
    {"__pycache__", "dist-packages", "idlelib", "site-packages", "test", "tkinter", "turtledemo"}
)
# PEP 600: these a wheel may take for granted, besides what Python is linked with.
_OF_WHEELS = ("libdl.so.2", "libgcc_s.so.1", "libpthread.so.0", "librt.so.1", "libstdc++.so.6")
_SYSTEM_FOLDERS = ("/lib", "/usr/lib")
_LIBC = "libc.so.6"
_LINKED = re.compile(r"(?:(\S+) => )?(/\S+) \(0x")
# Without a user database a program cannot tell its home folder, without the other no address.
_SETTINGS = {
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "/root/.keep": "",
}


def make_python(tag: str, *, busybox: Path) -> Image:
    """Return the image ``okg.test/python``.

    Args:
        tag: of the image.
        busybox: a statically linked busybox.

    Raises:
        ConfigError: this machine lacks a library.
    """
    members = [
        *shell_members(busybox),
        *file_members(_SETTINGS),
        *_interpreter(),
        *_standard_library(),
        *_libraries(),
    ]
    return pack_image("python", tag, members, _CONFIG)


def _interpreter() -> Iterable[Member]:
    program = Path(sys.executable).resolve()
    yield file_member(f"{_PREFIX}/bin/{_VERSION}", program.read_bytes())
    yield link_member(f"{_PREFIX}/bin/python3", _VERSION)
    yield link_member(f"{_PREFIX}/bin/python", _VERSION)


def _standard_library() -> Iterable[Member]:
    source = Path(sysconfig.get_path("stdlib"))
    for path in _files(source):
        target = f"{_PREFIX}/lib/{_VERSION}/{path.relative_to(source)}"
        yield file_member(target, path.read_bytes())


def _files(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.iterdir()):
        # Folders of configuration are for whoever links with Python.
        if path.name in _LEFT_OUT or path.name.startswith("config-"):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _libraries() -> Iterable[Member]:
    """Yield each library where the loader looks for it."""
    modules = Path(sysconfig.get_config_var("DESTSHARED")).glob("*.so")
    linked = _linked_with([Path(sys.executable).resolve(), *sorted(modules)])
    folder = linked[_LIBC].parent
    for name in _OF_WHEELS:
        linked.setdefault(name, _find_library(name, folder))
    for name, path in sorted(linked.items()):
        # Those of an interpreter that was built by hand lie beside it.
        place = path if str(path).startswith(_SYSTEM_FOLDERS) else folder / name
        yield file_member(str(place).lstrip("/"), path.read_bytes())


def _linked_with(programs: Iterable[Path]) -> dict[str, Path]:
    """Return the libraries of programs by the names that the programs ask for."""
    argv = ["ldd", *map(str, programs)]
    told = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
    found = [(name, Path(path)) for name, path in _LINKED.findall(told)]
    return {name or path.name: path for name, path in found}


def _find_library(name: str, folder: Path) -> Path:
    for candidate in (folder / name, Path("/usr") / folder.relative_to("/") / name):
        if candidate.exists():
            return candidate
    raise ConfigError(f"no {name} in {folder}: install it, such as Debian's package libstdc++6")
