from pathlib import Path

import pytest

from okg.testing.cgroups import ControlGroup


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """The mounts of a machine with both versions of control groups."""
    for hierarchy in ("cpu", "memory", "unified"):
        (tmp_path / hierarchy).mkdir()
    file = tmp_path / "mounts"
    file.write_text(
        f"tmpfs {tmp_path} tmpfs rw 0 0\n"
        f"cgroup {tmp_path}/cpu cgroup rw,cpu 0 0\n"
        f"cgroup {tmp_path}/memory cgroup rw,memory 0 0\n"
        f"cgroup2 {tmp_path}/unified cgroup2 rw 0 0\n"
    )
    return file


def folders(mounts: Path) -> set[str]:
    root = mounts.parent
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir()}


def test_a_group_is_made_in_every_hierarchy(mounts: Path) -> None:
    ControlGroup("okg0", mounts).create()

    assert folders(mounts) == {
        "cpu",
        "cpu/okg0",
        "memory",
        "memory/okg0",
        "unified",
        "unified/okg0",
    }


def test_in_version_2_the_group_gets_the_controllers_of_its_parent(mounts: Path) -> None:
    (mounts.parent / "unified/cgroup.controllers").write_text("pids\n")

    ControlGroup("okg0", mounts).create()

    assert (mounts.parent / "unified/cgroup.subtree_control").read_text() == "+pids"


def test_a_group_goes_with_all_below_it_and_leaves_the_others(mounts: Path) -> None:
    (mounts.parent / "cpu/okg0/kubepods/burstable/pod1").mkdir(parents=True)
    (mounts.parent / "cpu/okg1/kubepods").mkdir(parents=True)

    ControlGroup("okg0", mounts).remove()

    assert folders(mounts) == {"cpu", "cpu/okg1", "cpu/okg1/kubepods", "memory", "unified"}


def test_what_is_left_of_a_group_goes_before_it_is_made(mounts: Path) -> None:
    (mounts.parent / "memory/okg0/kubepods").mkdir(parents=True)

    ControlGroup("okg0", mounts).create()

    assert "memory/okg0/kubepods" not in folders(mounts)
    assert "memory/okg0" in folders(mounts)
