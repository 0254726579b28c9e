"""A control plane on this machine for a shell: kubectl, okg, or a debugger."""

import argparse
import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import NoReturn

from okg.errors import ConfigError, OkgError
from okg.testing.binaries import (
    ARGOHEALTH,
    CUE,
    ETCD,
    HELM,
    KRUISE_MANAGER,
    KSTATUS,
    KUBE_APISERVER,
    KUBE_CONTROLLER_MANAGER,
    KUSTOMIZE,
    cache_folder,
    find_kruise_manifests,
    find_program,
)
from okg.testing.buildah import find_buildah
from okg.testing.container_node import find_node_programs
from okg.testing.controlplane import ControlPlane
from okg.testing.kruise import KruiseManager
from okg.testing.prometheus import find_prometheus

FOLDER = cache_folder() / "controlplane"
STATE = FOLDER / "state.json"
KUBECONFIG = FOLDER / "kubeconfig"
LOG = FOLDER / "log"
LOCK = FOLDER / "lock"

# kruise-manager alone may take 30 seconds for an orderly end.
DOWN_SECONDS = 60.0
POLL_SECONDS = 0.1


def build(*, kruise: bool) -> None:
    """Build what is not in the cache yet; here, so that its progress is seen."""
    for program in (ETCD, KUBE_APISERVER, KUBE_CONTROLLER_MANAGER):
        find_program(program)
    if kruise:
        find_program(KRUISE_MANAGER)
        find_kruise_manifests()


def build_renderers() -> None:
    """Build and get what the tests render, judge and try the manifests with."""
    for program in (KUSTOMIZE, HELM, CUE, KSTATUS, ARGOHEALTH):
        find_program(program)
    try:
        find_prometheus(cache_folder())
    except ConfigError as error:
        print(f"hack/controlplane: {error}", file=sys.stderr)


def build_containers() -> None:
    """Get what builds and runs them; without it, the tests that need it say why they do not run."""
    try:
        find_node_programs()
        find_buildah(cache_folder())
    except ConfigError as error:
        print(f"hack/controlplane: {error}", file=sys.stderr)


def run(*, kruise: bool) -> None:
    """Run a control plane until a signal comes."""
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lock = stack.enter_context(LOCK.open("a"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError("a control plane runs already; end it with `down`") from error
        # First in, last out: `down` takes the file's absence for our end.
        stack.callback(STATE.unlink, missing_ok=True)
        plane = stack.enter_context(ControlPlane())
        if kruise:
            stack.enter_context(KruiseManager(plane))
        plane.write_kubeconfig(KUBECONFIG)
        KUBECONFIG.chmod(0o600)
        # Last, because whoever waits for us waits for this file.
        STATE.write_text(json.dumps({"pid": os.getpid(), "url": plane.url, "kruise": kruise}))
        print_export()
        while True:
            signal.pause()


def end(number: int, _frame: object) -> NoReturn:
    """End the process in order: the exception unwinds what runs."""
    # A second signal must not interrupt the unwinding.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def up(*, kruise: bool) -> int:
    """Start a control plane in the background."""
    if read_state():
        print_export()
        return 0
    build(kruise=kruise)
    FOLDER.mkdir(parents=True, exist_ok=True)
    # What a killed one has left: found again, it would be asked for its lock while we start.
    STATE.unlink(missing_ok=True)
    arguments = ["up", "--foreground", *(["--kruise"] if kruise else [])]
    with LOG.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while not read_state():
        if child.poll() is not None:
            sys.stderr.write(LOG.read_text())
            return 1
        time.sleep(POLL_SECONDS)
    print_export()
    return 0


def down() -> int:
    """End the control plane and wait until it is gone."""
    state = read_state()
    if not state:
        print("no control plane runs", file=sys.stderr)
        return 0
    os.kill(int(str(state["pid"])), signal.SIGTERM)
    end_at = time.monotonic() + DOWN_SECONDS
    while read_state():
        if time.monotonic() > end_at:
            print(f"process {state['pid']} does not end; see {LOG}", file=sys.stderr)
            return 1
        time.sleep(POLL_SECONDS)
    return 0


def status() -> int:
    """Print what runs; the exit code is 1 when nothing does."""
    state = read_state()
    if not state:
        print("no control plane runs")
        return 1
    beside = " with kruise-manager" if state["kruise"] else ""
    print(f"control plane{beside} at {state['url']}, process {state['pid']}")
    return 0


def kubeconfig() -> int:
    """Print the path of the administrator's kubeconfig."""
    if not read_state():
        print("no control plane runs", file=sys.stderr)
        return 1
    print(KUBECONFIG)
    return 0


def read_state() -> Mapping[str, object] | None:
    """Return what the running control plane wrote down, or None when none runs."""
    try:
        state: Mapping[str, object] = json.loads(STATE.read_text())
    except FileNotFoundError:
        return None
    return state if is_held() else None


def is_held() -> bool:
    """Whether a control plane runs: its process holds the lock as long as it lives."""
    with LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def print_export() -> None:
    """Print the line that makes a shell use the control plane."""
    print(f"export KUBECONFIG={shlex.quote(str(KUBECONFIG))}", flush=True)


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="hack/controlplane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    starts = commands.add_parser("up", help="start one, unless it runs")
    starts.add_argument("--kruise", action="store_true", help="with OpenKruise's manager")
    starts.add_argument("--foreground", action="store_true", help="until a signal comes")
    commands.add_parser("down", help="end it")
    commands.add_parser("kubeconfig", help="print the path of its kubeconfig")
    commands.add_parser("status", help="print whether it runs")
    builds = commands.add_parser(
        "build", help="build its programs, OpenKruise's manager, kustomize and helm, get Prometheus"
    )
    builds.add_argument(
        "--containers", action="store_true", help="and what builds and runs real containers"
    )
    options = parser.parse_args()
    try:
        match options.command:
            case "up" if options.foreground:
                run(kruise=options.kruise)
            case "up":
                return up(kruise=options.kruise)
            case "build":
                build(kruise=True)
                build_renderers()
                if options.containers:
                    build_containers()
            case _:
                return {"down": down, "kubeconfig": kubeconfig, "status": status}[options.command]()
    except OkgError as error:
        print(f"hack/controlplane: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
