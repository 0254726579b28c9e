"""Drawing: which ports of which load balancers a server gets."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from okg.cloudprovider.ports import PortBook, PortRange, bits_of, claim, is_claimed, lowest

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
        kept: ports that its Services have already, by load balancer; the first of them are those
            that all are to have.
        spread: whether the group with most room is preferred, else the first with room enough.
    """

    holder: str
    groups: tuple[Group, ...]
    count: int
    kept: Mapping[str, tuple[int, ...]] = {}
    spread: bool = False


class Allocation(msgspec.Struct, frozen=True):
    """What a server has.

    Attributes:
        group: where.
        ports: in the order of its configuration.
    """

    group: Group
    ports: tuple[int, ...]


class Holding(msgspec.Struct, frozen=True):
    """What the Services of a server have.

    Attributes:
        group: where they are, and where those belong that are not there yet.
        ports: that each has, by load balancer; at least one.
    """

    group: Group
    ports: Mapping[str, tuple[int, ...]]

    def granted(self, count: int) -> Allocation | None:
        """Return what the server has, if all its Services are there with so many ports."""
        ports = _first(self.ports)[:count]
        everywhere = (set(ports) <= set(self.ports.get(name, ())) for name in self.group.balancers)
        return Allocation(self.group, ports) if len(ports) == count and all(everywhere) else None


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

    Who has or has claimed ports already keeps as many of them as are asked for, unless somebody
    else has one on a load balancer where that is not its own yet.
    """
    found = _claimed(shelf, wish) or _roomy(shelf, wish)
    if found is None:
        return None
    held = _held(shelf, found, wish)
    ports = (*held, *lowest(shelf.free(found), wish.count - len(held)))
    if len(ports) < wish.count:
        return None
    books = {name: shelf.book(name) for name in found.balancers}
    changed = {
        name: claim(book, wish.holder, ports, now)
        for name, book in books.items()
        if not _has(book, name, wish, ports, now)
    }
    return Allocation(found, ports), changed


def _has(book: PortBook, balancer: str, wish: Wish, ports: tuple[int, ...], now: datetime) -> bool:
    """Whether ports are the holder's already, so that nothing has to be noted.

    Who has no Service yet has its claim renewed whenever it asks: only a write tells that the
    record it was found in is not of yesterday.
    """
    if set(ports).issubset(wish.kept.get(balancer, ())):
        return True
    return bool(wish.kept) and is_claimed(book, wish.holder, ports, now)


def _claimed(shelf: Shelf, wish: Wish) -> Group | None:
    """Return the group on which the holder has a claim."""
    names = shelf.claimed_by(wish.holder)
    if not names:
        return None
    return next((group for group in wish.groups if names.issuperset(group.balancers)), None)


def _roomy(shelf: Shelf, wish: Wish) -> Group | None:
    """Return the group to draw from."""
    missing = wish.count - len(_first(wish.kept))
    if wish.spread:
        best = max(wish.groups, key=shelf.room, default=None)
        return best if best is not None and shelf.room(best) >= missing else None
    return next((group for group in wish.groups if shelf.room(group) >= missing), None)


def _held(shelf: Shelf, group: Group, wish: Wish) -> tuple[int, ...]:
    """Return what the holder has or has claimed and can have everywhere, as far as it is asked for.

    What it has comes before what it has claimed, and a claim that goes on from there before both.
    """
    kept, claims = _first(wish.kept), [_claim(shelf, name, wish) for name in group.balancers]
    going_on = [ports for ports in claims if ports and ports[: len(kept)] == kept]
    usable = _usable(shelf, group, wish)
    found = (ports[: wish.count] for ports in (*going_on, kept, *claims) if ports)
    return next((ports for ports in found if bits_of(ports) & ~usable == 0), ())


def _usable(shelf: Shelf, group: Group, wish: Wish) -> int:
    """Return the ports that are free or the holder's on each load balancer of a group, as a set."""
    usable = -1
    for name in group.balancers:
        own = bits_of((*wish.kept.get(name, ()), *_claim(shelf, name, wish)))
        usable &= shelf.free(Group((name,))) | own
    return usable


def _claim(shelf: Shelf, balancer: str, wish: Wish) -> tuple[int, ...]:
    """Return what the holder has claimed of a load balancer."""
    found = shelf.book(balancer).claims.get(wish.holder)
    return found.ports if found else ()


def _first(ports: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Return the ports of the first of some Services, which all are to have."""
    return next(iter(ports.values()), ())
