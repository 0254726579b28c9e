"""The manager's image, built by buildah: the same sources and base are the same image."""

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from okg.errors import ConfigError, OkgError
from okg.testing.binaries import cache_folder
from okg.testing.buildah import Builder, find_buildah
from okg.testing.debian import find_container_programs
from okg.testing.python_image import make_python

ROOT = Path(__file__).resolve().parents[1]
LOCAL = "local"
SBOM = "usr/share/sbom/okg.cdx.json"


class Manifest(msgspec.Struct, frozen=True, rename="pascal"):
    """The part of a docker archive's manifest that tells its layers, lowest first."""

    layers: tuple[str, ...]


def build(options: argparse.Namespace) -> str:
    """Build, store and push as told; return the image's id."""
    with Builder(find_buildah(cache_folder())) as builder:
        arguments = {"BASE": options.base} if options.base else {}
        if options.base == LOCAL:
            base = make_python("local", busybox=find_container_programs(cache_folder()).busybox)
            builder.load(base)
            arguments = {"BASE": base.reference}
        image_id = builder.build(
            ROOT, options.tag, timestamp=timestamp(), arguments=arguments, mounts=list(mounts())
        )
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.unlink(missing_ok=True)
        builder.save(options.tag, f"docker-archive:{options.output}:{options.tag}")
        if options.push:
            builder.save(options.tag, f"docker://{options.push}")
    return image_id


def timestamp(environ: Mapping[str, str] = os.environ) -> int:
    """Return the time that the image is of: that of the commit, unless the environment tells."""
    if told := environ.get("SOURCE_DATE_EPOCH"):
        return int(told)
    argv = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ConfigError("not a clone of the repository: set SOURCE_DATE_EPOCH, in seconds")
    return int(done.stdout)


def mounts(environ: Mapping[str, str] = os.environ) -> Iterator[tuple[Path, Path]]:
    """Yield how pip gets its packages on this machine; none of it is in the image."""
    downloads = cache_folder() / "pip"
    downloads.mkdir(parents=True, exist_ok=True)
    yield downloads, Path("/root/.cache/pip")
    settings = Path(environ.get("PIP_CONFIG_FILE", "/etc/pip.conf"))
    if settings.is_file():
        yield settings, Path("/etc/pip.conf")
    certificates = environ.get("PIP_CERT", "")
    if certificates:
        yield Path(certificates), Path(certificates)


def read_sbom(archive: Path) -> bytes:
    """Return the list of what is in an image."""
    with tarfile.open(archive) as image:
        [manifest] = msgspec.json.decode(read(image, "manifest.json"), type=list[Manifest])
        with tarfile.open(fileobj=io.BytesIO(read(image, manifest.layers[-1]))) as layer:
            return read(layer, SBOM)


def read(archive: tarfile.TarFile, name: str) -> bytes:
    """Return a file of an archive."""
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def parse() -> argparse.Namespace:
    """Return what the command line asks for."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    parser = argparse.ArgumentParser(prog="hack/image", description=__doc__)
    parser.add_argument(
        "--base",
        metavar="IMAGE",
        help="what to build upon, at best with a digest; that of the Containerfile by default;"
        f" `{LOCAL}` copies this machine's Python, for tests where nothing can be pulled",
    )
    parser.add_argument("--tag", default=f"okg:{version}", help="name in the archive (%(default)s)")
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        default=ROOT / "dist/okg-image.tar",
        help="docker archive to write (dist/okg-image.tar)",
    )
    parser.add_argument(
        "--sbom",
        metavar="FILE",
        type=Path,
        default=ROOT / "dist/okg.cdx.json",
        help="list of what is in it to write, in CycloneDX's form (dist/okg.cdx.json)",
    )
    parser.add_argument("--push", metavar="REFERENCE", help="where in a registry to store it")
    return parser.parse_args()


def main() -> int:
    """Build the image."""
    options = parse()
    try:
        image_id = build(options)
    except OkgError as error:
        print(f"hack/image: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    options.sbom.parent.mkdir(parents=True, exist_ok=True)
    options.sbom.write_bytes(read_sbom(options.output))
    print(f"{options.tag} {image_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
