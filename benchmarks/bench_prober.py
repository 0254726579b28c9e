"""Cost of probing a thousand game servers: CPU a probe, writes of conditions, and being in time.

    PYTHONPATH=tests python benchmarks/bench_prober.py [seconds]

The games answer from a process of their own, and the API server is replaced by one that takes every
write, so that what is measured is this process alone. Prints CPU microseconds of each part and
ratios, then a fleet of 1,000 pods that are asked over HTTP every 3 seconds; exits 1 above a goal.
Commands in containers are not measured here: most of their cost is the API server's and the node's.
"""

import http.server
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from prometheus_client import CollectorRegistry

from okg.api.core import Pod
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpResponse, HttpStream
from okg.context import Context
from okg.controllers.probing.conditions import ConditionWriter
from okg.controllers.probing.desk import Desk
from okg.controllers.probing.direct import probe_http, probe_tcp
from okg.controllers.probing.metrics import ProbeMetrics
from okg.controllers.probing.prober import Prober
from okg.controllers.probing.runner import HANDLERS, ProbeRunner
from okg.threads import ThreadGroup
from okg.workload.native.probing.book import Assignment, Book, Instant, Outcome
from okg.workload.native.probing.outbox import PodRef, Write
from okg.workload.native.probing.probe import HttpAction, Probes
from okg.workload.native.probing.schedule import Limits
from unit.workload.native.probing.probed_pods import (
    a_probed_pod,
    a_quality,
    a_result,
    after,
    some_probes,
)

PODS = 1_000
PERIOD = 3
THREADS = 6
SECONDS = 15.0
GOALS = {"book": 80.0, "tcp": 300.0, "http": 900.0, "write": 300.0, "lag": 0.5}
"""Microseconds, and seconds of the lag that 99 of 100 probes do not have."""


class Game(http.server.BaseHTTPRequestHandler):
    """Answers the same for a while, then something else."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"players=%d" % (time.monotonic() // 30))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class Machine(http.server.ThreadingHTTPServer):
    """Runs all games; a short queue would make connections wait for a second and more."""

    request_queue_size = 1024


class Yes:
    """An API server that takes everything."""

    def __init__(self) -> None:
        self.writes = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        """Take a write."""
        del request
        self.writes += 1
        return HttpResponse(status=200, headers={}, body=b"{}")

    def stream(self, request: HttpRequest) -> HttpStream:
        """Nobody watches."""
        raise NotImplementedError(request.line)

    def close(self) -> None:
        """Nothing is open."""


def play(port: Connection) -> None:
    """Serve games until the other side is gone; the body of a process."""
    server = Machine(("127.0.0.1", 0), Game)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    port.send(server.server_address[1])
    port.recv()
    server.shutdown()
    thread.join()


@contextmanager
def games() -> Generator[int]:
    """Yield the port of all games."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=play, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


def fleet() -> Sequence[Pod]:
    """Return pods that have run for long."""
    return [
        a_probed_pod(name=f"xxx-{number}", node=f"node-{number % 50}", pod_ip="127.0.0.1")
        for number in range(PODS)
    ]


def microseconds(count: int, work: Callable[[], object]) -> float:
    """Return CPU microseconds of each of many repetitions."""
    started = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - started) / count * 1e6


def book_cost() -> float:
    """Return CPU microseconds of handing a probe out and its result in."""
    book = Book(Limits(slots=THREADS, direct_rate=1e6), random.random)
    probes = some_probes(a_quality(tcpSocket={"port": 1}, periodSeconds=PERIOD))
    for pod in fleet():
        book.see(pod, "games/xxx", probes, Instant(100.0, after(100)))
    seconds, left = 100.0, 20_000
    started = time.process_time()
    while left:
        now = Instant(seconds, after(seconds))
        step = book.take_probe(now)
        if isinstance(step, Assignment):
            book.settle(step, Outcome(ok=True, message="up"), now)
            left -= 1
        else:
            seconds += max(step or 0.0, 0.001)
    return (time.process_time() - started) / 20_000 * 1e6


