"""Prometheus, to try alerts and dashboards on: the machine's own, else out of Debian's package."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from okg.testing.packages import Packages

PACKAGES = Packages("to measure with", ("prometheus",))


@dataclass(frozen=True)
class PrometheusPrograms:
    """Where the programs are.

    Attributes:
        server: what scrapes, evaluates rules and answers queries.
        tool: checks rules, and tests them without a server.
    """

    server: Path
    tool: Path

    def missing(self) -> list[Path]:
        """Return what is not there."""
        return [program for program in (self.server, self.tool) if not program.exists()]


def find_prometheus(cache: Path, system: Path = Path("/")) -> PrometheusPrograms:
    """Return the programs; what the machine lacks is downloaded once.

    Args:
        cache: folder to unpack the package into.
        system: where the machine's own are looked for, if they are not on the path.

    Raises:
        ConfigError: they cannot be had; says what to install.
    """
    own = PrometheusPrograms(_own("prometheus", system), _own("promtool", system))
    if not (missing := own.missing()):
        return own
    folder = PACKAGES.unpack(cache, missing) / "usr/bin"
    found = PrometheusPrograms(folder / "prometheus", folder / "promtool")
    PACKAGES.check(found.missing())
    return found


def _own(name: str, system: Path) -> Path:
    return Path(shutil.which(name) or system / "usr/bin" / name)
