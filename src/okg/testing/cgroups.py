"""Control groups for containers: in version 2, and in every hierarchy of version 1."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from okg.testing.eventually import eventually

_KINDS = ("cgroup", "cgroup2")
_REMOVE_SECONDS = 5.0


@dataclass(frozen=True)
class ControlGroup:
    """A group at the top of every hierarchy.

    Attributes:
        name: of its folders.
        mounts: file in the form of ``fstab`` that tells where the hierarchies are.
    """

    name: str
    mounts: Path = Path("/proc/self/mounts")

    def create(self) -> None:
        """Make the group with every controller that there is; what was left of one goes first.

        Raises:
            AssertionError: it has processes.
        """
        self.remove()
        for top in self._hierarchies():
            _delegate(top)
            (top / self.name).mkdir()
            _delegate(top / self.name)

    def remove(self) -> None:
        """Remove the group with all below it; its processes have ended.

        Raises:
            AssertionError: the kernel does not let go of it.
        """
        for top in self._hierarchies():
            eventually(partial(_removed, top / self.name), within=_REMOVE_SECONDS)

    def _hierarchies(self) -> Iterator[Path]:
        for line in self.mounts.read_text().splitlines():
            _, place, kind, *_ = line.split()
            if kind in _KINDS:
                yield Path(place)


def _delegate(group: Path) -> None:
    """In version 2 let the groups below have the controllers of this one."""
    available = group / "cgroup.controllers"
    for controller in available.read_text().split() if available.exists() else ():
        # One that cannot be shared out leaves the others, and the kubelet names it if it needs it.
        with contextlib.suppress(OSError):
            (group / "cgroup.subtree_control").write_text(f"+{controller}")


def _removed(group: Path) -> bool:
    # Deepest first. The files of a group are the kernel's and go with it.
    for folder in sorted(group.glob("**/"), reverse=True):
        # A process that has just ended may still count for a moment.
        with contextlib.suppress(OSError):
            folder.rmdir()
    return not group.exists()
