"""Games in real containers without OpenKruise: the native back end as a process of its own."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client as k8s, config as k8s_config

from integration.arena import ACCOUNT, ROOT, SYSTEM, Grounds, ManagerProcess, rights
from okg.testing.cluster import Cluster
from okg.testing.eventually import eventually
from okg.testing.game_image import GAME_PORT, PODINFO
from okg.testing.images import Image
from okg.testing.real_node import RealNode

_FIELDS = {"labels": "metadata.labels", "annotations": "metadata.annotations"}
_PODINFO_VOLUME = {
    "name": "podinfo",
    "downwardAPI": {
        "items": [{"path": k, "fieldRef": {"fieldPath": v}} for k, v in _FIELDS.items()]
    },
}

_NOT_YET = (502, 503)
"""What the API server answers while nobody listens in the pod."""

_IDLE = ["sh", "-c", "trap 'exit 0' TERM; sleep 3600 & wait"]


class ContainerArena(Grounds):
    """Grounds whose pods run on a real node. Games are asked through the API server.

    Args:
        node: a node that runs.
        core: the official client.
        folder: for logs.
    """

    def __init__(self, node: RealNode, core: k8s.CoreV1Api, folder: Path) -> None:
        cluster = node.cluster
        super().__init__(cluster, _kubeconfig_of_manager(cluster, folder), folder)
        self.node = node
        self._pool = urllib3.PoolManager(
            ca_certs=str(cluster.ca_file),
            headers={"Authorization": f"Bearer {cluster.admin_token}"},
            retries=urllib3.Retry(20, status_forcelist=_NOT_YET, backoff_factor=0.05),
            timeout=5.0,
        )
        self.core = core

    # Any: in the typed model every field of a Pod may be None.
    def pod(self, namespace: str, name: str) -> Any:
        """Return a pod as the official client reads it."""
        return self.core.read_namespaced_pod(name, namespace)

    def ask(self, namespace: str, name: str, path: str) -> str:
        """Ask a game; it listens a moment after its container has started."""
        pod = f"/api/v1/namespaces/{namespace}/pods/{name}:{GAME_PORT}/proxy"
        return self._pool.request("GET", f"{self.cluster.url}{pod}{path}").data.decode()

    def playing(self, namespace: str) -> dict[str, str]:
        """Return the version that the game of each Ready pod answers."""
        return {
            name: self.ask(namespace, name, "/version").strip()
            for name, pod in self.pods(namespace).items()
            if not pod.metadata.deletion_timestamp
            and any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)
        }

    def host(self, namespace: str, replicas: int, template: object, **spec: object) -> None:
        """Create set ``a`` and wait until its servers are Ready and known."""
        self.create_set(namespace, "a", replicas=replicas, gameServerTemplate=template, **spec)
        eventually(lambda: len(self.ready(namespace)) == replicas, within=60)

    def update(self, namespace: str, template: object) -> None:
        """Give set ``a`` another template."""
        self.edit_set(namespace, "a", {"gameServerTemplate": template})

    def condition(self, namespace: str, kind: str) -> tuple[str, str]:
        """Return status and reason of a condition of set ``a``."""
        status = self.get_set(namespace, "a").status
        found = next(c for c in (status.conditions if status else None) or () if c.type == kind)
        return found.status, found.reason


class MortalManager:
    """The binary, which can be killed and come back.

    Args:
        arena: where it manages.
        flags: of the manager, besides those that all have.
    """

    def __init__(self, arena: ContainerArena, *flags: str) -> None:
        self._arena = arena
        self._flags = flags
        self._process: ManagerProcess | None = None

    def start(self) -> None:
        """Start it; it is not waited for."""
        self._process = self._arena.start_manager("--workload-backend=native", *self._flags)

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        self._process.kill()

    def stop(self) -> None:
        """End it in order."""
        assert self._process is not None
        self._process.stop()


@contextmanager
def open_container_arena(node: RealNode, folder: Path) -> Generator[ContainerArena]:
    """Prepare a plane with a real node for games."""
    cluster = node.cluster
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": SYSTEM},
    }
    cluster.apply(*sorted((ROOT / "config/crd/bases").glob("*.yaml")), *rights(), account)
    kubeconfig = str(cluster.kubeconfig)
    with k8s_config.new_client_from_config(kubeconfig) as api:  # type: ignore[no-untyped-call]  # it has no annotations
        yield ContainerArena(node, k8s.CoreV1Api(api), folder)


def _kubeconfig_of_manager(cluster: Cluster, folder: Path) -> Path:
    path = f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/{ACCOUNT}/token"
    answer: Any = cluster.rest.call("POST", path, {"spec": {"expirationSeconds": 36000}})
    return cluster.write_kubeconfig(
        folder / "manager", user=ACCOUNT, token=answer["status"]["token"]
    )


def game_template(
    image: Image,
    sidecar: Image,
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    **game: object,
) -> dict[str, object]:
    """Return a template of a game that is told its pod's metadata, and a sidecar."""
    mounts = [{"name": "podinfo", "mountPath": PODINFO}]
    return {
        "metadata": {"labels": {"app": "game", **(labels or {})}, "annotations": annotations or {}},
        "spec": {
            "containers": [
                {"name": "game", "image": image.reference, "volumeMounts": mounts, **game},
                {"name": "sidecar", "image": sidecar.reference, "command": _IDLE},
            ],
            "volumes": [_PODINFO_VOLUME],
        },
    }


def seconds_until(probe: Callable[[], object], *, within: float) -> float:
    """Wait for a truthy answer and return how long that took."""
    begun = time.monotonic()
    eventually(probe, within=within)
    return time.monotonic() - begun
