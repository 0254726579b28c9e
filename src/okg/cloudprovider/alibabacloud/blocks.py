"""Blocks: servers next to each other share a load balancer, each on ports that its ordinal tells.

Nothing is drawn and nothing is noted: block and ports are functions of the ordinal, so that every
replica, and every later one, comes to the same.
"""

import msgspec


class Blocks(msgspec.Struct, frozen=True):
    """How ordinals are laid out.

    Attributes:
        low: the first port of a load balancer.
        high: the last.
        blocked: those that nobody gets, as users list them.
        width: ports of one server; more than 0.
    """

    low: int
    high: int
    blocked: tuple[int, ...]
    width: int

    @property
    def size(self) -> int:
        """Servers of a block; 0 if not even one fits.

        Every listed port counts, repeated ones and those out of range too, as it does in layouts
        that exist.
        """
        return max(0, self.high - self.low - len(self.blocked) + 1) // self.width

    def of(self, ordinal: int) -> int:
        """Return the block of a server."""
        return ordinal // self.size

    def ordinals(self, block: int) -> range:
        """Return the servers of a block."""
        return range(block * self.size, (block + 1) * self.size)

    def ports(self, ordinal: int) -> tuple[int, ...]:
        """Return the ports of a server: those of its block that are not blocked, in order."""
        first = ordinal % self.size * self.width
        skipped = sorted({port for port in self.blocked if self.low <= port <= self.high})
        return tuple(_unblocked(self.low + first + i, skipped) for i in range(self.width))

    def count(self, highest: int, reserve: int) -> int:
        """Return how many blocks there are to be.

        Args:
            highest: ordinal, or number of servers.
            reserve: blocks beyond that of the highest.
        """
        return highest // self.size + reserve + 1 if self.size else 1


def _unblocked(port: int, skipped: list[int]) -> int:
    """Return a port moved up by as many as are skipped below it and on the way."""
    for blocked in skipped:
        if blocked <= port:
            port += 1
    return port
