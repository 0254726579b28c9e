"""Games in real containers without OpenKruise: the native back end as a process of its own."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client as k8s, config as k8s_config

from e2e.game_pods import get
from integration.arena import ROOT, Arena, ManagerProcess, rights
from okg.testing.container_node import ContainerNode
from okg.testing.eventually import eventually
from okg.testing.game_image import PODINFO
from okg.testing.images import Image

_FIELDS = {"labels": "metadata.labels", "annotations": "metadata.annotations"}
_PODINFO_VOLUME = {
    "name": "podinfo",
    "downwardAPI": {
        "items": [{"path": k, "fieldRef": {"fieldPath": v}} for k, v in _FIELDS.items()]
    },
}

_IDLE = ["sh", "-c", "trap 'exit 0' TERM; sleep 3600 & wait"]


class ContainerArena(Arena):
    """An arena whose pods run on a real node.

    Args:
        node: a node that runs.
        core: the official client.
        folder: for logs.
    """

    def __init__(self, node: ContainerNode, core: k8s.CoreV1Api, folder: Path) -> None:
        super().__init__(node.plane, folder)
        self.node = node
        self.core = core

    # Any: in the typed model every field of a Pod may be None.
    def pod(self, namespace: str, name: str) -> Any:
        """Return a pod as the official client reads it."""
        return self.core.read_namespaced_pod(name, namespace)

    def playing(self, namespace: str) -> dict[str, str]:
        """Return the version that the game of each Ready pod answers."""
        return {
            name: get(pod.status.pod_ip, "/version").strip()
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
def open_container_arena(node: ContainerNode, folder: Path) -> Generator[ContainerArena]:
    """Prepare a plane with a real node for games."""
    plane = node.plane
    plane.apply(*sorted((ROOT / "config/crd/bases").glob("*.yaml")), *rights())
    kubeconfig = str(plane.kubeconfig)
    with k8s_config.new_client_from_config(kubeconfig) as api:  # type: ignore[no-untyped-call]  # it has no annotations
        yield ContainerArena(node, k8s.CoreV1Api(api), folder)


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
