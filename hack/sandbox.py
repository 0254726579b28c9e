"""The main job in one command: a GameServerSet on a real API server, brought to Ready and watched.

Starts etcd, kube-apiserver, kube-controller-manager and OpenKruise's manager, plays the nodes, runs
`okg manager` as users run it, applies the sample and shows its game servers until Ctrl-C.
"""

import argparse
import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.live import Live
from rich.table import Table

from okg.api.game import GameServer, GameServerSet
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import OkgError, TransportError
from okg.telemetry.setup import LogSettings, configure
from okg.testing.controlplane import ControlPlane
from okg.testing.kruise import KruiseManager
from okg.testing.nodes import NodeSimulator
from okg.testing.ports import free_ports
from okg.threads import ThreadGroup

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "config" / "samples" / "gameserverset.yaml"
REFRESH_SECONDS = 0.25
STOP_SECONDS = 40.0

console = Console()


def main() -> int:
    """Run until Ctrl-C, or with ``--once`` until everything is Ready."""
    parser = argparse.ArgumentParser(prog="hack/sandbox", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end as soon as all are Ready")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to Ready (default 120)")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    configure(LogSettings(level=logging.WARNING))
    try:
        with sandbox() as plane:
            api = ApiClient(Urllib3Transport(connect(str(plane.kubeconfig))))
            ready = follow(api, timeout=options.timeout)
            if not ready:
                return 1
            explain(plane)
            if not options.once:
                keep_following(api)
    except KeyboardInterrupt:
        pass
    except OkgError as error:
        console.print(f"hack/sandbox: {error}", style="red", highlight=False)
        return 2
    finally:
        console.print("stopped; nothing is left running")
    return 0


def end(_number: int, _frame: object) -> NoReturn:
    """Let a terminated sandbox clean up as after Ctrl-C."""
    raise KeyboardInterrupt


@contextlib.contextmanager
def sandbox() -> Generator[ControlPlane]:
    """Run everything; what was started last ends first."""
    with contextlib.ExitStack() as stack:
        with step("etcd, kube-apiserver and kube-controller-manager"):
            plane = stack.enter_context(ControlPlane())
        with step("OpenKruise's manager"):
            stack.enter_context(KruiseManager(plane))
        with step("three simulated nodes"):
            stack.enter_context(simulated_nodes(plane))
        with step("the CustomResourceDefinitions of okg"):
            plane.apply(*sorted((ROOT / "config" / "crd" / "bases").glob("*.yaml")))
        with step("okg manager"):
            stack.enter_context(okg_manager(plane))
        plane.apply(SAMPLE)
        yield plane


@contextlib.contextmanager
def step(what: str) -> Generator[None]:
    """Say what is being started and how long it took."""
    started = time.monotonic()
    with console.status(f"starting {what}"):
        yield
    console.print(f"started {what} ({time.monotonic() - started:.1f} s)", highlight=False)


@contextlib.contextmanager
def simulated_nodes(plane: ControlPlane) -> Generator[None]:
    """Play the nodes in threads of this process."""
    api = ApiClient(Urllib3Transport(connect(str(plane.kubeconfig))))
    group = ThreadGroup(Context())
    group.start("nodes", NodeSimulator(api).run)
    try:
        yield
    finally:
        group.stop()
        group.join()


@contextlib.contextmanager
def okg_manager(plane: ControlPlane) -> Generator[None]:
    """Run the binary as users run it; its log is shown when it ends by itself."""
    metrics, health = free_ports(2)
    arguments = [
        str(Path(sys.executable).with_name("okg")),
        "manager",
        f"--kubeconfig={plane.kubeconfig}",
        f"--metrics-bind-address=127.0.0.1:{metrics}",
        f"--health-probe-bind-address=127.0.0.1:{health}",
        "--webhook-port=0",
        "--scale-server-bind-address=0",
    ]
    with tempfile.TemporaryFile() as log:
        # A session of its own: Ctrl-C is for us, and we end the manager in order.
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        watcher = threading.Thread(target=interrupt_when_it_ends, args=(process,))
        watcher.start()
        try:
            yield
        finally:
            unexpected = process.poll() is not None
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.kill()
            watcher.join()
            if unexpected:
                log.seek(0)
                console.print(log.read().decode(errors="replace"), highlight=False, markup=False)


def interrupt_when_it_ends(process: "subprocess.Popen[bytes]") -> None:
    """A manager that ends before it is told to ends the sandbox, too."""
    if process.wait() > 0:
        console.print("okg manager ended unexpectedly; its log:", style="red")
        os.kill(os.getpid(), signal.SIGINT)


def follow(api: ApiClient, *, timeout: float) -> bool:
    """Show the game servers until all are Ready; False when that takes too long."""
    ends = time.monotonic() + timeout
    with Live(console=console, refresh_per_second=4) as live:
        while time.monotonic() < ends:
            sets, servers = look(api)
            live.update(table(servers))
            if sets and all(is_ready(each, servers) for each in sets):
                return True
            time.sleep(REFRESH_SECONDS)
    console.print(f"not all game servers were Ready within {timeout:g} s", style="red")
    return False


def keep_following(api: ApiClient) -> None:
    """Show the game servers until Ctrl-C."""
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            with contextlib.suppress(TransportError):
                live.update(table(look(api)[1]))
            time.sleep(REFRESH_SECONDS)


def look(api: ApiClient) -> tuple[list[GameServerSet], list[GameServer]]:
    """Return all sets and servers."""
    return list(api.list(GameServerSet)), list(api.list(GameServer))


def is_ready(each: GameServerSet, servers: Iterable[GameServer]) -> bool:
    """Whether a set has as many Ready servers as it wants."""
    mine = [s for s in servers if s.metadata.namespace == each.metadata.namespace]
    ready = [s for s in mine if s.status.current_state == "Ready"]
    return each.spec is not None and len(ready) >= each.spec.replicas


def table(servers: Iterable[GameServer]) -> Table:
    """Return the table that `kubectl get gs` prints, with what else is worth a look."""
    columns = Table("NAMESPACE", "NAME", "STATE", "OPSSTATE", "DP", "UP", "NODE", "IP")
    for server in sorted(servers, key=lambda s: s.key):
        status, labels = server.status, server.metadata.labels
        style = "green" if status.current_state == "Ready" else "yellow"
        columns.add_row(
            server.metadata.namespace,
            server.metadata.name,
            f"[{style}]{status.current_state}",
            server.spec.ops_state,
            str(status.deletion_priority or ""),
            str(status.update_priority or ""),
            labels.get("game.kruise.io/node-name", ""),
            status.pod_status.pod_ip,
        )
    return columns


def explain(plane: ControlPlane) -> None:
    """Say how to look around."""
    console.print("\nAll game servers are Ready. In another shell:", highlight=False)
    for command in (
        "kubectl get gss,gs",
        "kubectl scale gss lobby --replicas=5",
        'kubectl patch gs lobby-1 --type=merge -p \'{"spec":{"opsState":"WaitToBeDeleted"}}\'',
    ):
        console.print(f"  KUBECONFIG={plane.kubeconfig} {command}", soft_wrap=True, highlight=False)
    console.print("Ctrl-C stops everything.\n")


if __name__ == "__main__":
    sys.exit(main())
