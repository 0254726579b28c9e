"""Latency of pod admissions through a real API server, at a steady rate.

    PYTHONPATH=tests python benchmarks/bench_webhook.py [creations a second] [seconds]

Pods are created and deleted, so there are twice as many admissions as creations; first nobody is
asked about them, then one replica of the binary is. (More replicas change nothing here: API servers
keep their connections.) The clients have a process of their own, as the stand-in for the Service
must not wait for them. Prints client latencies of creations, what the webhook adds to them, and
what the replica needed by its own clock; exits 1 above the goal.
"""

import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from integration.hooked import Hooked, Load, Replica, open_hooked
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient

GOAL_MILLISECONDS = 50.0
RATE = 100.0
SECONDS = 15.0
WARM_UP_SECONDS = 3.0
WORKERS = 16


class Figures:
    """What the clients saw.

    Attributes:
        made: creations a second.
        refused: number of failures.
        p50: milliseconds within which half of the creations were done.
        p99: and nearly all.
    """

    def __init__(self, load: Load, seconds: float) -> None:
        self.made = len(load.seconds) / seconds
        self.refused = len(load.failures)
        self.p50 = load.percentile(0.5) * 1e3
        self.p99 = load.percentile(0.99) * 1e3


def run_clients(
    kubeconfig: Path, namespace: str, rate: float, seconds: float, *, owned: bool
) -> Figures:
    """Create and delete pods; runs in a process of its own."""
    admin = ApiClient(Urllib3Transport(connect(str(kubeconfig))))
    with Load(admin, namespace, rate, workers=WORKERS, owned=owned).running() as load:
        time.sleep(WARM_UP_SECONDS)
        load.seconds.clear()
        time.sleep(seconds)
    return Figures(load, seconds)


def measure(hooked: Hooked, rate: float, seconds: float, *, owned: bool) -> Figures:
    """Return what clients see that run for so long."""
    arena = hooked.arena
    run = partial(run_clients, arena.plane.kubeconfig, arena.namespace(), rate, seconds)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as clients:
        return clients.submit(run, owned=owned).result()


def report(name: str, seen: Figures) -> None:
    """Print a line."""
    print(
        f"{name}: {seen.made:.0f} creations a second, {seen.refused} refused,"
        f" p50 {seen.p50:.1f} ms, p99 {seen.p99:.1f} ms"
    )


def report_replica(replica: Replica) -> None:
    """Print how many of its answers a replica had ready within which time."""
    text = urllib3.request("GET", f"{replica.manager.metrics}/metrics").data.decode()
    for family in text_string_to_metric_families(text):
        if family.name != "controller_runtime_webhook_latency_seconds":
            continue
        buckets = {
            float(sample.labels["le"]): sample.value
            for sample in family.samples
            if sample.name.endswith("_bucket") and sample.labels["webhook"] == "/mutate-v1-pod"
        }
        total = buckets[float("inf")]
        shares = ", ".join(
            f"{bound * 1e3:g} ms {buckets[bound] / total:.1%}"
            for bound in (0.005, 0.01, 0.025, 0.05)
        )
        print(f"  a replica: {total:.0f} answers, within {shares}")


def main() -> int:
    """Print the figures and whether the goal is met."""
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else RATE
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    folder = Path(tempfile.mkdtemp(prefix="okg-bench-"))
    with open_hooked(folder) as hooked:
        bare = measure(hooked, rate, seconds, owned=False)
        report("without a webhook", bare)
        with hooked.replica() as replica:
            asked = measure(hooked, rate, seconds, owned=True)
            report("with one replica", asked)
            report_replica(replica)
    worst = asked.p99 - bare.p99
    print(f"added: p50 {asked.p50 - bare.p50:.1f} ms, p99 {worst:.1f} ms")
    verdict = "met   " if worst <= GOAL_MILLISECONDS else "MISSED"
    print(f"{verdict} at most {GOAL_MILLISECONDS:g} ms added at the 99th percentile")
    return 0 if worst <= GOAL_MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
