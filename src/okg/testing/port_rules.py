"""Rules that lead ports of a node to its pods, as the CNI plug-in ``portmap`` makes them.

They are the machine's, like the bridge, and stay when a node is killed. Each tells by a comment
which network it is of, and so can be found.
"""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from okg.testing.debian import ContainerPrograms

_TABLE = ("-t", "nat")
# Where the plug-in has its rules, each with a chain of its own, and what leads there.
_CHAIN = "CNI-HOSTPORT-DNAT"
_ENTRANCES = ("PREROUTING", "OUTPUT")


def iptables_script(programs: ContainerPrograms) -> str:
    """Return a program ``iptables``; unpacked packages have their libraries with them."""
    return f"""#!/bin/sh
for extensions in {programs.root}/usr/lib/*/xtables; do
  [ -d "$extensions" ] || continue
  export XTABLES_LIBDIR="$extensions" LD_LIBRARY_PATH="${{extensions%/xtables}}"
done
exec {programs.iptables} iptables "$@"
"""


class PortRules:
    """The rules of one network.

    Args:
        iptables: the program.
        network: its name, in the configuration of CNI.
    """

    def __init__(self, iptables: Path, network: str) -> None:
        self._iptables = iptables
        self._mark = f'name: "{network}" '

    def remove(self) -> None:
        """Remove the rules, and the chain that all networks share if nothing is left in it."""
        for rule in list(self._rules(_CHAIN)):
            if self._mark in " ".join(rule):
                self._run("-D", *rule)
                self._run("-F", rule[-1])
                self._run("-X", rule[-1])
        if not list(self._rules(_CHAIN)):
            for entrance in _ENTRANCES:
                for rule in list(self._rules(entrance)):
                    if rule[-1] == _CHAIN:
                        self._run("-D", *rule)
            self._run("-X", _CHAIN)

    def lines(self) -> list[str]:
        """Return the rules, one a line."""
        return [line for rule in self._rules(_CHAIN) if self._mark in (line := " ".join(rule))]

    def _rules(self, chain: str) -> Iterator[list[str]]:
        """Yield the rules of a chain, each as the arguments that name it; none if there is none."""
        for line in self._run("-S", chain).splitlines():
            command, *rule = shlex.split(line)
            if command == "-A":
                yield rule

    def _run(self, *arguments: str) -> str:
        """Return what a command prints; one that fails has found nothing."""
        done = subprocess.run(
            [self._iptables, *_TABLE, *arguments], check=False, capture_output=True, text=True
        )
        return done.stdout
