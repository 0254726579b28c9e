"""The chart as a release of Helm: installed, upgraded and uninstalled on a real API server."""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import cast

import pytest

from integration.arena import SYSTEM, Arena
from integration.inventory import inventory
from integration.rendering import CHART, charted, containers
from okg.api.admissionregistration import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from okg.api.coordination import Lease
from okg.api.core import Secret
from okg.testing.binaries import HELM, find_program
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports

pytestmark = pytest.mark.integration

RELEASE = "games"
SECRET = "kruise-game-webhook-service-certs"
ACCOUNT = f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/kruise-game-controller-manager"
MUTATING = "kruise-game-mutating-webhook"
VALIDATING = "kruise-game-validating-webhook"


@pytest.fixture
def plane() -> Generator[ControlPlane]:
    """A server of the test's own, on which nothing is installed."""
    with ControlPlane() as plane:
        yield plane


def _helm(plane: ControlPlane, folder: Path, *arguments: str) -> None:
    homes = {f"HELM_{kind}_HOME": str(folder / kind) for kind in ("CACHE", "CONFIG", "DATA")}
    argv = [str(find_program(HELM)), f"--kubeconfig={plane.kubeconfig}", *arguments]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, **homes}
    )
    assert done.returncode == 0, done.stderr


def _account(plane: ControlPlane, folder: Path) -> Path:
    """Return a kubeconfig of the release's own service account."""
    status = plane.rest.call("POST", f"{ACCOUNT}/token", {"spec": {}})["status"]
    return plane.write_kubeconfig(folder / "account", token=cast("dict[str, str]", status)["token"])


def _registered(arena: Arena) -> bool:
    """Whether the sets are checked; without OpenKruise no pod needs a webhook."""
    mutating = arena.admin.get(MutatingWebhookConfiguration, "", MUTATING)
    validating = arena.admin.get(ValidatingWebhookConfiguration, "", VALIDATING)
    assert mutating is not None
    assert validating is not None
    return not mutating.webhooks and len(validating.webhooks) == 1


def test_a_release_leaves_nothing_behind_but_the_definitions(
    plane: ControlPlane, tmp_path: Path
) -> None:
    arena = Arena(plane, tmp_path)
    settings = (str(CHART), "--set=workload.backend=native")
    shipped = containers(charted("workload.backend=native", "replicaCount=2"))
    manager = [*shipped["manager"]["args"], f"--leader-election-namespace={SYSTEM}"]
    [port] = free_ports(1)
    webhooks = ["--controllers=false", f"--webhook-port={port}"]
    before = inventory(plane.rest)

    _helm(plane, tmp_path, "install", RELEASE, *settings)
    arena.kubeconfig = _account(plane, tmp_path)
    with (
        arena.manager(*manager),
        arena.manager(*webhooks, f"--webhook-server-certs-dir={tmp_path / 'certs'}"),
    ):
        eventually(lambda: _registered(arena), within=60)
        eventually(lambda: arena.admin.get(Lease, SYSTEM, "game-kruise-manager"), within=60)
        secret = arena.admin.get(Secret, SYSTEM, SECRET)
        _helm(plane, tmp_path, "upgrade", RELEASE, *settings, "--set=replicaCount=2")

        assert arena.admin.get(Secret, SYSTEM, SECRET) == secret
        assert _registered(arena)
    _helm(plane, tmp_path, "uninstall", RELEASE, "--wait")

    eventually(lambda: f"namespaces /{SYSTEM}" not in inventory(plane.rest), within=60)
    assert inventory(plane.rest) - before == {
        "customresourcedefinitions.apiextensions.k8s.io /gameservers.game.kruise.io",
        "customresourcedefinitions.apiextensions.k8s.io /gameserversets.game.kruise.io",
        "apiservices.apiregistration.k8s.io /v1alpha1.game.kruise.io",
    }
