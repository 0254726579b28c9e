"""Decode, memory and watch cost of a pod, against the official client in the same run.

    python benchmarks/bench_objects.py

Prints one line a figure with the ratio, and exits 1 when a goal is missed. Times are CPU time.
"""

import gc
import http.server
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from kubernetes import client as official, watch as official_watch
from sample_pod import encoded

from okg.api.core import Pod
from okg.client.connection import Connection
from okg.client.decoding import decode
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient

DECODE_GOAL = 20.0
WATCH_GOAL = 20.0
MEMORY_GOAL_KIB = 8.0
EVENTS = 1000
PACE = 0.001
"""Seconds between events: a live cluster sends them one by one, not in bulk."""
ROUNDS = 5


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def repeat(times: int, work: Callable[[], object]) -> None:
    """Call ``work`` so many times and keep nothing."""
    for _ in range(times):
        work()


def compare(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Return the least CPU seconds of either, run in turn so that both meet the same noise."""
    pairs = [(cpu(ours), cpu(theirs)) for _ in range(ROUNDS)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def bench_decode() -> float:
    """Return how many times cheaper one decode is than the official client's."""
    body = encoded(managed_fields=True)
    text = body.decode()
    api = official.ApiClient()
    ours, theirs = compare(
        lambda: repeat(1000, lambda: decode(Pod, body)),
        lambda: repeat(100, lambda: api.deserialize(text, "V1Pod", "application/json")),
    )
    return report("decode of a pod", ours / 1000, theirs / 100)


def report(what: str, ours: float, theirs: float) -> float:
    """Print a comparison of seconds and return the ratio."""
    ratio = theirs / ours
    print(f"{what}: {ours * 1e6:.1f} µs, official {theirs * 1e6:.0f} µs, ratio {ratio:.1f}")
    return ratio


def bench_memory() -> float:
    """Return KiB a cached pod."""
    bodies = [encoded(n) for n in range(2000)]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    pods = [decode(Pod, body) for body in bodies]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    each = (after - before) / len(pods) / 1024
    print(f"memory of a cached pod of {len(bodies[0])} bytes: {each:.2f} KiB")
    return each


def _lines() -> list[bytes]:
    pods = [encoded(number, managed_fields=True) for number in range(EVENTS)]
    return [b'{"type":"MODIFIED","object":%s}\n' % pod for pod in pods]


_LINES: list[bytes] = []


class _Events(http.server.BaseHTTPRequestHandler):
    """Answers every request with a stream of events, one write each."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in _LINES:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            time.sleep(PACE)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def serve() -> None:
    """Print the port and serve until killed."""
    _LINES.extend(_lines())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Events)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def bench_watch() -> float:
    """Return how many times cheaper one watch event is than the official client's."""
    server = subprocess.Popen(
        [sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{int(server.stdout.readline())}"
        ours, theirs = compare(lambda: _our_watch(address), lambda: _official_watch(address))
    finally:
        server.kill()
        server.wait()
    return report("watch event", ours / EVENTS, theirs / EVENTS)


def _configuration(address: str) -> official.Configuration:
    configuration = official.Configuration()
    configuration.host = address
    return configuration


def _our_watch(address: str) -> None:
    api = ApiClient(Urllib3Transport(Connection(lambda: _configuration(address))))
    seen = sum(1 for _ in api.watch(Pod, timeout=60, read_timeout=60))
    assert seen == EVENTS, seen


def _official_watch(address: str) -> None:
    core = official.CoreV1Api(official.ApiClient(_configuration(address)))
    stream = official_watch.Watch()  # type: ignore[no-untyped-call]
    seen = 0
    for _ in stream.stream(core.list_pod_for_all_namespaces, timeout_seconds=60):  # type: ignore[no-untyped-call]
        seen += 1
        if seen == EVENTS:
            stream.stop()  # type: ignore[no-untyped-call]
    assert seen == EVENTS, seen


def main() -> int:
    """Run all and say which goals were missed."""
    gc.collect()
    gc.freeze()  # what a manager does after its first sync; the imports of both are not at issue
    results = {
        f"decode at least {DECODE_GOAL:g} times cheaper": bench_decode() >= DECODE_GOAL,
        f"watch at least {WATCH_GOAL:g} times cheaper": bench_watch() >= WATCH_GOAL,
        f"at most {MEMORY_GOAL_KIB:g} KiB a pod": bench_memory() <= MEMORY_GOAL_KIB,
    }
    for goal, met in results.items():
        print(f"{'met   ' if met else 'MISSED'} {goal}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    sys.exit(main())
