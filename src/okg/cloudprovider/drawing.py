"""Drawing: which ports of which load balancers a server gets."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from okg.cloudprovider.ports import PortBook, PortRange, claim, free_in, lowest

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


def draw(
    book_of: Callable[[str], PortBook], wish: Wish, allowed: PortRange, now: datetime
) -> tuple[Allocation, Books] | None:
    """Grant a wish: return what is given and the books that change; None if there is no room.

    Who has claimed ports already keeps as many of them as are asked for.
    """
    found = _claimed(book_of, wish) or _roomy(book_of, wish, allowed)
    if found is None:
        return None
    books = {balancer: book_of(balancer) for balancer in found.balancers}
    held = _held(books.values(), wish)
    free = free_in(books.values(), allowed)
    ports = (*held, *lowest(free, wish.count - len(held)))
    if len(ports) < wish.count:
        return None
    changed = {name: claim(book, wish.holder, ports, now) for name, book in books.items()}
    return Allocation(found, ports), changed


def _claimed(book_of: Callable[[str], PortBook], wish: Wish) -> Group | None:
    """Return the group on which the holder has a claim."""
    for group in wish.groups:
        if all(wish.holder in book_of(balancer).claims for balancer in group.balancers):
            return group
    return None


def _roomy(book_of: Callable[[str], PortBook], wish: Wish, allowed: PortRange) -> Group | None:
    """Return the group to draw from."""

    def room(group: Group) -> int:
        return free_in(map(book_of, group.balancers), allowed).bit_count()

    missing = wish.count - len(wish.kept)
    if wish.spread:
        best = max(wish.groups, key=room, default=None)
        return best if best is not None and room(best) >= missing else None
    return next((group for group in wish.groups if room(group) >= missing), None)


def _held(books: Iterable[PortBook], wish: Wish) -> tuple[int, ...]:
    """Return what the holder has or has claimed, as far as it is asked for."""
    for book in books:
        claimed = book.claims[wish.holder].ports if wish.holder in book.claims else ()
        if claimed[: len(wish.kept)] == wish.kept:
            return claimed[: wish.count]
    return wish.kept
