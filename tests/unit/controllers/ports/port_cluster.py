"""A pool of four ports on one load balancer, its Services, and replicas that hear of them late."""

from collections.abc import Sequence

from okg.api.meta import ObjectMeta
from okg.api.resource import O
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.cloudprovider.balancer import placed_by
from okg.cloudprovider.drawing import Group, Wish
from okg.cloudprovider.ledger_record import LedgerRecord, read_book
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.ports import PortBook, PortRange, ports_of
from okg.context import Context
from okg.controllers.ports import CatchUp, Inventory, PortKeeper
from okg.runtime.reconcile import Request, Result
from okg.testing.clock import FakeClock
from unit.controllers.memory import MemoryClient

RECORD = Request("system", "okg-ports-nlb")
ALLOWED = PortRange(low=500, high=503)
BALANCER = "lb-a"


def service(name: str, *ports: int) -> Service:
    """Return the Service of a pod."""
    return Service(
        metadata=ObjectMeta(name=name, namespace="ns", annotations={"id": BALANCER}),
        spec=ServiceSpec(
            selector={"statefulset.kubernetes.io/pod-name": name},
            ports=tuple(ServicePort(port=port) for port in ports),
        ),
    )


class PortServer:
    """A server, read past all caches, and what happened to Services there."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.changes: list[tuple[Service | None, Service | None]] = []

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        return self.client.get(kind, namespace, name)

    def list(self, kind: type[O], *, namespace: str = "", labels: str = "") -> Sequence[O]:
        return self.client.list(kind, namespace=namespace or None)

    def make(self, name: str, *ports: int) -> None:
        self.changes.append((None, self.client.put(service(name, *ports))))

    def drop(self, name: str) -> None:
        gone = self.get(Service, "ns", name)
        self.client.remove(Service, f"ns/{name}")
        self.changes.append((gone, None))

    @property
    def book(self) -> PortBook:
        """What is on record."""
        record = self.get(LedgerRecord, RECORD.namespace, RECORD.name)
        return read_book(record, BALANCER) if record is not None else PortBook()

    @property
    def given(self) -> tuple[int, ...]:
        """The ports that are on record."""
        return ports_of(self.book.used)


class PortReplica:
    """A manager: its pool, and how much of what happened it has heard of."""

    def __init__(self, server: PortServer, clock: FakeClock) -> None:
        self.server = server
        self.clock = clock
        self.pool = Pool("nlb", RECORD.namespace, ALLOWED, placed_by(("id",)))
        self.heard = 0
        self.lead()

    def lead(self) -> None:
        """Begin to lead."""
        catch_up = CatchUp(Inventory(self.server), [self.pool])
        self.keeper = PortKeeper(self.server.client, [self.pool], catch_up, clock=self.clock)

    def hear(self, count: int) -> None:
        """Hear of the next changes."""
        for old, new in self.server.changes[self.heard : self.heard + count]:
            self.pool.observe(old, new)
        self.heard = min(self.heard + count, len(self.server.changes))

    def hear_all(self) -> None:
        self.hear(len(self.server.changes))

    def tidy(self) -> Result | None:
        return self.keeper.reconcile(Context(), RECORD)

    def draw(self, name: str, count: int = 1) -> tuple[int, ...]:
        wish = Wish(holder=f"ns/{name}", groups=(Group((BALANCER,)),), count=count)
        return self.pool.allocate(Context(clock=self.clock), self.server.client, wish, None).ports
