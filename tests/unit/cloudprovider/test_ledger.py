"""Ports that replicas draw from one pool."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import cast

import pytest

from okg.api.core import Namespace
from okg.api.meta import ObjectMeta
from okg.api.resource import O, Object
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.client.client import Client
from okg.client.rest import ApiClient
from okg.cloudprovider.drawing import Allocation, Group, Wish
from okg.cloudprovider.ledger import PortLedger, tidied
from okg.cloudprovider.ledger_record import LedgerRecord, blank, read_book, with_books
from okg.cloudprovider.plugin import PluginError
from okg.cloudprovider.port_index import Placement, PortIndex
from okg.cloudprovider.ports import Claim, PortBook, PortRange, bits_of, leave, ports_of
from okg.context import Context
from okg.testing.apiserver import FakeApiServer
from unit.controllers.memory import MemoryClient

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A = Group(("lb-a",))
RANGE = PortRange(low=500, high=503)


def _index() -> PortIndex:
    def place(obj: Object) -> Placement | None:
        balancer = obj.metadata.annotations.get("lb")
        if balancer is None or not isinstance(obj, Service):
            return None
        return Placement(balancer, obj.key, bits_of(port.port for port in obj.spec.ports))

    return PortIndex(place)


def _service(name: str, balancer: str, *ports: int) -> Service:
    return Service(
        metadata=ObjectMeta(name=name, namespace="ns", annotations={"lb": balancer}),
        spec=ServiceSpec(ports=tuple(ServicePort(port=port) for port in ports)),
    )


def _ledger(index: PortIndex | None = None) -> PortLedger:
    return PortLedger("slb", "system", RANGE, index or _index())


def _wish(holder: str, count: int = 1, *groups: Group) -> Wish:
    return Wish(holder=holder, groups=groups or (A,), count=count)


def _record(client: MemoryClient) -> LedgerRecord:
    record = client.get(LedgerRecord, "system", "okg-ports-slb")
    assert record is not None
    return record


def test_what_is_drawn_is_on_record_before_a_service_has_it() -> None:
    client = MemoryClient()

    drawn = _ledger().draw(Context(), client, _wish("ns/s-0", 2))

    assert drawn == Allocation(A, (500, 501))
    book = read_book(_record(client), "lb-a")
    assert ports_of(book.used) == (500, 501)
    assert book.claims["ns/s-0"].ports == (500, 501)


def test_who_asks_again_gets_the_same() -> None:
    client, ledger = MemoryClient(), _ledger()
    first = ledger.draw(Context(), client, _wish("ns/s-0"))

    assert ledger.draw(Context(), client, _wish("ns/s-0")) == first


def test_two_replicas_never_give_the_same_port() -> None:
    client = MemoryClient()

    one = _ledger().draw(Context(), client, _wish("ns/s-0"))
    other = _ledger().draw(Context(), client, _wish("ns/s-1"))

    assert (one.ports, other.ports) == ((500,), (501,))


def test_ports_of_services_that_nobody_recorded_are_not_given() -> None:
    index = _index()
    index.observe(None, _service("made-by-go", "lb-a", 500, 502))

    drawn = _ledger(index).draw(Context(), MemoryClient(), _wish("ns/s-0", 2))

    assert drawn.ports == (501, 503)


def test_tidying_leaves_to_services_what_is_theirs_and_frees_what_is_nobodys() -> None:
    index = _index()
    index.observe(None, _service("s-0", "lb-a", 500))
    before = PortBook(
        bits_of([500, 501, 502]), {"ns/s-0": Claim((500,), NOW), "ns/s-1": Claim((501,), NOW)}
    )
    record = with_books(blank("system", "slb"), {"lb-a": before, "lb-b": PortBook(bits_of([503]))})

    after = tidied(record, index, NOW)

    assert read_book(after, "lb-a") == PortBook(bits_of([500, 501]), {"ns/s-1": Claim((501,), NOW)})
    assert set(after.data) == {"lb-a"}


def test_a_port_can_be_drawn_again_when_its_service_is_gone_and_that_is_tidied() -> None:
    client, index = MemoryClient(), _index()
    ledger, service = _ledger(index), _service("s-0", "lb-a", 500)
    ledger.draw(Context(), client, _wish("ns/s-0"))
    index.observe(None, service)
    client.put(tidied(_record(client), index, NOW))
    index.observe(service, None)

    while_recorded = ledger.draw(Context(), client, _wish("ns/s-1"))
    client.put(tidied(_record(client), index, NOW))
    after = ledger.draw(Context(), client, _wish("ns/s-2"))

    assert (while_recorded.ports, after.ports) == ((501,), (500,))


def test_a_full_pool_says_how_full_it_is() -> None:
    client, ledger = MemoryClient(), _ledger()
    ledger.draw(Context(), client, _wish("ns/s-0", 3))

    with pytest.raises(PluginError, match=r"2 wanted for ns/s-1, lb-a has 1 free of 4 in 500-503"):
        ledger.draw(Context(), client, _wish("ns/s-1", 2))


def test_who_has_left_is_on_record_as_such() -> None:
    client, ledger = MemoryClient(), _ledger()

    ledger.change(
        Context(),
        client,
        lambda shelf, now: (None, {"lb-a": leave(shelf.book("lb-a"), "ns/s-0", [501], now)}),
    )

    claims = read_book(_record(client), "lb-a").claims
    assert [(it.ports, it.left) for it in claims.values()] == [((501,), True)]


def test_a_change_that_changes_nothing_is_not_written() -> None:
    client = MemoryClient()

    assert _ledger().change(Context(), client, lambda _shelf, _now: ("answer", {})) == "answer"
    assert client.writes == []


class _Racing(MemoryClient):
    """A server to which another replica writes right before our first write arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.raced = False

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        if not self.raced:
            self.raced = True
            _ledger().draw(Context(), self, _wish("ns/theirs"))
        return super().patch(before, after, subresource=subresource, lock=lock)


def test_a_lost_race_is_drawn_again() -> None:
    client = _Racing()
    client.put(with_books(blank("system", "slb"), {"lb-a": PortBook(bits_of([500]))}))

    drawn = _ledger().draw(Context(), client, _wish("ns/ours"))

    assert drawn.ports == (502,)
    assert set(read_book(_record(client), "lb-a").claims) == {"ns/theirs", "ns/ours"}


def test_replicas_that_draw_at_the_same_time_share_a_pool_down_to_its_last_port() -> None:
    server = FakeApiServer()
    ApiClient(server).create(Namespace(metadata=ObjectMeta(name="system")))
    roomy = PortRange(low=500, high=539)
    ledgers = [PortLedger("slb", "system", roomy, _index()) for _ in range(2)]

    def draw(number: int) -> tuple[int, ...]:
        ledger = ledgers[number % 2]
        live = cast("Client", ApiClient(server))  # reads of one object are all it is used for
        return ledger.draw(Context(), live, _wish(f"ns/s-{number}")).ports

    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(draw, range(40)))

    assert sorted(port for ports in drawn for port in ports) == list(range(500, 540))
