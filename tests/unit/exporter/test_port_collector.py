"""How full pools are, line by line."""

from prometheus_client import CollectorRegistry, generate_latest

from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.api.service import Service
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import PortRange, bits_of
from okg.exporter.ports import PortCollector

LOBBY = Service(metadata=ObjectMeta(name="lobby-0", namespace="games", labels={"port": "501"}))
STRANGE = Service(metadata=ObjectMeta(name="other", namespace="games", labels={"port": "80"}))


def place(obj: Object) -> Placement | None:
    return Placement("lb-a", obj.key, bits_of([int(obj.metadata.labels["port"])]))


def told(pool: Pool, *, asked: bool = True) -> list[str]:
    registry = CollectorRegistry()
    registry.register(PortCollector(lambda: asked, [pool]))
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if line[0] != "#"]


def test_a_pool_tells_how_many_of_its_ports_are_given_on_each_load_balancer() -> None:
    pool = Pool("vendor-lb", "system", PortRange(low=500, high=503, blocked=(502,)), place)
    pool.observe(None, LOBBY)
    pool.observe(None, STRANGE)

    assert told(pool) == [
        'okg_network_ports_size{pool="vendor-lb"} 3.0',
        'okg_network_ports_used{balancer="lb-a",pool="vendor-lb"} 1.0',
    ]


def test_a_load_balancer_that_nobody_is_on_any_more_is_not_told_of() -> None:
    pool = Pool("vendor-lb", "system", PortRange(low=500, high=503), place)
    pool.observe(None, LOBBY)

    pool.observe(LOBBY, None)

    assert told(pool) == ['okg_network_ports_size{pool="vendor-lb"} 4.0']


def test_a_replica_that_is_not_asked_says_nothing() -> None:
    pool = Pool("vendor-lb", "system", PortRange(low=500, high=503), place)
    pool.observe(None, LOBBY)

    assert told(pool, asked=False) == []
