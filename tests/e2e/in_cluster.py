"""The manager as it is installed: a Deployment of its image, in a cluster that knows no other."""

import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client as k8s, config as k8s_config

from e2e.game_pods import load_game
from e2e.manager_image import ManagerImage
from integration.arena import ROOT, SYSTEM, Grounds
from integration.rendering import kustomized
from okg.api.core import Pod
from okg.context import Context
from okg.errors import OkgError
from okg.testing.container_node import ContainerNode
from okg.testing.controlplane import ControlPlane
from okg.testing.images import Image
from okg.testing.kruise import KruiseManager
from okg.testing.rest import RestClient
from okg.threads import ThreadGroup

DEPLOYMENT = "kruise-game-controller-manager"
_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/game-kruise-manager"
_WEBHOOKS = (
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
    "/kruise-game-mutating-webhook"
)
_LAST_LINES = 25
_PAUSE = 0.05
"""Seconds between two admissions; both processors have games to start besides."""


class Installation(Grounds):
    """A cluster with the manager in it.

    Args:
        plane: the cluster.
        core: the official client.
        folder: for what is rendered.
        game: image of a game that the cluster has.
    """

    def __init__(self, plane: ControlPlane, core: k8s.CoreV1Api, folder: Path, game: Image) -> None:
        super().__init__(plane, plane.kubeconfig, folder)
        self.game = game
        self._core = core

    # Any: what it holds depends on the kind.
    def deployment(self) -> Any:
        """Return the manager's Deployment."""
        return self.rest.get(f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/{DEPLOYMENT}")

    def is_complete(self) -> bool:
        """Whether all replicas there are are those that are wanted, and Ready."""
        found = self.deployment()
        status = found.get("status", {})
        counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
        return counts == [found["spec"]["replicas"]] * 3

    def replicas(self) -> Sequence[Pod]:
        """Return the manager's pods."""
        return self.admin.list(Pod, namespace=SYSTEM)

    def leader(self) -> str:
        """Return the name of the pod that leads; empty while none does."""
        lease: Any = self.rest.get(_LEASE)
        return str(lease["spec"].get("holderIdentity") or "").partition("_")[0]

    def delete_replica(self, name: str) -> None:
        """Delete a pod of the manager, as `kubectl delete pod` does."""
        self.rest.call("DELETE", f"/api/v1/namespaces/{SYSTEM}/pods/{name}")

    def has_registered(self) -> bool:
        """Whether the API server asks the manager about pods."""
        found: Any = self.rest.get(_WEBHOOKS)
        return any(each["clientConfig"].get("caBundle") for each in found.get("webhooks", ()))

    def logs(self) -> Iterator[tuple[str, str]]:
        """Yield what each container of the manager has written last."""
        for pod in self.replicas():
            for name in ("manager", "webhooks"):
                yield f"{pod.metadata.name} {name}", self._last_lines(pod.metadata.name, name)

    def _last_lines(self, pod: str, container: str) -> str:
        try:
            return str(
                self._core.read_namespaced_pod_log(
                    pod, SYSTEM, container=container, tail_lines=_LAST_LINES
                )
            )
        except k8s.ApiException as error:
            # One that has not started, or is gone by now.
            return str(error.reason)


class Admissions:
    """Pods that the webhook is asked about and that are never made, one after another.

    Attributes:
        answered: how many were let in.
        refused: what was said of the others, and how many seconds after the start.
    """

    def __init__(self, rest: RestClient, namespace: str) -> None:
        self.answered = 0
        self.refused: list[str] = []
        self._rest = rest
        self._path = f"/api/v1/namespaces/{namespace}/pods"

    @contextmanager
    def running(self) -> Generator[None]:
        """Go on while the body runs."""
        group = ThreadGroup(Context())
        group.start("admissions", self._work)
        try:
            yield
        finally:
            group.stop()
            group.join()

    def _work(self, ctx: Context) -> None:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"generateName": "asked-", "labels": {"game.kruise.io/owner-gss": "a"}},
            "spec": {"containers": [{"name": "game", "image": "game:1"}]},
        }
        started = time.monotonic()
        while ctx.sleep(_PAUSE):
            try:
                self._rest.call("POST", self._path, pod, query={"dryRun": "All"})
                self.answered += 1
            except OkgError as error:
                self.refused.append(f"{time.monotonic() - started:.2f} s: {error}")


@contextmanager
def open_installation(image: ManagerImage, folder: Path) -> Generator[Installation]:
    """Start a cluster with OpenKruise, and install the manager in it with two replicas."""
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane(workloads=True))
        stack.enter_context(KruiseManager(plane))
        node = stack.enter_context(ContainerNode(plane))
        node.load(image.image)
        plane.apply(*kustomized(str(_write_overlay(folder, image.image))))
        api = stack.enter_context(
            k8s_config.new_client_from_config(str(plane.kubeconfig))  # type: ignore[no-untyped-call]  # it has no annotations
        )
        yield Installation(plane, k8s.CoreV1Api(api), folder, load_game(node, "1.0"))


def _write_overlay(folder: Path, image: Image) -> Path:
    """Write the overlay of somebody who has an image of their own."""
    name, _, tag = image.reference.rpartition(":")
    overlay = {
        "resources": [os.path.relpath(ROOT / "config/overlays/ha", folder)],
        "images": [{"name": "okg", "newName": name, "newTag": tag}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return folder
