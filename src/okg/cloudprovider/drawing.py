"""Drawing: which ports of which load balancers a server gets."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from okg.cloudprovider.ports import PortBook, PortRange, claim, lowest

Books = Mapping[str, PortBook]
"""What is given, by load balancer."""


class Group(msgspec.Struct, frozen=True):
    """Load balancers on which a server has the same ports.

    Attributes:
        balancers: their ids; one, for most networks.
    """

    balancers: tuple[str, ...]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        holder: key of the Service, or Services, that will have the ports.
        groups: any of them will do.
        count: how many ports.
        kept: ports that its Service has already, the first of them.
        spread: whether the group with most room is preferred, else the first with room enough.
    """

    holder: str
    groups: tuple[Group, ...]
    count: int
    kept: tuple[int, ...] = ()
    spread: bool = False


class Allocation(msgspec.Struct, frozen=True):
    """What a server has.

    Attributes:
        group: where.
        ports: in the order of its configuration.
    """

    group: Group
    ports: tuple[int, ...]


class Shelf:
    """What is given of the load balancers of a pool, while wishes are granted one after another.

    Args:
        book_of: returns what is given of a load balancer.
        claimed_by: returns the load balancers on which a holder has a claim.
        allowed: what may be given.

    Attributes:
        changed: the books that were put here.
    """

    def __init__(
        self,
        book_of: Callable[[str], PortBook],
        claimed_by: Callable[[str], frozenset[str]],
        allowed: PortRange,
    ) -> None:
        self.changed: dict[str, PortBook] = {}
        self._book_of = book_of
        self._claimed_by = claimed_by
        self._allowed = allowed
        self._books: dict[str, PortBook] = {}
        self._free: dict[str, int] = {}

    def book(self, balancer: str) -> PortBook:
        """Return what is given of a load balancer."""
        found = self._books.get(balancer)
        if found is None:
            found = self._books[balancer] = self._book_of(balancer)
        return found

    def put(self, books: Books) -> None:
        """Have these books in place of those that are here."""
        self.changed |= books
        self._books |= books
        for balancer in books:
            self._free.pop(balancer, None)

    def claimed_by(self, holder: str) -> frozenset[str]:
        """Return the load balancers on which a holder has a claim."""
        here = frozenset(name for name, book in self.changed.items() if holder in book.claims)
        before = self._claimed_by(holder)
        return here | (before - self.changed.keys()) if before else here

    def free(self, group: Group) -> int:
        """Return the ports that are free on all load balancers of a group, as a set."""
        free = self._allowed.bits
        for balancer in group.balancers:
            found = self._free.get(balancer)
            if found is None:
                found = self._allowed.bits & ~self.book(balancer).used
                self._free[balancer] = found
            free &= found
        return free

    def room(self, group: Group) -> int:
        """Return how many ports are free on all load balancers of a group."""
        return self.free(group).bit_count()


def draw(shelf: Shelf, wish: Wish, now: datetime) -> tuple[Allocation, Books] | None:
    """Grant a wish: return what is given and the books that change; None if there is no room.

    Who has claimed ports already keeps as many of them as are asked for.
    """
    found = _claimed(shelf, wish) or _roomy(shelf, wish)
    if found is None:
        return None
    books = {balancer: shelf.book(balancer) for balancer in found.balancers}
    held = _held(books.values(), wish)
    ports = (*held, *lowest(shelf.free(found), wish.count - len(held)))
    if len(ports) < wish.count:
        return None
    changed = {name: claim(book, wish.holder, ports, now) for name, book in books.items()}
    return Allocation(found, ports), changed


def _claimed(shelf: Shelf, wish: Wish) -> Group | None:
    """Return the group on which the holder has a claim."""
    names = shelf.claimed_by(wish.holder)
    if not names:
        return None
    return next((group for group in wish.groups if names.issuperset(group.balancers)), None)


def _roomy(shelf: Shelf, wish: Wish) -> Group | None:
    """Return the group to draw from."""
    missing = wish.count - len(wish.kept)
    if wish.spread:
        best = max(wish.groups, key=shelf.room, default=None)
        return best if best is not None and shelf.room(best) >= missing else None
    return next((group for group in wish.groups if shelf.room(group) >= missing), None)


def _held(books: Iterable[PortBook], wish: Wish) -> tuple[int, ...]:
    """Return what the holder has or has claimed, as far as it is asked for."""
    for book in books:
        claimed = book.claims[wish.holder].ports if wish.holder in book.claims else ()
        if claimed[: len(wish.kept)] == wish.kept:
            return claimed[: wish.count]
    return wish.kept
