"""The native back end against OpenKruise: time, writes, CPU and memory of the same work.

    python benchmarks/bench_backends.py [servers [rounds [qps]]]

One real control plane with OpenKruise and simulated nodes; on it the binary with its own role,
back end and back end in turn, a new process and a new namespace each. First the nodes are measured
alone, for neither back end can be faster than they are. Exits 1 when a goal is missed. Only ratios
within one run mean anything, and those of time only while nobody else uses the machine.

OpenKruise may send ``qps`` requests a second: 30 if nothing is said, with which it is shipped and
clusters run it unless somebody changed it. With 200, which the tests use, both work without a
limit.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import msgspec
import urllib3
from audit_log import KRUISE, MANAGER, OTHERS, AuditLog, Writes
from processor import Usage, usage

from integration.arena import Arena, ManagerProcess, in_place, open_arena, template
from okg.api.core import Pod
from okg.api.game import GameServer
from okg.api.meta import ObjectMeta
from okg.cache.informers import Informers
from okg.context import Context
from okg.testing.eventually import eventually
from okg.testing.kruise import SHIPPED_QPS
from okg.threads import ThreadGroup

BACKENDS = ("kruise", "native")
TIME_GOAL = 0.5
"""Share of OpenKruise's time that the native back end may take for either phase."""

MAX_UNAVAILABLE = 50
QUIET = 0.05
"""Share of the machine that others may take before seconds say nothing."""

LAST_WRITES_SECONDS = 3.0
"""What follows from the last change is written within this time, too."""

_PATIENCE = 600.0


class Cost(msgspec.Struct, frozen=True):
    """What one phase took.

    Attributes:
        seconds: until the last server was there.
        writes: by who made them.
        cpu: seconds of our manager.
        memory: of our manager at the end, bytes.
        machine: processor seconds of the whole plane and of others, until the last server.
    """

    seconds: float
    writes: Mapping[str, Writes]
    cpu: float
    memory: float
    machine: Usage


