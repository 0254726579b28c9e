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


def test_only_the_sets_that_need_them_are_concerned(bare_arena: Arena) -> None:
    arena = bare_arena
    namespace = arena.namespace()
    quality = {
        "name": "idle",
        "containerName": "game",
        "permanent": False,
        "exec": {"command": ["true"]},
    }

    with arena.manager() as manager:
        arena.create_set(namespace, "probed", replicas=1, serviceQualities=[quality])
        arena.create_set(namespace, "plain", replicas=1)
        [event] = eventually(lambda: arena.events(namespace, "InvalidSpec"), within=30)
        eventually(
            lambda: arena.admin.get(AdvancedStatefulSet, namespace, "plain") is not None, within=30
        )

    assert "does not serve podprobemarkers.apps.kruise.io" in event.message
    assert event.involved_object.name == "probed"
    assert arena.admin.get(AdvancedStatefulSet, namespace, "probed") is None
    assert "no PodProbeMarkers" in manager.log
