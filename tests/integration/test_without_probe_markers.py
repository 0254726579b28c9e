"""An API server that has workloads but no PodProbeMarkers."""

from collections.abc import Generator
from pathlib import Path

import pytest

from integration.arena import ROOT, Arena, rights
from okg.api.kruise import AdvancedStatefulSet
from okg.testing.binaries import find_kruise_manifests
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def bare_arena(tmp_path: Path) -> Generator[Arena]:
    workloads = find_kruise_manifests() / "crds" / "apps.kruise.io_statefulsets.yaml"
    with ControlPlane() as plane:
        plane.apply(*sorted((ROOT / "config/crd/bases").glob("*.yaml")), workloads, *rights())
        yield Arena(plane, tmp_path)


def test_sets_with_service_qualities_run_and_the_manager_probes(bare_arena: Arena) -> None:
    arena = bare_arena
    namespace = arena.namespace()
    quality = {
        "name": "idle",
        "containerName": "game",
        "permanent": False,
        "tcpSocket": {"port": 7777},
    }

    with arena.manager("--workload-backend=kruise") as manager:
        arena.create_set(namespace, "probed", replicas=1, serviceQualities=[quality])
        eventually(
            lambda: arena.admin.get(AdvancedStatefulSet, namespace, "probed") is not None, within=30
        )
        assert "the manager probes itself" in manager.log

    assert arena.events(namespace, "InvalidSpec") == []


def test_openkruise_that_is_asked_for_and_not_there_is_told(bare_arena: Arena) -> None:
    manager = bare_arena.start_manager("--probe-mode=kruise")

    eventually(lambda: not manager.process.running, within=30)

    assert "install OpenKruise, or set --probe-mode=native" in manager.log
