"""Pools of ports, which objects of several kinds tell about."""

from datetime import UTC, datetime

import pytest

from okg.api.core import ConfigMap
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.api.service import Service
from okg.cloudprovider.drawing import Allocation, Group, Holding, Wish
from okg.cloudprovider.ledger_record import blank, read_book, with_books
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pool import Pool, pools_of
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import PortBook, PortRange, bits_of
from okg.context import Context
from unit.controllers.memory import MemoryClient
from unit.webhooks.plugins import ScriptedPlugin

A, B = Group(("lb-a",)), Group(("lb-b",))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _place(obj: Object) -> Placement | None:
    return Placement("lb-a", "ns/p", bits_of([int(obj.metadata.labels["port"])]))


def _pool() -> Pool:
    return Pool("p", "system", PortRange(low=500, high=503), _place, (Service, ConfigMap))


def _meta(port: int) -> ObjectMeta:
    return ObjectMeta(name="n", namespace="ns", labels={"port": str(port)})


def _wish(count: int) -> Wish:
    return Wish(holder="ns/p", groups=(B, A), count=count)


def test_objects_of_one_name_and_two_kinds_have_ports_of_their_own() -> None:
    pool = _pool()
    pool.observe(None, Service(metadata=_meta(500)))
    pool.observe(None, ConfigMap(metadata=_meta(501)))

    pool.observe(Service(metadata=_meta(500)), None)

    assert pool.index.in_use("lb-a") == bits_of([501])


def test_what_a_server_has_stays_and_the_rest_comes_from_the_same_load_balancer() -> None:
    client, pool = MemoryClient(), _pool()

    more = pool.allocate(Context(), client, _wish(2), Holding(A, {"lb-a": (502,)}))

    assert more == Allocation(A, (502, 500))


def test_a_server_that_wants_less_keeps_its_first_ports_and_nothing_is_written() -> None:
    client, pool = MemoryClient(), _pool()

    less = pool.allocate(Context(), client, _wish(1), Holding(A, {"lb-a": (502, 500)}))

    assert less == Allocation(A, (502,))
    assert client.writes == []


def test_a_server_that_has_nothing_draws() -> None:
    assert _pool().allocate(Context(), MemoryClient(), _wish(1), None) == Allocation(B, (500,))


def test_of_a_load_balancer_that_is_yet_to_be_made_all_ports_are_free() -> None:
    client, pool = MemoryClient(), _pool()
    pool.observe(None, Service(metadata=_meta(500)))

    assert pool.fresh(Context(), _wish(2)) == Allocation(B, (500, 501))
    assert client.writes == []


def test_more_ports_than_any_load_balancer_has_are_refused() -> None:
    wish = Wish(holder="ns/p", groups=(Group(("",)),), count=5)

    with pytest.raises(PluginError, match="5 wanted for ns/p, a new one has 4 free of 4") as raised:
        _pool().fresh(Context(), wish)

    assert raised.value.type is PluginErrorType.PARAMETER


def test_a_tidied_record_has_what_any_of_the_kinds_has() -> None:
    pool = _pool()
    pool.observe(None, ConfigMap(metadata=_meta(501)))
    record = with_books(blank("system", "p"), {"lb-a": PortBook(bits_of([500, 501]))})

    tidied = pool.tidied(record, NOW)

    assert read_book(tidied, "lb-a") == PortBook(bits_of([501]))


def test_only_plugins_that_draw_from_pools_have_any() -> None:
    pool = _pool()

    class Drawing(ScriptedPlugin):
        pools = (pool, pool)

    assert pools_of([ScriptedPlugin(), Drawing(), Drawing()]) == (pool,)
