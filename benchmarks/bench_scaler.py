"""Latency of the external scaler at a steady rate, about one set with all the servers.

    PYTHONPATH=tests python benchmarks/bench_scaler.py [questions a second] [servers] [seconds]

The manager's caches and the scaler have a process of their own, above the fake API server, and the
clients another. First nothing changes, then a tenth of the servers change their opsState every
second; the fake server's work for that is done in the process that is measured. Latencies count
from the moment when a question was due, so that one that waits for another's answer is late, too.
Prints them and the processor time of an answer; exits 1 above the goal. Needs two processors to
itself: a client that falls behind is late ever after.
"""

import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection

from keda import calling
from okg.context import Context
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup
from unit.scaler.stage import Stage

GOAL_MILLISECONDS = 20.0
RATE = 1000.0
SERVERS = 1000
SECONDS = 10.0
WARM_UP_SECONDS = 2.0
CLIENTS = 4
OPS_STATES = ("None", "Allocated", "WaitToBeDeleted")


def serve(pipe: Connection, servers: int) -> None:
    """Run the scaler; tell the processor time whenever asked, and change servers once told to."""
    stage = Stage()
    stage.put_set("lobby", servers, currentReplicas=servers)
    for number in range(servers):
        stage.put_pod(f"lobby-{number}", OPS_STATES[number % 3])
    changes = ThreadGroup(Context())
    with stage.running():
        eventually(lambda: stage.manager.is_synced)
        pipe.send(stage.address)
        while (word := pipe.recv()) != "stop":
            if word == "change":
                changes.start("changes", lambda ctx: change_servers(ctx, stage, servers))
            pipe.send(time.process_time())
        changes.stop()
        changes.join()


def change_servers(ctx: Context, stage: Stage, servers: int) -> None:
    """Give a hundredth of the servers another opsState ten times a second."""
    changed = 0
    while ctx.sleep(0.1):
        for number in range(changed, changed + servers // 100):
            stage.put_pod(f"lobby-{number % servers}", OPS_STATES[number // servers % 3])
        changed += servers // 100


def ask(address: str, rate: float, seconds: float) -> Sequence[float]:
    """Ask at this rate; return the latencies of all but the first moments, in milliseconds."""
    starting = threading.Barrier(CLIENTS)

    def client(number: int) -> list[float]:
        latencies: list[float] = []
        with calling(address) as keda:
            keda.metric("games", "lobby", minAvailable="0.3")
            starting.wait()
            started = time.perf_counter() + number / rate
            for count in range(int((WARM_UP_SECONDS + seconds) * rate / CLIENTS)):
                due = started + count * CLIENTS / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                keda.metric("games", "lobby", minAvailable="0.3")
                latencies.append((time.perf_counter() - due) * 1e3)
        return latencies[int(WARM_UP_SECONDS * rate / CLIENTS) :]

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sorted(one for latencies in pool.map(client, range(CLIENTS)) for one in latencies)


def measure(name: str, address: str, pipe: Connection, rate: float, seconds: float) -> float:
    """Print what clients see; return the 99th percentile in milliseconds."""
    before = processor_time(pipe)
    latencies = ask(address, rate, seconds)
    used = processor_time(pipe) - before
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    asked = (WARM_UP_SECONDS + seconds) * rate
    print(
        f"{name}: {len(latencies) / seconds:.0f} answers a second, p50 {p50:.2f} ms,"
        f" p99 {p99:.2f} ms, worst {latencies[-1]:.1f} ms,"
        f" {used / asked * 1e6:.0f} us of processor time each"
    )
    return p99


def processor_time(pipe: Connection, word: str = "tell") -> float:
    """Return the seconds that the scaler's process has used."""
    pipe.send(word)
    return float(pipe.recv())


def main() -> int:
    """Print the figures and whether the goal is met."""
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else RATE
    servers = int(sys.argv[2]) if len(sys.argv) > 2 else SERVERS
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else SECONDS
    context = get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, servers))
    process.start()
    address = str(pipe.recv())
    worst = measure("nothing changes", address, pipe, rate, seconds)
    processor_time(pipe, "change")
    worst = max(worst, measure("a tenth changes a second", address, pipe, rate, seconds))
    pipe.send("stop")
    process.join()
    verdict = "met   " if worst <= GOAL_MILLISECONDS else "MISSED"
    print(f"{verdict} at most {GOAL_MILLISECONDS:g} ms at the 99th percentile")
    return 0 if worst <= GOAL_MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
