"""LedgerRecord: what is given of the load balancers of a pool, as a ConfigMap.

One key a load balancer. It is a type beside ConfigMap, so that a cache can hold these alone.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from okg.api.meta import ObjectMeta, Value
from okg.api.resource import Object, ResourceType
from okg.cloudprovider.ports import Claim, PortBook, read_ports, write_ports
from okg.workload.hashing import fnv1

LABEL = "game.kruise.io/port-ledger"
"""Label of the records; its value is the pool's name."""


class LedgerRecord(Object, frozen=True, kw_only=True):
    """The record."""

    resource_type: ClassVar = ResourceType("", "v1", "ConfigMap", "configmaps")
    selector: ClassVar = LABEL
    data: Mapping[str, str] = {}


class _Page(Value, frozen=True, kw_only=True):
    balancer: str
    used: str = ""
    claims: Mapping[str, Claim] = {}


_PAGE = msgspec.json.Decoder(_Page)
_NO_BOOKS: Mapping[str, PortBook] = MappingProxyType({})


def blank(namespace: str, pool: str) -> LedgerRecord:
    """Return the record of a pool nobody has drawn from."""
    name = f"okg-ports-{pool}"
    return LedgerRecord(metadata=ObjectMeta(name=name, namespace=namespace, labels={LABEL: pool}))


def read_book(record: LedgerRecord, balancer: str) -> PortBook:
    """Return what is given of a load balancer.

    Raises:
        ValueError: somebody else wrote it.
    """
    text = record.data.get(_key(balancer))
    return PortBook() if text is None else _read(text)[1]


class Pages:
    """A record as books, for one thread; what has not changed is not read again.

    A page that somebody else wrote is nobody's trouble but theirs who ask for it.
    """

    def __init__(self) -> None:
        self._record = LedgerRecord()
        self._balancers: dict[str, str] = {}
        self._books: dict[str, PortBook] = {}
        self._claims: dict[str, frozenset[str]] = {}

    def turn_to(self, record: LedgerRecord, known: Mapping[str, PortBook] = _NO_BOOKS) -> None:
        """Show this version of the record.

        Args:
            record: as it is, or as it will be once it is written.
            known: books that need not be read, because they have just been written into it.
        """
        before, self._record = self._record.data, record
        pages = {_key(balancer): (balancer, book) for balancer, book in known.items()}
        for key in {**before, **record.data}:
            text = record.data.get(key)
            if text != before.get(key):
                self._turn(key, pages.get(key) or _legible(text))

    def book_of(self, balancer: str) -> PortBook:
        """Return what is given of a load balancer.

        Raises:
            ValueError: somebody else wrote it.
        """
        found = self._books.get(balancer)
        return read_book(self._record, balancer) if found is None else found

    def claimed_by(self, holder: str) -> frozenset[str]:
        """Return the load balancers on which a holder has a claim."""
        return self._claims.get(holder, frozenset())

    def _turn(self, key: str, page: tuple[str, PortBook] | None) -> None:
        """Have another page under a key of the record; None for a blank one."""
        before = self._balancers.pop(key, "")
        old = self._books.pop(before, PortBook())
        balancer, new = page or (before, PortBook())
        if page:
            self._balancers[key], self._books[balancer] = page
        for holder in old.claims.keys() - new.claims.keys():
            self._claims[holder] -= {before}
            if not self._claims[holder]:
                del self._claims[holder]
        for holder in new.claims.keys() - old.claims.keys():
            self._claims[holder] = self.claimed_by(holder) | {balancer}


def balancers_of(record: LedgerRecord) -> tuple[str, ...]:
    """Return the load balancers that the record has pages of."""
    return tuple(_PAGE.decode(text).balancer for text in record.data.values())


def with_books(record: LedgerRecord, books: Mapping[str, PortBook]) -> LedgerRecord:
    """Return the record with other books; one of which nothing is given has no page."""
    pages = {_key(balancer): _write(balancer, book) for balancer, book in books.items()}
    kept = {key: page for key, page in {**record.data, **pages}.items() if page}
    return replace(record, data=kept)


def _legible(text: str | None) -> tuple[str, PortBook] | None:
    """Return a page as it was read, None if it is blank or not ours."""
    if text is None:
        return None
    try:
        return _read(text)
    except ValueError:
        return None


def _read(text: str) -> tuple[str, PortBook]:
    page = _PAGE.decode(text)
    return page.balancer, PortBook(read_ports(page.used), page.claims)


def _write(balancer: str, book: PortBook) -> str:
    if book == PortBook():
        return ""
    page = _Page(balancer=balancer, used=write_ports(book.used), claims=book.claims)
    return msgspec.json.encode(page).decode()


def _key(balancer: str) -> str:
    """Return the key of a load balancer: its id, or what a key may have of it and a hash."""
    if re.fullmatch(r"[-._a-zA-Z0-9]{1,200}", balancer):
        return balancer
    return f"{re.sub(r'[^-._a-zA-Z0-9]', '-', balancer)[:200]}.{fnv1(balancer.encode()):08x}"
