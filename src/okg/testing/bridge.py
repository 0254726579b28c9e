"""A network of this machine only: a bridge that containers are attached to."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from okg.testing.processes import StartFailed

# RFC 2544 keeps these addresses for tests of networks.
_NETWORK = IPv4Network("198.18.0.0/15")
_SUBNET_BITS = 24
_DEVICES = Path("/sys/class/net")


class Bridge:
    """A bridge with an address of its own, named like no other on this machine.

    Args:
        busybox: a busybox with ``ip``.

    Attributes:
        name: of the network device.
        subnet: addresses of the containers.

    Raises:
        StartFailed: there is no free name.
    """

    def __init__(self, busybox: Path) -> None:
        self._busybox = busybox
        self.name, self.subnet, self._claim = _claim_subnet()

    @property
    def address(self) -> IPv4Address:
        """The machine's own address on the bridge."""
        return self.subnet[1]

    def create(self) -> None:
        """Make the device; what a killed process has left of it goes first.

        Raises:
            StartFailed: the kernel refused it.
        """
        self._delete()
        self._ip("link", "add", self.name, "type", "bridge")
        self._ip("addr", "add", f"{self.address}/{_SUBNET_BITS}", "dev", self.name)
        self._ip("link", "set", self.name, "up")

    def remove(self) -> None:
        """Remove the device and what is attached to it, and give up the name."""
        self._delete()
        self._claim.close()

    def _delete(self) -> None:
        for port in (_DEVICES / self.name / "brif").glob("*"):
            # The kernel removes it, too, some time after the end of its container.
            with contextlib.suppress(StartFailed):
                self._ip("link", "delete", port.name)
        if (_DEVICES / self.name).exists():
            self._ip("link", "delete", self.name)

    def _ip(self, *arguments: str) -> None:
        done = subprocess.run(
            [self._busybox, "ip", *arguments], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise StartFailed(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")


def _claim_subnet() -> tuple[str, IPv4Network, socket.socket]:
    """Return the first name and subnet that no other process has claimed, and the claim."""
    for name, subnet in _candidates():
        claim = socket.socket(socket.AF_UNIX)
        try:
            # An abstract address: of this machine like the device, and free when we are killed.
            claim.bind(f"\0{name}")
        except OSError:
            claim.close()
        else:
            return name, subnet, claim
    raise StartFailed(f"all subnets of {_NETWORK} are in use")


def _candidates() -> Iterator[tuple[str, IPv4Network]]:
    for number, subnet in enumerate(_NETWORK.subnets(new_prefix=_SUBNET_BITS)):
        yield f"okg{number}", subnet
