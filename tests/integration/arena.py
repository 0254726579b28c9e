"""The arena of the game tests: a plane with OpenKruise and simulated nodes, and the binary on it.

The binary runs with the manager's own role, never as an administrator.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import urllib3
import yaml

from okg.api.core import Event, Namespace, Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.meta import ObjectMeta
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.context import Context
from okg.testing.cluster import Cluster
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.testing.kruise import QPS, KruiseManager
from okg.testing.nodes import NodeSimulator
from okg.testing.ports import free_ports
from okg.testing.processes import ServerProcess, last_lines
from okg.testing.rest import RestClient
from okg.threads import ThreadGroup

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = "kruise-game-system"
ACCOUNT = "controller-manager"
RBAC = "rbac.authorization.k8s.io"


class ManagerProcess:
    """`okg manager` as a process of its own."""

    def __init__(self, process: ServerProcess, health_port: int, metrics_port: int) -> None:
        self.process = process
        self.health = f"http://127.0.0.1:{health_port}"
        self.metrics = f"http://127.0.0.1:{metrics_port}"

    @property
    def log(self) -> str:
        return self.process.log.read_text(errors="replace")

    def is_ready(self) -> bool:
        try:
            return urllib3.request("GET", f"{self.health}/readyz", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def kill(self) -> None:
        self.process.kill()

    def stop(self) -> None:
        self.process.stop(grace=40)


class Grounds:
    """Where games are played, on any cluster. Each test plays in a namespace of its own.

    Args:
        cluster: whatever it is.
        kubeconfig: of the manager.
        folder: for logs.
        environment: of the manager; ours if not given.
    """

    def __init__(
        self,
        cluster: Cluster,
        kubeconfig: Path,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.cluster = cluster
        self.kubeconfig = kubeconfig
        self.environment = os.environ if environment is None else environment
        self.folder = folder
        self.started: list[ManagerProcess] = []
        self.admin = ApiClient(Urllib3Transport(connect(str(cluster.kubeconfig))))

    @property
    def rest(self) -> RestClient:
        return self.cluster.rest

    def namespace(self) -> str:
        name = f"game-{uuid4().hex[:8]}"
        self.admin.create(Namespace(metadata=ObjectMeta(name=name)))
        return name

    @contextmanager
    def manager(self, *flags: str, **environment: str) -> Generator[ManagerProcess]:
        manager = self.start_manager(*flags, **environment)
        try:
            manager.process.wait_ready(manager.is_ready, timeout=30)
            yield manager
        finally:
            manager.stop()

    def start_manager(self, *flags: str, **environment: str) -> ManagerProcess:
        health, metrics = free_ports(2)
        process = ServerProcess(
            "okg manager",
            [
                Path(sys.executable).with_name("okg"),
                "manager",
                f"--kubeconfig={self.kubeconfig}",
                f"--health-probe-bind-address=127.0.0.1:{health}",
                f"--metrics-bind-address=127.0.0.1:{metrics}",
                "--scale-server-bind-address=0",
                "--webhook-port=0",  # many run on one machine; the last of two equal flags counts
                *flags,
            ],
            log=self.folder / f"manager-{health}.log",
            environment={**self.environment, **environment},
        )
        self.started.append(ManagerProcess(process, health, metrics))
        return self.started[-1]

    def written_since(self, start: float) -> list[str]:
        """Ends of the logs of all managers that have written since ``start``, a Unix time."""
        logs = (manager.process.log for manager in self.started)
        return [last_lines(log, 25) for log in logs if log.stat().st_mtime >= start]

    def create_set(self, namespace: str, name: str, **spec: object) -> GameServerSet:
        manifest = {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"gameServerTemplate": template(), **spec},
        }
        return self.admin.create(
            msgspec.json.decode(msgspec.json.encode(manifest), type=GameServerSet)
        )

    def play(self, namespace: str, **spec: object) -> None:
        """Create set ``a`` and wait until its first three servers are Ready."""
        self.create_set(namespace, "a", **{"replicas": 3, "updateStrategy": in_place()} | spec)
        eventually(lambda: self.ready(namespace) == names("a", range(3)), within=60)

    def edit_set(self, namespace: str, name: str, spec: Mapping[str, object]) -> None:
        self._edit("gameserversets", namespace, name, {"spec": spec})

    def edit_server(self, namespace: str, name: str, change: Mapping[str, object]) -> None:
        self._edit("gameservers", namespace, name, change)

    def get_set(self, namespace: str, name: str) -> GameServerSet:
        found = self.admin.get(GameServerSet, namespace, name)
        assert found is not None
        return found

    def pods(self, namespace: str) -> dict[str, Pod]:
        return {pod.metadata.name: pod for pod in self.admin.list(Pod, namespace=namespace)}

    def images(self, namespace: str) -> list[str]:
        """Image that the game container of each pod reports as running."""
        return [
            status.image
            for _, pod in sorted(self.pods(namespace).items())
            for status in pod.status.container_statuses
            if status.name == "game"
        ]

    def kubectl(self, namespace: str, *words: str) -> int:
        """Run kubectl as the administrator and return its exit code."""
        command = ["kubectl", f"--kubeconfig={self.cluster.kubeconfig}", f"--namespace={namespace}"]
        return subprocess.run([*command, *words], capture_output=True, check=False).returncode

    def servers(self, namespace: str) -> dict[str, GameServer]:
        found = self.admin.list(GameServer, namespace=namespace)
        return {server.metadata.name: server for server in found}

    def ready(self, namespace: str) -> set[str]:
        """Names of the servers that are Ready and on their way nowhere."""
        return {
            name
            for name, server in self.servers(namespace).items()
            if server.status.current_state == "Ready" and not server.metadata.deletion_timestamp
        }

    def events(self, namespace: str, reason: str) -> list[Event]:
        return [e for e in self.admin.list(Event, namespace=namespace) if e.reason == reason]

    def _edit(self, plural: str, namespace: str, name: str, change: Mapping[str, object]) -> None:
        path = f"/apis/game.kruise.io/v1alpha1/namespaces/{namespace}/{plural}/{name}"
        self.rest.call("PATCH", path, change, content_type="application/merge-patch+json")


class Arena(Grounds):
    """Grounds on a control plane of this machine. One for all tests."""

    def __init__(
        self, plane: ControlPlane, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        kubeconfig = plane.write_kubeconfig(folder / "manager", user="okg-manager")
        super().__init__(plane, kubeconfig, folder, environment)
        self.plane = plane


def template(
    image: str = "game:1", sidecar: str = "sidecar:1", **fields: object
) -> dict[str, object]:
    containers = [{"name": "game", "image": image}, {"name": "sidecar", "image": sidecar}]
    return {"metadata": {"labels": {"app": "game"}}, "spec": {"containers": containers}, **fields}


def in_place(**fields: object) -> dict[str, object]:
    return {
        "rollingUpdate": {"podUpdatePolicy": "InPlaceIfPossible", "maxUnavailable": "100%"} | fields
    }


def names(prefix: str, ids: Iterable[int]) -> set[str]:
    return {f"{prefix}-{number}" for number in ids}


@contextmanager
def open_arena(
    folder: Path,
    *,
    apiserver_args: Sequence[str] = (),
    start_delay: timedelta = timedelta(0),
    kruise_qps: int = QPS,
) -> Generator[Arena]:
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane(apiserver_args=apiserver_args))
        stack.enter_context(KruiseManager(plane, qps=kruise_qps))
        plane.apply(*sorted((ROOT / "config/crd/bases").glob("*.yaml")), *rights())
        arena = Arena(plane, folder)
        stack.enter_context(running(NodeSimulator(arena.admin, start_delay=start_delay).run))
        yield arena


@contextmanager
def running(*simulators: Callable[[Context], None]) -> Generator[None]:
    """Run simulators meanwhile, such as ``NodeSimulator(api).run``."""
    group = ThreadGroup(Context())
    for number, simulate in enumerate(simulators):
        group.start(f"simulator-{number}", simulate)
    try:
        yield
    finally:
        group.stop()
        group.join()


def rights(*more: str) -> list[dict[str, object]]:
    """The roles of an installation, and more by name, bound to whom the binary runs as.

    That is a user or, where users cannot be made, the service account of an installation.
    """
    names = (
        "manager-role",
        "manager-cluster-role",
        "kruise-workload-role",
        "kruise-life-role",
        "native-workload-role",
        "leader-election-role",
        "port-ledger-role",
        "cloud-role",
        "webhook-certificates-role",
        "webhook-registration-role",
        *more,
    )
    roles = [yaml.safe_load((ROOT / f"config/rbac/{name}.yaml").read_text()) for name in names]
    for role in (role for role in roles if role["kind"] == "Role"):
        role["metadata"]["namespace"] = SYSTEM
    user = {"apiGroup": RBAC, "kind": "User", "name": "okg-manager"}
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}}
    bindings = [
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": f"{bound['kind']}Binding",
            "metadata": bound["metadata"],
            "roleRef": {
                "apiGroup": RBAC,
                "kind": bound["kind"],
                "name": bound["metadata"]["name"],
            },
            "subjects": [user, account],
        }
        for bound in roles
    ]
    return [namespace, *roles, *bindings]
