"""A node that runs real containers, beside a control plane on the same machine.

containerd and a kubelet, with what they need, have process ids and mounts of their own: they end
all at once, together with every container, and also when the tests are killed. Pods get addresses
on a bridge of this machine; no packet leaves it, and no image is ever pulled. Needs Linux and root.

Containers need an image that was loaded and ``imagePullPolicy: IfNotPresent``: what OpenKruise
writes into a template that says nothing is ``Always``.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from okg.api.core import Node, Pod
from okg.cache.client import CachedClient
from okg.cache.informers import Informers
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import ConfigError
from okg.runtime.controller import Controller
from okg.runtime.handlers import enqueue_object
from okg.runtime.watch import Watch
from okg.testing.binaries import KUBELET, cache_folder, find_program
from okg.testing.binding import Binder
from okg.testing.bridge import Bridge
from okg.testing.cgroups import ControlGroup
from okg.testing.controlplane import SERVICE_ADDRESS, ControlPlane
from okg.testing.debian import ContainerPrograms, find_container_programs
from okg.testing.images import Image, make_image
from okg.testing.node_config import (
    INIT,
    REGISTRIES,
    SETTINGS,
    containerd_config,
    kubelet_config,
    network_config,
)
from okg.testing.port_rules import PortRules, iptables_script
from okg.testing.processes import ServerProcess, StartFailed
from okg.testing.service_entrance import ServiceEntrance
from okg.testing.standalone import run_standalone
from okg.threads import ThreadGroup

_START_SECONDS = 60.0
_SOCKET = "containerd.sock"
_IPTABLES = "bin/iptables"
_IMPORT = ("images", "import", "-")
# The longest that busybox sleeps.
_PAUSE = ("sleep", "2147483647")
# With --kill-child the first process of the node is killed with `unshare`, and the kernel kills
# with it whatever has a process id there.
_ISOLATION = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation=private")
_TOOLS = ("mount", "setpriv", "unshare")


class ContainerNode:
    """One node with a kubelet; a context manager, used once.

    There is no scheduler: every pod that has no node is bound to this one. Start it from a thread
    that outlives it, the main thread at best (see ``ServerProcess``).

    Args:
        plane: control plane that runs on this machine.
        name: of the Node.

    Attributes:
        programs: what it runs, once it was started; images are made with their busybox.
        bridge: name of the network device that its pods are attached to.
        folder: configuration and log of this run; there while the node runs.
    """

    def __init__(self, plane: ControlPlane, *, name: str = "container-node") -> None:
        self.plane = plane
        self.name = name
        self.programs = ContainerPrograms(Path())
        self.bridge = ""
        self.folder = Path()
        self._stack = ExitStack()

    @property
    def cluster(self) -> ControlPlane:
        """The control plane, as the cluster that this is a node of."""
        return self.plane

    @property
    def busybox(self) -> Path:
        """What images are made with."""
        return self.programs.busybox

    def __enter__(self) -> Self:
        """Start the node."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the node."""
        self.stop()

    def start(self) -> None:
        """Return when the Node is Ready: in seconds, once the programs are there.

        Raises:
            ConfigError: this machine cannot run it, or a program cannot be had.
            StartFailed: it did not start; carries the end of its log.
        """
        kubelet, self.programs = find_node_programs()
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="okg-node-"))
            self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            bridge = self._create_bridge()
            pause = make_image("pause", "1", {}, _PAUSE, busybox=self.programs.busybox)
            self._write_files(bridge, pause)
            self._make_rules()
            server = self._start_server(kubelet, bridge)
            server.wait_ready(lambda: not self._import(pause), timeout=_START_SECONDS)
            api = self._connect()
            server.wait_ready(
                lambda: is_ready(api.get(Node, "", self.name)), timeout=_START_SECONDS
            )
            self._start_binder(api)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every container and the node, and remove what they used; harmless when stopped.

        The Node object and its pods stay, as when a machine loses its power.
        """
        self._stack.close()

    def load(self, image: Image) -> None:
        """Make an image known to the node.

        Raises:
            StartFailed: containerd refused it.
        """
        if refusal := self._import(image):
            raise StartFailed(f"loading {image.reference} failed:\n{refusal}")

    def _import(self, image: Image) -> str:
        """Return why containerd did not take an image, or nothing."""
        done = subprocess.run(
            [self.programs.ctr, "-a", self.folder / _SOCKET, "-n", "k8s.io", *_IMPORT],
            input=image.archive,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said = done.stdout.decode(errors="replace")
        return said or f"exit code {done.returncode}" if done.returncode else ""

    def _create_bridge(self) -> Bridge:
        bridge = Bridge(self.programs.busybox)
        self._stack.callback(bridge.remove)
        bridge.create()
        group = ControlGroup(bridge.name)
        self._stack.callback(group.remove)
        group.create()
        self.bridge = bridge.name
        return bridge

    def _make_rules(self) -> None:
        rules = PortRules(self.folder / _IPTABLES, self.bridge)
        self._stack.callback(rules.remove)
        rules.remove()
        if self.plane.workloads:
            entrance = ServiceEntrance(self.folder / _IPTABLES, self.bridge)
            self._stack.callback(entrance.close)
            entrance.open(SERVICE_ADDRESS, self.plane.port)

    def _write_files(self, bridge: Bridge, pause: Image) -> None:
        serving = self.plane.issue_server([str(bridge.address)])
        files = {
            "init": INIT.encode(),
            _IPTABLES: iptables_script(self.programs).encode(),
            "containerd.toml": containerd_config(
                self.folder, self.programs, pause.reference
            ).encode(),
            "network/10-bridge.conflist": network_config(bridge.name, bridge.subnet),
            "registries/_default/hosts.toml": REGISTRIES.encode(),
            "kubelet.json": kubelet_config(
                self.folder, address=str(bridge.address), cgroup=f"/{bridge.name}"
            ),
            "ca.crt": self.plane.ca_file.read_bytes(),
            "serving.crt": serving.public,
            "serving.key": serving.private,
            "kubeconfig": self.plane.add_user_kubeconfig(
                f"system:node:{self.name}", groups=["system:nodes"]
            ).read_bytes(),
            **{f"settings/{name}": value.encode() for name, value in SETTINGS.items()},
        }
        for name, content in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)
        (self.folder / _IPTABLES).chmod(0o755)

    def _start_server(self, kubelet: Path, bridge: Bridge) -> ServerProcess:
        containerd, runc = self.programs.containerd, self.programs.runc
        arguments = [self.folder, containerd, kubelet, self.name, bridge.address]
        own = (self.folder / _IPTABLES).parent
        folders = [str(own), str(containerd.parent), str(runc.parent), os.environ["PATH"]]
        server = ServerProcess(
            self.name,
            [*_ISOLATION, "sh", self.folder / "init", *map(str, arguments)],
            log=self.folder / "node.log",
            environment={**os.environ, "PATH": os.pathsep.join(folders)},
        )
        self._stack.callback(stop_namespace, server)
        server.wait_ready((self.folder / _SOCKET).exists, timeout=_START_SECONDS)
        return server

    def _start_binder(self, api: ApiClient) -> None:
        informers = Informers(api)
        binder = Binder(api, CachedClient(api, informers), self.name)
        controller = Controller(f"{self.name}-binder", binder, [Watch(Pod, enqueue_object)])
        group = ThreadGroup(Context())
        self._stack.callback(group.join)
        self._stack.callback(group.stop)
        group.start(controller.name, lambda ctx: run_standalone(ctx, controller, informers))

    def _connect(self) -> ApiClient:
        return ApiClient(Urllib3Transport(connect(str(self.plane.kubeconfig))))


def stop_namespace(server: ServerProcess) -> None:
    """End `unshare` and, with the first process that it started, all others."""
    if server.running:
        # To the group, because `unshare` itself only waits. Once the first process has ended, the
        # kernel ends the others, and only then `unshare` is told.
        os.killpg(server.pid, signal.SIGTERM)
    server.stop()


def find_node_programs() -> tuple[Path, ContainerPrograms]:
    """Return the kubelet and what runs containers, made ready if need be (minutes).

    Raises:
        ConfigError: they cannot be had or not be used here; says what to do.
    """
    if os.geteuid() != 0:
        raise ConfigError("real containers need root: run the tests as root")
    if absent := [tool for tool in _TOOLS if not shutil.which(tool)]:
        raise ConfigError(f"no {' and no '.join(absent)} on the path: install util-linux and mount")
    tried = subprocess.run([*_ISOLATION, "true"], check=False, capture_output=True, text=True)
    if tried.returncode:
        raise ConfigError(
            f"real containers need mounts and process ids of their own, which the kernel refuses:"
            f" {tried.stderr.strip()}; run the tests on a machine or in a privileged container"
        )
    return find_program(KUBELET), find_container_programs(cache_folder())


def is_ready(node: Node | None) -> bool:
    """Whether a node tells that it can run pods."""
    conditions = node.status.conditions if node else ()
    return any(c.type == "Ready" and c.status == "True" for c in conditions)
