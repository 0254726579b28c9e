"""Cost of ports: drawing them for ten thousand servers, and knowing them again after a start.

    python benchmarks/bench_ports.py [servers]

300 load balancers of 500 ports each. Servers come on as many threads as may ask a plugin at a time;
a write takes as long as an API server's, and what is asked for meanwhile goes in the next. Services
follow, and a leader tidies the record. Prints CPU times, and exits 1 when a goal is missed.
"""

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from okg.api.meta import ObjectMeta
from okg.api.resource import O
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.client.client import Client
from okg.cloudprovider.alibabacloud.marks import ID, ID_KEYS
from okg.cloudprovider.balancer import placed_by
from okg.cloudprovider.drawing import Allocation, Group, Wish
from okg.cloudprovider.ledger import PortLedger, _Granted, _Request, tidied
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.plugin_calls import PLUGIN_CALLS
from okg.cloudprovider.port_index import PortIndex
from okg.cloudprovider.ports import PortRange
from okg.context import Context
from okg.workload.names import POD_NAME
from unit.controllers.memory import MemoryClient

DRAW_GOAL_MICROSECONDS = 50.0
START_GOAL_SECONDS = 2.0
POOL = "alibabacloud-nlb"
BALANCERS = tuple(Group((f"nlb-{number:012x}",)) for number in range(300))
RANGE = PortRange(low=1000, high=1502, blocked=(1025, 1068, 1434))
THREADS = PLUGIN_CALLS
WRITE_SECONDS = 0.005
"""What a write takes that an API server commits to a disk."""

ROUNDS = 3
TIDY_EVERY = 500
"""Servers between two looks of the leader."""


class SlowClient(MemoryClient):
    """Lets a write take its time.

    Attributes:
        seconds: CPU seconds of doing so.
    """

    seconds = 0.0

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        """Store the change after a while."""
        self.seconds += cpu(lambda: time.sleep(WRITE_SECONDS))
        return super().patch(before, after, subresource=subresource, lock=lock)


class TimedLedger(PortLedger):
    """Knows the CPU seconds of deciding and writing, without those of the threads that wait."""

    seconds = 0.0

    def _commit(
        self, ctx: Context, client: Client, batch: Sequence[_Request]
    ) -> Sequence[_Granted]:
        started = time.thread_time()
        granted = super()._commit(ctx, client, batch)
        self.seconds += time.thread_time() - started
        return granted


class Cluster:
    """A record, and Services that follow what is drawn."""

    def __init__(self) -> None:
        self.client = SlowClient()
        self.index = PortIndex(placed_by(ID_KEYS))
        self.ledger = TimedLedger(POOL, "system", RANGE, self.index)
        self.services: list[Service] = []

    def draw(self, number: int) -> Allocation:
        """Return the ports of a server."""
        wish = Wish(holder=f"games/lobby-{number}", groups=BALANCERS, count=1)
        return self.ledger.draw(Context(), self.client, wish)

    def follow(self, drawn: Mapping[int, Allocation]) -> None:
        """Make the Services of servers, and tidy the record."""
        made = [_service(number, ports) for number, ports in drawn.items()]
        self.services.extend(made)
        for service in made:
            self.index.observe(None, service)
        record = self.record()
        self.client.patch(record, tidied(record, self.index, Context().clock.now()))

    def clear(self) -> None:
        """Let all Services go."""
        for service in self.services:
            self.index.observe(service, None)

    def record(self) -> LedgerRecord:
        """Return the record as a cache has it."""
        record = self.client.get(LedgerRecord, "system", f"okg-ports-{POOL}")
        assert record is not None
        return record


def _service(number: int, drawn: Allocation) -> Service:
    pod = f"lobby-{number}"
    meta = ObjectMeta(name=pod, namespace="games", annotations={ID: drawn.group.balancers[0]})
    ports = tuple(ServicePort(port=port, target_port=80) for port in drawn.ports)
    return Service(metadata=meta, spec=ServiceSpec(selector={POD_NAME: pod}, ports=ports))


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


def draw_all(cluster: Cluster, servers: int) -> tuple[float, float]:
    """Let servers come; return the CPU seconds of drawing and of what the leader does."""
    drawing = following = 0.0
    for first in range(0, servers, TIDY_EVERY):
        numbers = range(first, min(first + TIDY_EVERY, servers))
        drawn: dict[int, Allocation] = {}
        drawing += draw_some(cluster, numbers, drawn)
        following += cpu(lambda: cluster.follow(drawn))  # noqa: B023 - called at once
    return drawing, following


def draw_some(cluster: Cluster, numbers: range, drawn: dict[int, Allocation]) -> float:
    """Draw for some servers on many threads; return their CPU seconds."""

    def work(share: range) -> float:
        started = time.thread_time()
        for number in share:
            drawn[number] = cluster.draw(number)
        return time.thread_time() - started

    shares = [numbers[first::THREADS] for first in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(work, shares))


def start(cluster: Cluster) -> Cluster:
    """Return the cluster as a new process knows it, after its first draw and its first look."""
    new = Cluster()
    new.client = cluster.client
    for service in cluster.services:
        new.index.observe(None, service)
    new.draw(len(cluster.services))
    record = new.record()
    tidied(record, new.index, Context().clock.now())
    return new


def run(servers: int) -> tuple[float, float]:
    """Print what one round costs; return CPU microseconds a draw and CPU seconds of a start."""
    cluster = Cluster()
    drawing, following = draw_all(cluster, servers)
    places = {(s.metadata.annotations[ID], s.spec.ports[0].port) for s in cluster.services}
    assert len(places) == servers, "a port was given twice"
    deciding = (cluster.ledger.seconds - cluster.client.seconds) / servers * 1e6
    started = cpu(lambda: start(cluster))
    print(
        f"{len(cluster.client.writes)} writes; a draw: {deciding:.1f} µs,"
        f" {drawing / servers * 1e6:.1f} with the threads that wait for it; a Service that comes:"
        f" {following / servers * 1e6:.1f} µs, that goes:"
        f" {cpu(cluster.clear) / servers * 1e6:.1f} µs; a start: {started:.2f} s"
    )
    return deciding, started


def main() -> int:
    """Print the figures and whether the goals are met."""
    servers = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    gc.collect()
    gc.freeze()
    print(f"{servers} servers, {len(BALANCERS) * RANGE.size} ports")
    rounds = [run(servers) for _ in range(ROUNDS)]
    draw, started = (min(figures) for figures in zip(*rounds, strict=True))
    results = {
        f"a draw in at most {DRAW_GOAL_MICROSECONDS:g} µs": draw <= DRAW_GOAL_MICROSECONDS,
        f"a start in at most {START_GOAL_SECONDS:g} s": started <= START_GOAL_SECONDS,
    }
    for goal, met in results.items():
        print(f"{'met   ' if met else 'MISSED'} {goal}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
