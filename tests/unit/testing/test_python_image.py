import io
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from okg.testing.python_image import make_python

PYTHON = f"python3.{sys.version_info.minor}"
LIBRARY = f"usr/local/lib/{PYTHON}"


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tarfile.TarInfo]:
    """The layer of the image of this interpreter."""
    busybox = tmp_path_factory.mktemp("busybox") / "busybox"
    busybox.write_text("#!/bin/sh\nprintf 'busybox\\nsh\\n'\n")
    busybox.chmod(0o755)
    image = make_python("1", busybox=busybox)
    with tarfile.open(fileobj=io.BytesIO(image.archive)) as archive:
        layer = archive.extractfile("layer.tar")
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as opened:
            return {member.name: member for member in opened}


def test_the_interpreter_has_its_usual_names(members: Mapping[str, tarfile.TarInfo]) -> None:
    assert members[f"usr/local/bin/{PYTHON}"].isreg()
    assert members["usr/local/bin/python3"].linkname == PYTHON
    assert members["usr/local/bin/python"].linkname == PYTHON


def test_the_standard_library_comes_without_what_others_installed(
    members: Mapping[str, tarfile.TarInfo],
) -> None:
    assert f"{LIBRARY}/os.py" in members
    assert f"{LIBRARY}/json/decoder.py" in members
    assert not any("site-packages" in name or "__pycache__" in name for name in members)
    assert not any(name.startswith(f"{LIBRARY}/test/") for name in members)


@pytest.mark.skipif(sys.platform != "linux", reason="ldd is a tool of Linux")
def test_the_libraries_are_where_the_loader_looks(members: Mapping[str, tarfile.TarInfo]) -> None:
    names = {Path(name).name: name for name in members if ".so" in name}

    assert names["libc.so.6"].startswith(("lib", "usr/lib"))
    assert names["libstdc++.so.6"].startswith(("lib", "usr/lib"))
    assert any(name.startswith(("lib64/ld-", "lib/ld-")) for name in members)
