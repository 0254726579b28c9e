"""Who uses the processors of this machine: a run beside other work says little by its seconds."""

import os
import time
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = slice(3, 5)
"""Where /proc/stat has idle time and time that waits for disks."""


class Usage(msgspec.Struct, frozen=True):
    """Seconds of processor time.

    Attributes:
        ours: of this process and what it has started and still runs.
        others: of everything else on the machine.
        idle: of nobody.
    """

    ours: float
    others: float
    idle: float

    def since(self, before: "Usage") -> "Usage":
        """Return what was used between two readings."""
        return Usage(self.ours - before.ours, self.others - before.others, self.idle - before.idle)

    @property
    def taken(self) -> float:
        """Share of the machine that others took."""
        return self.others / (self.ours + self.others + self.idle)


def usage() -> Usage:
    """Read what has been used so far."""
    fields = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = sum(fields[_IDLE]) / _TICKS
    ours = time.process_time() + sum(map(_seconds_of_child, Path("/proc").glob("[0-9]*/stat")))
    return Usage(ours=ours, others=sum(fields) / _TICKS - idle - ours, idle=idle)


def _seconds_of_child(stat: Path) -> float:
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0
    mine = int(fields[1]) == os.getpid()
    return (int(fields[11]) + int(fields[12])) / _TICKS if mine else 0.0
