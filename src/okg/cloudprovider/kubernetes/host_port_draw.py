"""Which ports of nodes a server gets: ports that nobody has, and after them the least used.

A port of a node may be several servers', on as many nodes: the scheduler keeps them apart. That is
put to use only when no port is left that nobody has.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from heapq import nsmallest

import msgspec
from msgspec.structs import replace

from okg.cloudprovider.ports import PortBook, bits_of, claim, lowest, ports_of


class HostPortWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        holder: key of the pod.
        count: how many ports, no more than may be given.
        allowed: those that may be given, as a set.
        kept: those that a pod of this name has, as a set.
    """

    holder: str
    count: int
    allowed: int
    kept: int = 0


Usage = Callable[[PortBook], Mapping[int, int]]
"""Returns by how many servers each port is used."""


def draw_host_ports(
    book: PortBook, wish: HostPortWish, usage: Usage, now: datetime
) -> tuple[tuple[int, ...], PortBook]:
    """Return the ports that a server gets, ascending, and the book with them.

    A server that had ports or has claimed some keeps as many of them as it asks for. Who has left
    a port that another gets now will not find it again.
    """
    claimed = book.claims.get(wish.holder)
    had = (bits_of(claimed.ports) if claimed else wish.kept) & wish.allowed
    ports = bits_of(lowest(had, wish.count))
    free = wish.allowed & ~book.used & ~ports
    ports |= bits_of(lowest(free, wish.count - ports.bit_count()))
    if missing := wish.count - ports.bit_count():
        new = bits_of(_least_used(book, wish.allowed & ~ports, usage(book), missing))
        book = _without_left(book, wish.holder, new)
        ports |= new
    return ports_of(ports), claim(book, wish.holder, ports_of(ports), now)


def expected_usage(
    book: PortBook, by_pods: Mapping[int, int], ports_of_holder: Callable[[str], int]
) -> Mapping[int, int]:
    """Return by how many servers each port is used, those included that are about to be made.

    Args:
        book: of all nodes.
        by_pods: by how many pods each is used.
        ports_of_holder: which ports a pod has, as a set; 0 without one.
    """
    usage = Counter(by_pods)
    for holder, it in book.claims.items():
        if not it.left:
            usage.update(ports_of(bits_of(it.ports) & ~ports_of_holder(holder)))
    return usage


def _least_used(
    book: PortBook, ports: int, usage: Mapping[int, int], count: int
) -> tuple[int, ...]:
    """Return the least used ports, rather those that nobody comes back to, the lowest first."""
    left = bits_of(port for it in book.claims.values() if it.left for port in it.ports)

    def rank(port: int) -> tuple[int, int, int]:
        return usage.get(port, 0), left >> port & 1, port

    return tuple(nsmallest(count, ports_of(ports), key=rank))


def _without_left(book: PortBook, holder: str, taken: int) -> PortBook:
    """Return the book without the claims of others who have left ports that are taken now."""
    claims = {
        name: it
        for name, it in book.claims.items()
        if name == holder or not it.left or not bits_of(it.ports) & taken
    }
    return replace(book, claims=claims)
