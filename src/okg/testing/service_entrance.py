"""The one rule of a kube-proxy that pods need: from the API server's Service to its port here."""

import subprocess
from pathlib import Path

from okg.testing.processes import StartFailed

_ROUTES = "/proc/sys/net/ipv4/conf/{device}/route_localnet"
_HTTPS = "443"


class ServiceEntrance:
    """Leads connections of one bridge's pods to a port on loopback.

    The rule is the machine's, like the bridge, and stays when a node is killed; whoever has the
    bridge next finds it by the bridge's name.

    Args:
        iptables: the program.
        bridge: name of the device that the pods are attached to.
    """

    def __init__(self, iptables: Path, bridge: str) -> None:
        self._iptables = iptables
        self._bridge = bridge

    def open(self, address: str, port: int) -> None:
        """Lead port 443 of an address that nobody has to a port on loopback.

        Raises:
            StartFailed: the kernel refused it.
        """
        self.close()
        # The kernel takes packets from outside for loopback only where it is told to.
        Path(_ROUTES.format(device=self._bridge)).write_text("1")
        wanted = ("-i", self._bridge, "-d", f"{address}/32", "-p", "tcp", "--dport", _HTTPS)
        target = ("-j", "DNAT", "--to-destination", f"127.0.0.1:{port}")
        done = self._run("-A", "PREROUTING", *wanted, *target)
        if done.returncode:
            raise StartFailed(f"leading pods to the API server failed: {done.stderr.strip()}")

    def close(self) -> None:
        """Remove what was opened for this bridge."""
        for line in self._run("-S", "PREROUTING").stdout.splitlines():
            command, *rule = line.split()
            if command == "-A" and self._bridge in rule:
                self._run("-D", *rule)

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [str(self._iptables), "-t", "nat", *arguments]
        return subprocess.run(argv, check=False, capture_output=True, text=True)
