"""Replicas that draw, leaders that come and go, and caches that lag: no port is given twice."""

from collections import Counter

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import integers, sampled_from

from okg.api.service import Service
from okg.cloudprovider.plugin import PluginError
from okg.testing.clock import FakeClock
from unit.controllers.ports.port_cluster import PortReplica, PortServer

NAMES = sampled_from(["a-0", "a-1", "b-0", "b-1", "b-2"])
REPLICAS = integers(0, 2)
SLOWEST = 300
"""Seconds within which whoever drew makes the Service, or never does."""


class PortKeeping(RuleBasedStateMachine):
    """Three replicas and a server. What was drawn becomes a Service a while later, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.server = PortServer()
        self.replicas = [PortReplica(self.server, self.clock) for _ in range(3)]
        self.leader = self.replicas[0]
        self.drawn: list[tuple[float, str, tuple[int, ...]]] = []

    @rule(replica=REPLICAS, name=NAMES, count=integers(1, 2))
    def draw(self, replica: int, name: str, count: int) -> None:
        """Ask for ports, on any replica, also for a server whose Service it has not heard of."""
        try:
            ports = self.replicas[replica].draw(name, count)
        except PluginError:
            return
        self.drawn.append((self.clock.monotonic(), name, ports))

    @precondition(lambda self: self.drawn)
    @rule(late=integers(0, 3))
    def make(self, late: int) -> None:
        """Make a Service of what was drawn; one that is there already stays as it is."""
        _, name, ports = self.drawn.pop(min(late, len(self.drawn) - 1))
        if self.server.get(Service, "ns", name) is None:
            self.server.make(name, *ports)

    @rule(name=NAMES)
    def drop(self, name: str) -> None:
        """Remove a Service, as the end of its pod does."""
        if self.server.get(Service, "ns", name) is not None:
            self.server.drop(name)

    @rule(replica=REPLICAS, count=integers(1, 4))
    def hear(self, replica: int, count: int) -> None:
        """Let a cache come further."""
        self.replicas[replica].hear(count)

    @rule(replica=REPLICAS)
    def elect(self, replica: int) -> None:
        """Let another one lead, or the same one anew."""
        self.leader = self.replicas[replica]
        self.leader.lead()

    @rule()
    def tidy(self) -> None:
        """Let the leader look at the record."""
        self.leader.tidy()

    @rule(seconds=sampled_from([1, 100, 299]))
    def wait(self, seconds: int) -> None:
        """Let time pass; who was slowest has given up."""
        self.clock.advance(seconds)
        now = self.clock.monotonic()
        self.drawn = [entry for entry in self.drawn if now - entry[0] <= SLOWEST]

    @invariant()
    def no_port_is_given_twice(self) -> None:
        """Look at the Services that there are."""
        services = self.server.list(Service)
        given = Counter(port.port for service in services for port in service.spec.ports)
        assert all(count == 1 for count in given.values()), given

    def teardown(self) -> None:
        """When all has been heard and is settled, on record is what there is."""
        self.leader.hear_all()
        self.clock.advance(2 * 600)
        self.leader.tidy()
        services = self.server.list(Service)
        there = {port.port for service in services for port in service.spec.ports}
        assert set(self.server.given) in ({*there}, set())


PortKeeping.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestPortKeeping = PortKeeping.TestCase
