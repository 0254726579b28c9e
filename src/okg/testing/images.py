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
    layer = _tar(_layer_members(files, busybox))
    machine = platform.machine()
    configuration = msgspec.json.encode(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Cmd": list(command), "Env": [f"PATH={_PATH}"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    reference, image_id = f"{REGISTRY}/{name}:{tag}", _digest(configuration)
    file = f"{image_id.removeprefix('sha256:')}.json"
    manifest = [{"Config": file, "RepoTags": [reference], "Layers": ["layer.tar"]}]
    members = [
        _file("layer.tar", layer),
        _file(file, configuration),
        _file("manifest.json", msgspec.json.encode(manifest)),
    ]
    return Image(reference, image_id, _tar(members))


# A member of an archive and its content.
_Member = tuple[tarfile.TarInfo, bytes]


def _layer_members(files: Mapping[str, str], busybox: Path) -> Iterable[_Member]:
    parents = {parent.strip("/") for path in files for parent in _parents(path)}
    for folder in sorted({*_FOLDERS, *parents}):
        yield _entry(folder, tarfile.DIRTYPE), b""
    yield _file("bin/busybox", busybox.read_bytes())
    listing = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    for applet in sorted({*listing.stdout.split()} - {"busybox"}):
        yield _entry(f"bin/{applet}", tarfile.SYMTYPE, target="busybox"), b""
    for path, text in sorted(files.items()):
        yield _file(path.strip("/"), text.encode())


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents if parent != Path("/")]


def _file(path: str, content: bytes) -> _Member:
    entry = _entry(path, tarfile.REGTYPE)
    entry.size = len(content)
    return entry, content


def _entry(path: str, kind: bytes, *, target: str = "") -> tarfile.TarInfo:
    # Owner and time stay zero: the same content has to be the same bytes.
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.linkname = kind, _EXECUTABLE, target
    return entry


def _tar(members: Iterable[_Member]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for entry, content in members:
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
