"""The index of ports, against a list of the objects that are there."""

from collections import Counter

from hypothesis import given, strategies as st

from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.cloudprovider.port_index import Placement, PortIndex
from okg.cloudprovider.ports import bits_of, ports_of

PORTS = st.frozensets(st.integers(500, 504), max_size=3)
NAMES = st.sampled_from(["s-0", "s-0-b", "s-1"])
STEPS = st.lists(st.tuples(NAMES, st.none() | PORTS), max_size=20)


def _place(obj: Object) -> Placement | None:
    if not isinstance(obj, Service) or not obj.spec.ports:
        return None
    ports = bits_of(port.port for port in obj.spec.ports)
    return Placement("lb", obj.metadata.name.removesuffix("-b"), ports)


def _service(name: str, ports: frozenset[int]) -> Service:
    listed = tuple(ServicePort(port=port) for port in sorted(ports))
    return Service(metadata=ObjectMeta(name=name), spec=ServiceSpec(ports=listed))


@given(STEPS)
def test_it_knows_what_objects_have_however_they_came_and_went(
    steps: list[tuple[str, frozenset[int] | None]],
) -> None:
    index, there = PortIndex(_place), dict[str, Service]()
    for name, ports in steps:
        old, new = there.pop(name, None), None if ports is None else _service(name, ports)
        there |= {name: new} if new else {}
        index.observe(old, new)

    had = [port.port for service in there.values() for port in service.spec.ports]
    mine = [p.port for name in ("s-0", "s-0-b") if name in there for p in there[name].spec.ports]
    assert index.usage("lb") == Counter(had)
    assert set(ports_of(index.in_use("lb"))) == set(had)
    assert set(ports_of(index.ports_of("lb", "s-0"))) == set(mine)


def test_it_knows_nothing_of_a_load_balancer_that_nobody_is_on() -> None:
    index = PortIndex(_place)

    assert (index.in_use("lb"), index.ports_of("lb", "s-0"), index.usage("lb")) == (0, 0, {})
