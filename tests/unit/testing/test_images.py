import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from okg.testing.game_image import make_game
from okg.testing.images import Image, make_image


@pytest.fixture
def busybox(tmp_path: Path) -> Path:
    """A busybox that knows three applets."""
    program = tmp_path / "busybox"
    program.write_text("#!/bin/sh\nprintf 'busybox\\nsh\\nhttpd\\n'\n")
    program.chmod(0o755)
    return program


def archive(image: Image) -> dict[str, bytes]:
    return contents(image.archive)


def contents(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        files = [(member.name, opened.extractfile(member)) for member in opened if member.isreg()]
        return {name: file.read() for name, file in files if file}


def layer(image: Image) -> bytes:
    return archive(image)["layer.tar"]


def configuration(image: Image) -> Any:
    return json.loads(archive(image)[f"{image.image_id.removeprefix('sha256:')}.json"])


def test_the_manifest_names_the_reference_the_configuration_and_the_layer(busybox: Path) -> None:
    image = make_image("game", "1.0", {}, ["game"], busybox=busybox)

    (manifest,) = json.loads(archive(image)["manifest.json"])
    assert image.reference == "okg.test/game:1.0"
    assert manifest == {
        "Config": f"{image.image_id.removeprefix('sha256:')}.json",
        "RepoTags": ["okg.test/game:1.0"],
        "Layers": ["layer.tar"],
    }


def test_the_image_id_is_the_digest_of_the_configuration(busybox: Path) -> None:
    image = make_image("game", "1.0", {}, ["game", "--fast"], busybox=busybox)

    name = image.image_id.removeprefix("sha256:")
    assert hashlib.sha256(archive(image)[f"{name}.json"]).hexdigest() == name
    assert configuration(image)["config"]["Cmd"] == ["game", "--fast"]
    assert configuration(image)["rootfs"]["diff_ids"] == [
        f"sha256:{hashlib.sha256(layer(image)).hexdigest()}"
    ]


def test_the_layer_holds_busybox_under_all_its_names_and_the_files(busybox: Path) -> None:
    image = make_image("game", "1.0", {"/srv/data/rules": "be kind\n"}, [], busybox=busybox)

    with tarfile.open(fileobj=io.BytesIO(layer(image))) as opened:
        links = {member.name: member.linkname for member in opened if member.issym()}
        folders = {member.name for member in opened if member.isdir()}
    assert links == {"bin/sh": "busybox", "bin/httpd": "busybox"}
    assert {"srv", "srv/data", "bin", "etc", "tmp", "var"} == folders
    assert contents(layer(image)) == {
        "bin/busybox": busybox.read_bytes(),
        "srv/data/rules": b"be kind\n",
    }


def test_another_version_is_another_image(busybox: Path) -> None:
    first, second = make_game("1.0", busybox=busybox), make_game("2.0", busybox=busybox)

    assert first.image_id != second.image_id


def test_another_tag_of_the_same_version_is_the_same_image(busybox: Path) -> None:
    first = make_game("1.0", busybox=busybox)
    second = make_game("stable", version="1.0", busybox=busybox)

    assert (first.reference, second.reference) == ("okg.test/game:1.0", "okg.test/game:stable")
    assert first.image_id == second.image_id