def write_cost() -> float:
    """Return CPU microseconds of a write, without the connection to the API server."""
    writer = ConditionWriter(ApiClient(Yes()), lambda: True)
    write = Write(PodRef("games", "xxx-0", "uid"), {"game.kruise.io/idle": a_result("True", "up")})
    return microseconds(20_000, lambda: writer.write(write))


class Fleet:
    """How a fleet fares that is probed by the threads of a manager.

    Attributes:
        cpu: share of one core.
        probes: how many there were in a second.
        writes: of conditions, for each probe.
        lag: seconds by which 99 of 100 probes were not late.
        stretch: by which factor periods are too long.
    """

    def __init__(self, probes: Probes, seconds: float) -> None:
        registry, server, desk = CollectorRegistry(), Yes(), Desk(_book())
        metrics = ProbeMetrics(registry, desk, [*HANDLERS.values()])
        writer = ConditionWriter(ApiClient(server), lambda: True)
        prober = Prober(desk, ProbeRunner(None), writer, metrics, lambda *_: None)
        for pod in fleet():
            desk.see(pod, "games/xxx", probes)
        group = ThreadGroup(Context())
        for number in range(THREADS):
            group.start(f"prober-{number}", prober.probe)
        group.start("writer", prober.write)
        time.sleep(2 * PERIOD)  # the first results are written
        done, written, cpu = _probes(registry), server.writes, time.process_time()
        time.sleep(seconds)
        self.cpu = (time.process_time() - cpu) / seconds
        count = _probes(registry) - done
        self.probes = count / seconds
        self.writes = (server.writes - written) / count
        self.lag = _lag(registry)
        self.stretch = desk.stretch
        desk.close()
        group.stop()
        group.join()


def _book() -> Book:
    return Book(Limits(slots=THREADS), random.random)


def _probes(registry: CollectorRegistry) -> float:
    labels = {"handler": "http", "outcome": "success"}
    return registry.get_sample_value("okg_probes_total", labels) or 0.0


def _lag(registry: CollectorRegistry) -> float:
    """Return the bound of the bucket that holds 99 of 100 probes."""
    total = registry.get_sample_value("okg_probe_lag_seconds_count") or 0.0
    buckets = next(m for m in registry.collect() if m.name == "okg_probe_lag_seconds").samples
    bounds = [s for s in buckets if s.name.endswith("_bucket")]
    return next(float(s.labels["le"]) for s in bounds if s.value >= 0.99 * total)


def main() -> int:
    """Print the figures and whether the goals are met."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    figures = {"book": book_cost(), "write": write_cost()}
    with games() as port:
        ctx, action = Context(), HttpAction(port)
        figures["tcp"] = microseconds(3_000, lambda: probe_tcp(ctx, "127.0.0.1", port, 5))
        figures["http"] = microseconds(3_000, lambda: probe_http(ctx, "127.0.0.1", port, action, 5))
        for name, meaning in (
            ("book", "handing a probe out and its result in"),
            ("tcp", "a TCP probe"),
            ("http", "an HTTP probe"),
            ("write", "a write, without the connection"),
        ):
            ratio = figures[name] / figures["tcp"]
            print(f"{figures[name]:7.0f} µs CPU  {meaning} ({ratio:.2f} of a TCP probe)")
        probes = some_probes(a_quality(httpGet={"port": port}, periodSeconds=PERIOD))
        found = Fleet(probes, seconds)
    figures["lag"] = found.lag
    wanted = PODS / PERIOD
    print(
        f"{PODS} pods over HTTP every {PERIOD} s: {found.probes:.0f} probes/s"
        f" ({found.probes / wanted:.2f} of what is asked for), {found.cpu:.0%} of a core,"
        f" {found.cpu / found.probes * 1e6:.0f} µs a probe,"
        f" {found.writes:.3f} writes a probe, 99 of 100 less than {found.lag:g} s late,"
        f" stretch {found.stretch:.2f}"
    )
    missed = [name for name, goal in GOALS.items() if figures[name] > goal]
    for name, goal in GOALS.items():
        unit = "s" if name == "lag" else "µs"
        print(f"{'MISSED' if name in missed else 'met   '} {name}: at most {goal:g} {unit}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
