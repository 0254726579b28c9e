"""What the manager asks of the API server: writes a GameServer, at rest, and at a new image.

    python benchmarks/bench_api_cost.py [servers]

Runs the binary on a real kube-apiserver with OpenKruise and simulated nodes, and reads the API
server's audit log. Prints one table for servers that start at once and one for servers that take
their time, and exits 1 when a goal is missed.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import urllib3
from audit_log import MANAGER, AuditLog, Writes

from integration.arena import Arena, ManagerProcess, in_place, names, open_arena, template
from okg.testing.eventually import eventually

WRITES_GOAL = 3.0
"""To a GameServer and its pod until they are Ready; the Go manager makes nine or ten."""
LAST_WRITES_SECONDS = 3.0
"""What follows from the last change is written within this time, too."""
REST_SECONDS = 10.0
SLOW_START = timedelta(seconds=6)


def report(what: str, writes: Writes, servers: int) -> float:
    """Print the writes of a phase and return those to GameServers and pods, a server."""
    own = writes.of("gameservers", "pods")
    events = writes.requests["create events"]
    rest = writes.total - own - events
    print(
        f"{what}: {own / servers:.2f} writes and {events / servers:.2f} Events a server,"
        f" {rest} writes for the set"
    )
    for request, count in sorted(writes.requests.items()):
        print(f"    {request:32} {count / servers:.2f}")
    return own / servers


def metric(manager: ManagerProcess, name: str) -> float:
    """Return the sum of a counter of the manager over all labels."""
    text = urllib3.request("GET", f"{manager.metrics}/metrics").data.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def play(arena: Arena, audit: AuditLog, servers: int) -> Iterator[bool]:
    """Bring a set up, let it rest, restart the manager, change the image; yield what held."""
    namespace, wanted = arena.namespace(), names("a", range(servers))
    with arena.manager() as manager:
        arena.create_set(namespace, "a", replicas=servers, updateStrategy=in_place())
        started = time.monotonic()
        eventually(lambda: arena.ready(namespace) == wanted, within=600, every=0.5)
        wall = time.monotonic() - started
        time.sleep(LAST_WRITES_SECONDS)
        writes = report(f"0 to {servers} Ready in {wall:.0f} s", audit.phase()[MANAGER], servers)
        yield writes <= WRITES_GOAL
        passes = metric(manager, "controller_runtime_reconcile_total")
        requests = metric(manager, "rest_client_requests_total")
        cpu = metric(manager, "process_cpu_seconds_total")
        memory = metric(manager, "process_resident_memory_bytes")
        print(
            f"    {requests / passes:.2f} requests a reconcile ({passes:.0f} reconciles),"
            f" {cpu / servers * 1000:.1f} ms CPU a server, {memory / 2**20:.0f} MiB"
        )
        time.sleep(REST_SECONDS)
        yield report(f"{REST_SECONDS:.0f} s at rest", audit.phase()[MANAGER], servers) == 0
    with arena.manager():
        time.sleep(REST_SECONDS)
        yield report("another manager takes over", audit.phase()[MANAGER], servers) == 0
        arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
        eventually(lambda: updated(arena, namespace) == servers, within=600, every=0.5)
        eventually(lambda: arena.ready(namespace) == wanted, within=600, every=0.5)
        report("a new image in place", audit.phase()[MANAGER], servers)
        arena.edit_set(namespace, "a", {"replicas": 0})
        eventually(lambda: not arena.servers(namespace), within=600, every=0.5)


def updated(arena: Arena, namespace: str) -> int:
    """Return how many pods run the new image."""
    return sum(
        status.image == "game:2"
        for pod in arena.pods(namespace).values()
        for status in pod.status.container_statuses
    )


def measure(servers: int, start_delay: timedelta) -> bool:
    """Play once on a plane of its own; return whether every goal was met."""
    print(f"== servers that take {start_delay.total_seconds():.0f} s to start")
    with tempfile.TemporaryDirectory() as name:
        log = AuditLog(Path(name))
        with open_arena(Path(name), apiserver_args=log.flags, start_delay=start_delay) as arena:
            return all(list(play(arena, log, servers)))


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    results = [measure(count, delay) for delay in (timedelta(0), SLOW_START)]
    sys.exit(0 if all(results) else 1)
