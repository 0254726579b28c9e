"""The manager plays with what the smaller installations give it, on a server without OpenKruise."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration.arena import RBAC, ROOT, SYSTEM, Arena, names, running
from integration.rendering import Rendered, charted, containers, kustomized, of_kind
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.testing.nodes import NodeSimulator

pytestmark = pytest.mark.integration

GAMES = "games"
NETWORK = {
    "networkType": "Kubernetes-HostPort",
    "networkConf": [{"name": "ContainerPorts", "value": "game:7777/UDP"}],
}


@contextmanager
def _installed(objects: list[Rendered], folder: Path) -> Generator[Arena]:
    """A plane with the roles of an installation, bound to whom the binary runs as."""
    user = {"apiGroup": RBAC, "kind": "User", "name": "okg-manager"}
    roles = of_kind(objects, "ClusterRole", "Role")
    bindings = [
        {**binding, "subjects": [user]}
        for binding in of_kind(objects, "ClusterRoleBinding", "RoleBinding")
    ]
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in (SYSTEM, GAMES)
    ]
    with ControlPlane() as plane:
        kinds = sorted((ROOT / "config/crd/bases").glob("*.yaml"))
        plane.apply(*kinds, *namespaces, *roles, *bindings)
        arena = Arena(plane, folder)
        with running(NodeSimulator(arena.admin).run):
            yield arena


def _flags(objects: list[Rendered]) -> list[str]:
    return [*containers(objects)["manager"]["args"], f"--leader-election-namespace={SYSTEM}"]


def _missed(folder: Path) -> list[str]:
    """Lines of the log about rights that are missing, but for those of networks left out."""
    [log] = folder.glob("manager-*.log")
    lines = log.read_text().splitlines()
    return [line for line in lines if "forbidden" in line and "networks cannot be used" not in line]


def _networks(arena: Arena, namespace: str) -> list[str]:
    return [
        server.status.network_status.current_network_state
        for server in arena.servers(namespace).values()
    ]


def test_the_native_overlay_is_enough_to_play(tmp_path: Path) -> None:
    objects = kustomized("overlays/native")

    with _installed(objects, tmp_path) as arena, arena.manager(*_flags(objects)):
        namespace = arena.namespace()
        arena.play(namespace, network=NETWORK)
        eventually(lambda: _networks(arena, namespace) == ["Ready"] * 3, within=60)
        arena.edit_set(namespace, "a", {"replicas": 1})
        eventually(lambda: arena.servers(namespace).keys() == names("a", [0]), within=60)

    assert _missed(tmp_path) == []


def test_a_manager_of_one_namespace_plays_there_and_nowhere_else(tmp_path: Path) -> None:
    objects = charted(f"watchNamespace={GAMES}", "workload.backend=native", "replicaCount=2")

    with _installed(objects, tmp_path) as arena, arena.manager(*_flags(objects)):
        elsewhere = arena.namespace()
        arena.create_set(elsewhere, "a", replicas=1)
        arena.play(GAMES, network=NETWORK)
        eventually(lambda: _networks(arena, GAMES) == ["Ready"] * 3, within=60)

        assert arena.pods(elsewhere) == {}

    assert _missed(tmp_path) == []
