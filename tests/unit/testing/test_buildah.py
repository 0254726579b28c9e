from pathlib import Path

import pytest

from okg.errors import ConfigError
from okg.testing.buildah import Buildah, Builder, BuildFailed, find_buildah
from okg.testing.images import Image
from unit.testing.installing import Install

# What `dpkg-deb --extract ARCHIVE ROOT` of all packages brings.
UNPACK = (
    "mkdir -p $3/usr/bin $3/lib/x86_64-linux-gnu $3/usr/lib/x86_64-linux-gnu;"
    " echo x >$3/usr/bin/buildah; cp {patchelf} $3/usr/bin/patchelf"
)


def test_the_machines_own_buildah_is_taken(tmp_path: Path, install: Install) -> None:
    program = install("buildah", "")

    assert find_buildah(tmp_path / "cache") == Buildah(program)


def test_debians_is_unpacked_once_and_told_where_its_libraries_are(
    tmp_path: Path, install: Install
) -> None:
    calls = tmp_path / "calls"
    install("apt-get", f'touch all.deb; echo "$1" >>{calls}')
    patchelf = install("patchelf", f'echo "patchelf $3" >>{calls}')
    install("dpkg-deb", UNPACK.format(patchelf=patchelf))

    first = find_buildah(tmp_path / "cache")
    second = find_buildah(tmp_path / "cache")

    root = first.program.parents[2]
    assert first == second
    assert first == Buildah(root / "usr/bin/buildah", root / "etc/containers/policy.json")
    assert calls.read_text() == (
        f"download\npatchelf {root}/lib/x86_64-linux-gnu:{root}/usr/lib/x86_64-linux-gnu\n"
    )


def test_without_apt_the_error_says_what_to_install(tmp_path: Path, install: Install) -> None:
    install("dpkg-deb", "")

    with pytest.raises(ConfigError, match=r"no apt-get to get them with; run .*install buildah"):
        find_buildah(tmp_path / "cache")


def test_a_base_that_was_loaded_is_not_pulled(tmp_path: Path, install: Install) -> None:
    calls = tmp_path / "calls"
    note = 'case $word in --iidfile=*) echo sha256:1 >"${word#*=}";; esac'
    program = install("buildah", f'echo "$@" >>{calls}\nfor word in "$@"; do {note}; done')

    with Builder(Buildah(program, tmp_path / "policy")) as builder:
        builder.load(Image("okg.test/base:1", "sha256:0", b"archive"))
        image_id = builder.build(
            tmp_path, "okg:1", timestamp=5, arguments={"BASE": "okg.test/base:1"}
        )

    assert image_id == "sha256:1"
    assert "pull --signature-policy=" in calls.read_text()
    assert "--isolation=chroot --pull-never --identity-label=false" in calls.read_text()
    assert "--timestamp=5 --build-arg=BASE=okg.test/base:1" in calls.read_text()


def test_a_step_that_fails_ends_the_build_and_removes_the_store(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = install("buildah", "exit 3")

    with (
        pytest.raises(BuildFailed, match="`buildah build` failed with exit code 3"),
        Builder(Buildah(program)) as builder,
    ):
        builder.build(tmp_path, "okg:1", timestamp=5, arguments={})

    assert list(tmp_path.glob("okg-images-*")) == []
