"""Game servers in real containers behind ports of their node, as players reach them."""

import re
from collections.abc import Generator

import pytest

from e2e.container_arena import (
    ContainerArena,
    MortalManager,
    game_template,
    open_container_arena,
)
from e2e.game_pods import get, load_game
from integration.arena import SYSTEM
from okg.testing.container_node import ContainerNode
from okg.testing.eventually import eventually
from okg.testing.game_image import GAME_PORT
from okg.testing.images import Image

pytestmark = pytest.mark.e2e

PROVIDERS = """
[kubernetes]
enable = true
[kubernetes.hostPort]
min_port = 8000
max_port = 8002
"""
NETWORK = {
    "networkType": "Kubernetes-HostPort",
    "networkConf": [{"name": "ContainerPorts", "value": f"game:{GAME_PORT}"}],
}


@pytest.fixture(scope="module")
def arena(
    container_node: ContainerNode, tmp_path_factory: pytest.TempPathFactory
) -> Generator[ContainerArena]:
    with open_container_arena(container_node, tmp_path_factory.mktemp("arena")) as arena:
        yield arena


@pytest.fixture(scope="module")
def manager(arena: ContainerArena) -> Generator[MortalManager]:
    options = arena.folder / "providers.toml"
    options.write_text(PROVIDERS)
    manager = MortalManager(arena, f"--provider-config={options}")
    manager.start()
    yield manager
    manager.stop()


@pytest.fixture
def namespace(arena: ContainerArena, manager: MortalManager) -> Generator[str]:
    namespace = arena.namespace()
    yield namespace
    end(arena, namespace)


@pytest.fixture(scope="module")
def game(container_node: ContainerNode) -> Image:
    return load_game(container_node, "1.0")


def end(arena: ContainerArena, namespace: str) -> None:
    """Delete set ``a`` and wait until its pods are gone."""
    arena.admin.delete(arena.get_set(namespace, "a"))
    eventually(lambda: arena.pods(namespace) == {}, within=60)


def doors(arena: ContainerArena, namespace: str) -> dict[str, str]:
    """Return where players find each server whose network is Ready."""
    networks = {name: it.status.network_status for name, it in arena.servers(namespace).items()}
    return {
        name: f"{it.external_addresses[0].ip}:{it.external_addresses[0].ports[0].port}"
        for name, it in networks.items()
        if it.current_network_state == "Ready"
    }


def given(arena: ContainerArena) -> dict[str, str]:
    """Return what is on record of ports that are given, or claimed."""
    found = arena.core.read_namespaced_config_map("okg-ports-kubernetes-hostport", SYSTEM)
    return found.data or {}


def who(door: str) -> str:
    """Return the name of the server that answers there, as it knows it from its labels."""
    found = re.search(r'statefulset.kubernetes.io/pod-name="(.*)"', get(door, "/podinfo/labels"))
    return found[1] if found else ""


def host(arena: ContainerArena, namespace: str, game: Image, replicas: int) -> dict[str, str]:
    """Create set ``a`` and return where players find its servers."""
    arena.host(namespace, replicas, game_template(game, game), network=NETWORK)
    eventually(lambda: len(doors(arena, namespace)) == replicas, within=30)
    return doors(arena, namespace)


def test_players_reach_each_server_of_a_node_at_a_port_of_its_own(
    arena: ContainerArena, namespace: str, game: Image
) -> None:
    found = host(arena, namespace, game, 2)

    node = arena.pod(namespace, "a-0").status.host_ip
    assert set(found.values()) < {f"{node}:8000", f"{node}:8001", f"{node}:8002"}
    assert {name: who(door) for name, door in found.items()} == {"a-0": "a-0", "a-1": "a-1"}


def test_a_server_that_is_made_again_is_found_where_it_was(
    arena: ContainerArena, namespace: str, game: Image
) -> None:
    before = host(arena, namespace, game, 2)
    uid = arena.pod(namespace, "a-0").metadata.uid

    arena.core.delete_namespaced_pod("a-0", namespace)

    eventually(lambda: is_another(arena, namespace, uid), within=30)
    eventually(lambda: doors(arena, namespace) == before, within=30)
    assert {name: who(door) for name, door in before.items()} == {"a-0": "a-0", "a-1": "a-1"}


def test_a_server_that_is_deleted_without_a_manager_is_found_where_it_was(
    arena: ContainerArena, manager: MortalManager, namespace: str, game: Image
) -> None:
    before = host(arena, namespace, game, 2)

    manager.kill()
    arena.core.delete_namespaced_pod("a-0", namespace)
    eventually(lambda: set(arena.pods(namespace)) == {"a-1"}, within=30)
    alone = who(before["a-1"])
    manager.start()

    eventually(lambda: arena.ready(namespace) == {"a-0", "a-1"}, within=60)
    eventually(lambda: doors(arena, namespace) == before, within=30)
    assert alone == "a-1"
    assert who(before["a-0"]) == "a-0"


def test_ports_of_servers_that_are_gone_are_given_again(
    arena: ContainerArena, namespace: str, game: Image
) -> None:
    before = host(arena, namespace, game, 3)
    end(arena, namespace)
    eventually(lambda: given(arena) == {}, within=30)

    after = host(arena, namespace, game, 3)

    assert sorted(before.values()) == sorted(set(after.values()))
    assert {name: who(door) for name, door in after.items()} == {
        "a-0": "a-0",
        "a-1": "a-1",
        "a-2": "a-2",
    }


def is_another(arena: ContainerArena, namespace: str, uid: str) -> bool:
    """Whether a-0 has another pod, which is Ready."""
    pod = arena.pods(namespace).get("a-0")
    return pod is not None and pod.metadata.uid != uid and "a-0" in arena.ready(namespace)
