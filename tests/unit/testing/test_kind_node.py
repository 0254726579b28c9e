"""What is said to kind about a node of its clusters; a program that notes it stands in for kind."""

from pathlib import Path

import pytest

from okg.testing.existing import KindCluster
from okg.testing.images import Image
from okg.testing.kind_node import KindNode
from okg.testing.processes import StartFailed

IMAGE = Image("okg.test/game:1", "sha256:1", b"an archive")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the words and the archive go that kind is given."""
    program = tmp_path / "kind"
    program.write_text(f'#!/bin/sh\necho "$1 $2 $4" >{tmp_path}/words\ncat "$3" >{tmp_path}/file\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_an_image_is_loaded_as_an_archive_into_the_cluster_of_the_node(said: Path) -> None:
    node = KindNode(KindCluster("okg-games"), Path("busybox"))

    node.load(IMAGE)

    assert (said / "words").read_text() == "load image-archive --name=okg-games\n"
    assert (said / "file").read_bytes() == b"an archive"


def test_why_kind_refuses_an_image_is_told(said: Path) -> None:
    (said / "kind").write_text("#!/bin/sh\necho no nodes found\nexit 1\n")
    node = KindNode(KindCluster("okg-games"), Path("busybox"))

    with pytest.raises(StartFailed, match=r"okg.test/game:1 failed:\nno nodes found"):
        node.load(IMAGE)
