"""Ports of load balancers as sets: which may be given, which are, and who is about to get one.

A set of ports is a whole number whose bits are the ports, so that looking for a free one costs the
same whether ten are taken or ten thousand.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

import msgspec
from msgspec.structs import replace

PENDING = timedelta(minutes=10)
"""How long ports are kept for a Service that was to be made and never was, or for who has left."""

LET_GO = timedelta(seconds=75)
"""How long they are kept when the server goes for which they were drawn: longer than a plugin is
waited for, which may be making the Service at that very moment."""

MOST_LEFT = 1000
"""Claims of those who have left, a book; a record has room for some ten thousand claims (1 MiB)."""


class PortRange(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The ports that a provider may give.

    Attributes:
        low: the first.
        high: the last.
        blocked: those in between that nobody gets.
    """

    low: int
    high: int
    blocked: tuple[int, ...] = ()

    @cached_property
    def bits(self) -> int:
        """All ports that may be given."""
        if self.high < self.low:
            return 0
        return ((1 << (self.high + 1)) - (1 << self.low)) & ~bits_of(self.blocked)

    @property
    def size(self) -> int:
        """How many there are."""
        return self.bits.bit_count()


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """Ports that a Service, or a pod, is about to have; on record an array, for there are many.

    Attributes:
        ports: their numbers.
        at: when they were taken, or left.
        left: whether who had them has left, and finds them if it comes back.
    """

    ports: tuple[int, ...]
    at: datetime
    left: bool = False


class PortBook(msgspec.Struct, frozen=True):
    """What is given of one load balancer.

    Attributes:
        used: the ports that are not free.
        claims: of whom that has no Service yet; part of ``used``.
    """

    used: int = 0
    claims: Mapping[str, Claim] = {}


def bits_of(ports: Iterable[int]) -> int:
    """Return some ports as a set."""
    bits = 0
    for port in ports:
        bits |= 1 << port
    return bits


def ports_of(bits: int) -> tuple[int, ...]:
    """Return the ports of a set, ascending."""
    return lowest(bits, bits.bit_count())


def lowest(free: int, count: int) -> tuple[int, ...]:
    """Return the lowest ports of a set, fewer if there are not so many."""
    ports: list[int] = []
    while free and len(ports) < count:
        bit = free & -free
        ports.append(bit.bit_length() - 1)
        free ^= bit
    return tuple(ports)


def claim(book: PortBook, holder: str, ports: Sequence[int], now: datetime) -> PortBook:
    """Return the book with these ports claimed for a holder.

    What it claimed before stays claimed behind them: a Service may have that already of which
    nobody here has heard yet.
    """
    before = book.claims[holder].ports if holder in book.claims else ()
    claimed = (*ports, *(port for port in before if port not in ports))
    return _with_claim(book, holder, Claim(claimed, now))


def is_claimed(book: PortBook, holder: str, ports: tuple[int, ...], now: datetime) -> bool:
    """Whether a holder has a claim of these ports that needs not be renewed yet."""
    found = book.claims.get(holder)
    return found is not None and found.ports[: len(ports)] == ports and not _is_old(found, now)


def leave(book: PortBook, holder: str, ports: Sequence[int], now: datetime) -> PortBook:
    """Return the book with the ports of who goes kept for its return.

    Not kept are those of too many who have left.
    """
    before = book.claims.get(holder)
    if before is None and sum(claim.left for claim in book.claims.values()) >= MOST_LEFT:
        return book
    if before is not None and _is_of_successor(before, ports):
        return book
    if before is not None and before.left and not _is_old(before, now):
        return book
    return _with_claim(book, holder, Claim(tuple(ports), now, left=True))


def forget(book: PortBook, holder: str, ports: Sequence[int]) -> PortBook:
    """Return the book without the claim of who goes for good.

    Its ports are free when the record is tidied, which is not before its object is gone.
    """
    before = book.claims.get(holder)
    if before is None or _is_of_successor(before, ports):
        return book
    return replace(book, claims={name: it for name, it in book.claims.items() if name != holder})


def let_go(book: PortBook, holder: str, now: datetime) -> PortBook:
    """Return the book in which what a server that goes has claimed is soon free.

    Ports that its Service has are not claimed any more, and free when that is gone.
    """
    before, at = book.claims.get(holder), now - PENDING + LET_GO
    if before is None or before.left or before.at <= at:
        return book
    return replace(book, claims={**book.claims, holder: replace(before, at=at)})


def settle(book: PortBook, ports_of_holder: Callable[[str], int], now: datetime) -> PortBook:
    """Drop claims that a Service has taken up, and with their ports those that none ever will.

    Args:
        book: of the load balancer.
        ports_of_holder: which ports a holder's Service has there, as a set; 0 without one.
        now: to tell what is too old.
    """
    kept: dict[str, Claim] = {}
    used = book.used
    for holder, claim in book.claims.items():
        bits = bits_of(claim.ports)
        if bits & ~ports_of_holder(holder) == 0:
            if claim.left:  # It takes its time to go.
                kept[holder] = replace(claim, at=now) if _is_old(claim, now) else claim
        elif now - claim.at < PENDING:
            kept[holder] = claim
        else:
            used &= ~bits
    return PortBook(used, kept) if kept != book.claims else book


def repair(book: PortBook, in_use: int) -> PortBook:
    """Return what is given as it is to be: what Services have, and what is claimed."""
    used = in_use | _claimed(book.claims)
    return book if used == book.used else replace(book, used=used)


def write_ports(bits: int) -> str:
    """Return a set as text, e.g. ``500-503,510``."""
    spans: list[str] = []
    while bits:
        low = (bits & -bits).bit_length() - 1
        run = bits >> low
        length = (~run & (run + 1)).bit_length() - 1
        spans.append(str(low) if length == 1 else f"{low}-{low + length - 1}")
        bits = run >> length << (low + length)
    return ",".join(spans)


def read_ports(text: str) -> int:
    """Return the set that ``write_ports`` wrote.

    Raises:
        ValueError: somebody else wrote it.
    """
    bits = 0
    for span in filter(None, text.split(",")):
        low, _, high = span.partition("-")
        bits |= (1 << (int(high or low) + 1)) - (1 << int(low))
    return bits


def _with_claim(book: PortBook, holder: str, new: Claim) -> PortBook:
    bits, before = bits_of(new.ports), book.claims.get(holder)
    claims = {**book.claims, holder: new}
    if before is None:
        return PortBook(book.used | bits, claims)
    return PortBook((book.used & ~bits_of(before.ports)) | _claimed(claims), claims)


def _claimed(claims: Mapping[str, Claim]) -> int:
    """Return all ports of some claims; several may be about one."""
    return bits_of(port for claim in claims.values() for port in claim.ports)


def _is_of_successor(claim: Claim, ports: Sequence[int]) -> bool:
    """Whether a claim is of another than had these ports, under the same name."""
    return not set(claim.ports).issuperset(ports)


def _is_old(claim: Claim, now: datetime) -> bool:
    """Whether a claim is worth a write that renews it."""
    return now - claim.at >= PENDING / 2
