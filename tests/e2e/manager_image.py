"""The manager's image, built as operators build it, and kept for as long as its sources stay."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from okg.testing.binaries import cache_folder
from okg.testing.images import REGISTRY, Image

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = f"{REGISTRY}/okg:e2e"

_SOURCES = (
    "LICENSE",
    "README.md",
    "hack/tools/image",
    "pyproject.toml",
    "requirements.lock",
    "src",
)
_RECIPE = (".containerignore", "Containerfile", "hack/image.py")
_NOT_HERE = 2
"""Exit code for a machine that lacks what building takes."""


@dataclass(frozen=True)
class ManagerImage:
    """What `hack/image` has written."""

    image: Image
    sbom: bytes


def find_manager_image() -> ManagerImage:
    """Return the image of the sources as they are, built unless that has been done before."""
    folder = cache_folder() / "image" / _key()
    if not folder.exists():
        shutil.rmtree(folder.parent, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
            image_id = build_manager_image(Path(scratch) / "built")
            (Path(scratch) / "built/id").write_text(image_id)
            folder.parent.mkdir(exist_ok=True)
            (Path(scratch) / "built").rename(folder)
    image_id, archive = (folder / "id").read_text(), (folder / "okg.tar").read_bytes()
    return ManagerImage(Image(REFERENCE, image_id, archive), (folder / "sbom.json").read_bytes())


def build_manager_image(folder: Path) -> str:
    """Build the image into a folder and return its id."""
    files = [f"--output={folder / 'okg.tar'}", f"--sbom={folder / 'sbom.json'}"]
    done = subprocess.run(
        [sys.executable, ROOT / "hack/image.py", "--base=local", f"--tag={REFERENCE}", *files],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == _NOT_HERE and os.environ.get("CI") != "true":
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def _key() -> str:
    """Return a name that changes with whatever the image is made of."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _inputs():
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _inputs() -> Iterator[Path]:
    yield from (ROOT / name for name in _RECIPE)
    for source in (ROOT / name for name in _SOURCES):
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)
