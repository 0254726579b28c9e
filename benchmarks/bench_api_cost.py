"""What the manager asks of the API server: writes a GameServer, at rest, and at a new image.

    python benchmarks/bench_api_cost.py [servers]

Runs the binary on a real kube-apiserver with OpenKruise and simulated nodes, and reads the API
server's audit log. Prints one table for servers that start at once and one for servers that take
their time, and exits 1 when a goal is missed.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import msgspec
import urllib3

from integration.arena import Arena, ManagerProcess, in_place, names, open_arena, template
from okg.testing.eventually import eventually

MANAGER = "okg-manager"
WRITES = frozenset({"create", "update", "patch", "delete"})
WRITES_GOAL = 3.0
"""To a GameServer and its pod until they are Ready; the Go manager makes nine or ten."""
LAST_WRITES_SECONDS = 3.0
"""What follows from the last change is written within this time, too."""
REST_SECONDS = 10.0
SLOW_START = timedelta(seconds=6)
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted, Panic]
rules:
  - level: Metadata
    users: [okg-manager]
  - level: None
"""


class _User(msgspec.Struct):
    username: str


class _Reference(msgspec.Struct):
    resource: str = ""
    subresource: str = ""


class _Entry(msgspec.Struct, rename={"reference": "objectRef"}):
    verb: str
    user: _User
    reference: _Reference | None = None

    @property
    def request(self) -> str:
        """Verb and resource of a write."""
        assert self.reference is not None
        where = f"{self.reference.resource}/{self.reference.subresource}".rstrip("/")
        return f"{self.verb} {where}"


class Audit:
    """The writes that the API server's audit log tells of, phase by phase."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0

    def phase(self) -> Counter[str]:
        """Return the manager's writes since the last call; those of its lease do not count."""
        text = self._log.read_bytes()[self._read :]
        self._read += len(text)
        return Counter(
            entry.request
            for entry in (msgspec.json.decode(line, type=_Entry) for line in text.splitlines())
            if entry.verb in WRITES and entry.request.split(" ")[1] != "leases"
        )


def report(what: str, writes: Counter[str], servers: int) -> float:
    """Print the writes of a phase and return those to GameServers and pods, a server."""
    own = sum(count for request, count in writes.items() if _is_of_a_server(request))
    events = writes["create events"]
    rest = sum(writes.values()) - own - events
    print(
        f"{what}: {own / servers:.2f} writes and {events / servers:.2f} Events a server,"
        f" {rest} writes for the set"
    )
    for request, count in sorted(writes.items()):
        print(f"    {request:32} {count / servers:.2f}")
    return own / servers


def _is_of_a_server(request: str) -> bool:
    return request.split(" ")[1].split("/", maxsplit=1)[0] in {"gameservers", "pods"}


def metric(manager: ManagerProcess, name: str) -> float:
    """Return the sum of a counter of the manager over all labels."""
    text = urllib3.request("GET", f"{manager.metrics}/metrics").data.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def play(arena: Arena, audit: Audit, servers: int) -> Iterator[bool]:
    """Bring a set up, let it rest, restart the manager, change the image; yield what held."""
    namespace, wanted = arena.namespace(), names("a", range(servers))
    with arena.manager() as manager:
        arena.create_set(namespace, "a", replicas=servers, updateStrategy=in_place())
        started = time.monotonic()
        eventually(lambda: arena.ready(namespace) == wanted, within=600, every=0.5)
        wall = time.monotonic() - started
        time.sleep(LAST_WRITES_SECONDS)
        writes = report(f"0 to {servers} Ready in {wall:.0f} s", audit.phase(), servers)
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
        yield report(f"{REST_SECONDS:.0f} s at rest", audit.phase(), servers) == 0
    with arena.manager():
        time.sleep(REST_SECONDS)
        yield report("another manager takes over", audit.phase(), servers) == 0
        arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
        eventually(lambda: updated(arena, namespace) == servers, within=600, every=0.5)
        eventually(lambda: arena.ready(namespace) == wanted, within=600, every=0.5)
        report("a new image in place", audit.phase(), servers)
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
        folder = Path(name)
        (folder / "policy.yaml").write_text(POLICY)
        log = folder / "audit.log"
        flags = [f"--audit-policy-file={folder / 'policy.yaml'}", f"--audit-log-path={log}"]
        with open_arena(folder, apiserver_args=flags, start_delay=start_delay) as arena:
            return all(list(play(arena, Audit(log), servers)))


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    results = [measure(count, delay) for delay in (timedelta(0), SLOW_START)]
    sys.exit(0 if all(results) else 1)