class Stage:
    """What happens to pods and servers, as it is told.

    Args:
        arena: where.
        log: the API server's audit log.
    """

    def __init__(self, arena: Arena, log: AuditLog) -> None:
        self.arena = arena
        self._log = log
        self._informers = Informers(arena.admin)
        self._pods = self._informers.informer(Pod).store
        self._servers = self._informers.informer(GameServer).store

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Hear of every change while the body runs."""
        group = ThreadGroup(Context())
        group.start("stage", self._informers.run)
        try:
            self._informers.wait_for_sync(group.ctx)
            yield
        finally:
            group.stop()
            group.join()

    def pods(self, namespace: str) -> Sequence[Pod]:
        """Return the pods there are."""
        return self._pods.list(namespace=namespace)

    def is_empty(self, namespace: str) -> bool:
        """Whether neither pods nor servers are left."""
        return not self.pods(namespace) and not self._servers.list(namespace=namespace)

    def ready_servers(self, namespace: str) -> int:
        """Return how many servers are Ready."""
        servers = self._servers.list(namespace=namespace)
        return sum(server.status.current_state == "Ready" for server in servers)

    def updated(self, namespace: str, image: str) -> int:
        """Return how many pods run an image and are Ready."""
        return sum(runs(pod, image) and is_ready(pod) for pod in self.pods(namespace))

    def cost(self, manager: ManagerProcess, act: Callable[[], None]) -> Cost:
        """Return what it costs to do something and wait for what comes of it."""
        self._log.phase()
        before = metric(manager, "process_cpu_seconds_total")
        machine, started = usage(), time.monotonic()
        act()
        seconds, machine = time.monotonic() - started, usage().since(machine)
        time.sleep(LAST_WRITES_SECONDS)
        return Cost(
            seconds=seconds,
            writes=self._log.phase(),
            cpu=metric(manager, "process_cpu_seconds_total") - before,
            memory=metric(manager, "process_resident_memory_bytes"),
            machine=machine,
        )


def seconds_of(cost: Cost) -> float:
    return cost.seconds


def processor_of(cost: Cost) -> float:
    """Return the processor seconds of everything that took part."""
    return cost.machine.ours


def own_writes_of(cost: Cost) -> int:
    """Return the writes of our manager and OpenKruise together."""
    return cost.writes[MANAGER].total + cost.writes[KRUISE].total


def runs(pod: Pod, image: str) -> bool:
    return any(status.image == image for status in pod.status.container_statuses)


def is_ready(pod: Pod) -> bool:
    ready = pod.status.condition("Ready")
    return ready is not None and ready.status == "True"


def metric(manager: ManagerProcess, name: str) -> float:
    """Return a number of the manager."""
    text = urllib3.request("GET", f"{manager.metrics}/metrics").data.decode()
    return next(float(line.split(" ")[1]) for line in text.splitlines() if line.startswith(name))


def play(stage: Stage, backend: str, servers: int) -> dict[str, Cost]:
    """Bring a set up and update it in place; return what each phase cost."""
    arena, namespace = stage.arena, stage.arena.namespace()
    strategy = in_place(maxUnavailable=MAX_UNAVAILABLE)

    def start() -> None:
        arena.create_set(namespace, "a", replicas=servers, updateStrategy=strategy)
        wait_for(lambda: stage.ready_servers(namespace) == servers)

    def update() -> None:
        arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
        wait_for(lambda: stage.updated(namespace, "game:2") == servers)
        wait_for(lambda: stage.ready_servers(namespace) == servers)

    with arena.manager(f"--workload-backend={backend}") as manager:
        costs = {"0 -> Ready": stage.cost(manager, start), "update": stage.cost(manager, update)}
        arena.edit_set(namespace, "a", {"replicas": 0})
        wait_for(lambda: not stage.pods(namespace))
        arena.admin.delete(arena.get_set(namespace, "a"))
        wait_for(lambda: stage.is_empty(namespace))
    return costs


def wait_for(what: Callable[[], bool]) -> None:
    eventually(what, within=_PATIENCE)


def nodes_alone(stage: Stage, servers: int) -> float:
    """Return the seconds from the first of so many pods without a manager until all are Ready."""
    namespace, api = stage.arena.namespace(), stage.arena.admin
    document = msgspec.json.encode({"spec": template()["spec"]})
    pod = msgspec.json.decode(document, type=Pod)
    named = [ObjectMeta(name=f"pod-{n}", namespace=namespace) for n in range(servers)]
    started = time.monotonic()
    with ThreadPoolExecutor(8) as creators:
        drafts = (msgspec.structs.replace(pod, metadata=meta) for meta in named)
        list(creators.map(api.create, drafts))
    created = time.monotonic() - started
    wait_for(lambda: sum(map(is_ready, stage.pods(namespace))) == servers)
    seconds = time.monotonic() - started
    print(f"nodes alone: {servers} pods created in {created:.1f} s, Ready in {seconds:.1f} s")
    for left in stage.pods(namespace):
        api.delete(left)
    wait_for(lambda: not stage.pods(namespace))
    return seconds


def report(phase: str, costs: Mapping[str, Sequence[Cost]], servers: int) -> bool:
    """Print a phase and return whether its goals are met."""
    for backend, rounds in costs.items():
        print(f"{phase}, {backend}:")
        print(f"    seconds          {' '.join(f'{cost.seconds:.1f}' for cost in rounds)}")
        print(f"    manager CPU s    {' '.join(f'{cost.cpu:.1f}' for cost in rounds)}")
        print(f"    plane CPU s      {' '.join(f'{c.machine.ours:.1f}' for c in rounds)}")
        print(f"    taken by others  {' '.join(f'{c.machine.taken:.0%}' for c in rounds)}")
        print(f"    manager MiB      {' '.join(f'{c.memory / 2**20:.0f}' for c in rounds)}")
        for writer in (MANAGER, KRUISE, OTHERS):
            print_writes(writer, [cost.writes[writer] for cost in rounds], servers)
    kruise, native = (costs[backend] for backend in BACKENDS)
    time_ratio = median(native, seconds_of) / median(kruise, seconds_of)
    processor_ratio = median(native, processor_of) / median(kruise, processor_of)
    ours, theirs = (median(costs, own_writes_of) / servers for costs in (native, kruise))
    print(
        f"{phase}: native takes {time_ratio:.2f} of OpenKruise's time (goal {TIME_GOAL}),"
        f" {processor_ratio:.2f} of its processor time, and {ours:.2f} writes a server for"
        f" {theirs:.2f}"
    )
    taken = max(cost.machine.taken for rounds in costs.values() for cost in rounds)
    if taken > QUIET:
        print(
            f"    others took up to {taken:.0%} of the machine: go by writes and CPU, not by time"
        )
    return time_ratio <= TIME_GOAL and ours <= theirs


def print_writes(writer: str, rounds: Sequence[Writes], servers: int) -> None:
    requests = sorted({request for writes in rounds for request in writes.requests})
    totals = " ".join(f"{writes.total / servers:.2f}" for writes in rounds)
    conflicts = " ".join(str(writes.conflicts.total()) for writes in rounds)
    print(f"    writes a server by {writer}: {totals}; conflicts: {conflicts}")
    for request in requests:
        counts = " ".join(f"{writes.requests[request] / servers:.2f}" for writes in rounds)
        lost = sum(writes.conflicts[request] for writes in rounds)
        print(f"        {request:32} {counts}{f'  ({lost} conflicts)' if lost else ''}")


def median(costs: Sequence[Cost], of: Callable[[Cost], float]) -> float:
    return statistics.median(map(of, costs))


def measure(servers: int, rounds: int, qps: int) -> bool:
    """Play all rounds on one plane; return whether every goal was met."""
    with tempfile.TemporaryDirectory() as name:
        log = AuditLog(Path(name))
        with open_arena(Path(name), apiserver_args=log.flags, kruise_qps=qps) as arena:
            stage = Stage(arena, log)
            with stage.watched():
                nodes_alone(stage, servers)
                played = [
                    (backend, play(stage, backend, servers))
                    for _ in range(rounds)
                    for backend in BACKENDS
                ]
    phases = {
        phase: {b: [costs[phase] for backend, costs in played if backend == b] for b in BACKENDS}
        for phase in played[0][1]
    }
    met = [report(phase, costs, servers) for phase, costs in phases.items()]
    return all(met)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    qps = int(sys.argv[3]) if len(sys.argv) > 3 else SHIPPED_QPS
    print(f"OpenKruise with {qps} requests a second (as shipped: {SHIPPED_QPS})")
    sys.exit(0 if measure(count, times, qps) else 1)
