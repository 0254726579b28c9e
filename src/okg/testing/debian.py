"""Programs that run containers: the machine's own, else out of Debian's packages."""

from dataclasses import dataclass
from pathlib import Path

from okg.testing.packages import Packages

PACKAGES = Packages(
    "to run containers with",
    ("containerd", "runc", "containernetworking-plugins", "busybox-static", "iptables"),
    # What iptables is linked with.
    libraries=("libmnl0", "libnftnl11", "libxtables12"),
)

_PLUGINS = ("bridge", "host-local", "loopback", "portmap")
# Every program that is linked dynamically names its loader on the first page.
_LOADER = b"/ld-"


@dataclass(frozen=True)
class ContainerPrograms:
    """Where the programs are, laid out as Debian's packages do.

    Attributes:
        root: folder that holds ``usr``; ``/`` for what the machine has.
    """

    root: Path

    @property
    def containerd(self) -> Path:
        """The container runtime; its shim lies beside it."""
        return self.root / "usr/bin/containerd"

    @property
    def ctr(self) -> Path:
        """The client of the container runtime."""
        return self.root / "usr/bin/ctr"

    @property
    def runc(self) -> Path:
        """What starts a container."""
        return self.root / "usr/sbin/runc"

    @property
    def network_plugins(self) -> Path:
        """Folder of the CNI plug-ins."""
        return self.root / "usr/lib/cni"

    @property
    def iptables(self) -> Path:
        """All programs of iptables in one, which makes rules of nftables."""
        return self.root / "usr/sbin/xtables-nft-multi"

    @property
    def busybox(self) -> Path:
        """A shell with tools in one program that needs no library."""
        merged = self.root / "usr/bin/busybox"
        return merged if merged.exists() else self.root / "bin/busybox"

    def missing(self) -> list[Path]:
        """Return what is not there or does not serve."""
        shim = self.containerd.with_name("containerd-shim-runc-v2")
        plugins = [self.network_plugins / name for name in _PLUGINS]
        programs = [self.containerd, shim, self.ctr, self.runc, self.iptables, *plugins]
        missing = [program for program in programs if not program.exists()]
        return missing if _is_static(self.busybox) else [*missing, self.busybox]


def find_container_programs(cache: Path, system: Path = Path("/")) -> ContainerPrograms:
    """Return the programs; what the machine lacks is downloaded once.

    Args:
        cache: folder to unpack the packages into.
        system: where the machine's own programs are looked for.

    Raises:
        ConfigError: they cannot be had; says what to install.
    """
    own = ContainerPrograms(system)
    if not (missing := own.missing()):
        return own
    cached = ContainerPrograms(PACKAGES.unpack(cache, missing))
    PACKAGES.check(cached.missing())
    return cached


def _is_static(program: Path) -> bool:
    if not program.exists():
        return False
    with program.open("rb") as file:
        return _LOADER not in file.read(4096)
