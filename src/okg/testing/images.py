"""Container images made on the spot, without an engine, a registry or a network.

An image is a docker archive in memory: one layer with a static busybox, under all its names, and
the files of the caller. The same content is the same image, whatever it is tagged.
"""

import hashlib
import io
import platform
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

# RFC 6761 keeps this domain from ever being somebody's.
REGISTRY = "okg.test"

_EXECUTABLE = 0o755
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = ("bin", "etc", "tmp", "var")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """An image that can be loaded into a container runtime.

    Attributes:
        reference: full name with tag, for a container's ``image``.
        image_id: digest of the configuration, which a kubelet reports as ``imageID``.
        archive: the docker archive.
    """

    reference: str
    image_id: str
    archive: bytes


def make_image(
    name: str, tag: str, files: Mapping[str, str], command: Sequence[str], *, busybox: Path
) -> Image:
    """Return an image.

    Args:
        name: of the image, without registry.
        tag: of the image; does not count for its content.
        files: texts by absolute path; all are executable, their folders are made.
        command: what a container runs.
        busybox: a statically linked busybox.
    """
    members = [*shell_members(busybox), *file_members(files)]
    return pack_image(name, tag, members, {"Cmd": list(command), "Env": [f"PATH={_PATH}"]})


# A member of an archive and its content.
Member = tuple[tarfile.TarInfo, bytes]


def pack_image(
    name: str, tag: str, members: Iterable[Member], config: Mapping[str, object]
) -> Image:
    """Return an image of one layer.

    Args:
        name: of the image, without registry.
        tag: of the image; does not count for its content.
        members: of the layer.
        config: how a container runs, in the words of an image's configuration.
    """
    layer = _tar(members)
    machine = platform.machine()
    configuration = msgspec.json.encode(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    reference, image_id = f"{REGISTRY}/{name}:{tag}", _digest(configuration)
    file = f"{image_id.removeprefix('sha256:')}.json"
    manifest = [{"Config": file, "RepoTags": [reference], "Layers": ["layer.tar"]}]
    parts = [
        file_member("layer.tar", layer),
        file_member(file, configuration),
        file_member("manifest.json", msgspec.json.encode(manifest)),
    ]
    return Image(reference, image_id, _tar(parts))


def shell_members(busybox: Path) -> Iterable[Member]:
    """Yield the usual folders and a busybox under all its names."""
    for folder in _FOLDERS:
        yield _entry(folder, tarfile.DIRTYPE), b""
    yield file_member("bin/busybox", busybox.read_bytes())
    listing = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    for applet in sorted({*listing.stdout.split()} - {"busybox"}):
        yield link_member(f"bin/{applet}", "busybox")


def file_members(files: Mapping[str, str]) -> Iterable[Member]:
    """Yield texts by absolute path, and the folders that they are in."""
    parents = {parent.strip("/") for path in files for parent in _parents(path)}
    for folder in sorted(parents - {*_FOLDERS}):
        yield _entry(folder, tarfile.DIRTYPE), b""
    for path, text in sorted(files.items()):
        yield file_member(path.strip("/"), text.encode())


def file_member(path: str, content: bytes) -> Member:
    """Return a file, which may be executed."""
    entry = _entry(path, tarfile.REGTYPE)
    entry.size = len(content)
    return entry, content


def link_member(path: str, target: str) -> Member:
    """Return a symbolic link."""
    return _entry(path, tarfile.SYMTYPE, target=target), b""


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents if parent != Path("/")]


def _entry(path: str, kind: bytes, *, target: str = "") -> tarfile.TarInfo:
    # Owner and time stay zero: the same content has to be the same bytes.
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.linkname = kind, _EXECUTABLE, target
    return entry


def _tar(members: Iterable[Member]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry, content in members:
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
