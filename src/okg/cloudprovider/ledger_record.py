"""LedgerRecord: what is given of the load balancers of a pool, as a ConfigMap.

One key a load balancer. It is a type beside ConfigMap, so that a cache can hold these alone.
"""

import re
from collections.abc import Mapping
from datetime import datetime
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
    data: Mapping[str, str] = {}


class _Claim(Value, frozen=True, kw_only=True):
    ports: tuple[int, ...]
    at: datetime
    left: bool = False


class _Page(Value, frozen=True, kw_only=True):
    balancer: str
    used: str = ""
    claims: Mapping[str, _Claim] = {}


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
    if text is None:
        return PortBook()
    page = msgspec.json.decode(text, type=_Page)
    claims = {holder: Claim(it.ports, it.at, it.left) for holder, it in page.claims.items()}
    return PortBook(read_ports(page.used), claims)


def balancers_of(record: LedgerRecord) -> tuple[str, ...]:
    """Return the load balancers that the record has pages of."""
    return tuple(msgspec.json.decode(text, type=_Page).balancer for text in record.data.values())


def with_books(record: LedgerRecord, books: Mapping[str, PortBook]) -> LedgerRecord:
    """Return the record with other books; one of which nothing is given has no page."""
    pages = {_key(balancer): _write(balancer, book) for balancer, book in books.items()}
    kept = {key: page for key, page in {**record.data, **pages}.items() if page}
    return replace(record, data=kept)


def _write(balancer: str, book: PortBook) -> str:
    if book == PortBook():
        return ""
    claims = {
        holder: _Claim(ports=it.ports, at=it.at, left=it.left) for holder, it in book.claims.items()
    }
    page = _Page(balancer=balancer, used=write_ports(book.used), claims=claims)
    return msgspec.json.encode(page).decode()


def _key(balancer: str) -> str:
    """Return the key of a load balancer: its id, or what a key may have of it and a hash."""
    if re.fullmatch(r"[-._a-zA-Z0-9]{1,200}", balancer):
        return balancer
    return f"{re.sub(r'[^-._a-zA-Z0-9]', '-', balancer)[:200]}.{fnv1(balancer.encode()):08x}"
