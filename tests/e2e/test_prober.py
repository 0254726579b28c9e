"""Commands in real containers decide what their game servers are."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from integration.arena import ROOT, Arena, ManagerProcess, rights
from okg.api.core import PodCondition
from okg.client.execute import PodExecutor
from okg.client.http import Urllib3Transport
from okg.context import Context
from okg.testing.container_node import ContainerNode
from okg.testing.eventually import eventually
from okg.testing.game_image import STATE_FILE, make_game
from okg.testing.images import Image

pytestmark = pytest.mark.e2e

IS_IDLE = {"exec": {"command": ["sh", "-c", f"cat {STATE_FILE}; grep -q idle {STATE_FILE}"]}}
IDLE = {"state": True, "opsState": "WaitToBeDeleted"}
BUSY = {"state": False, "opsState": "Allocated"}


@pytest.fixture(scope="module")
def arena(
    container_node: ContainerNode, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Arena]:
    plane = container_node.plane
    kinds = sorted((ROOT / "config/crd/bases").glob("*.yaml"))
    plane.apply(*kinds, *rights("probe-exec-role"))
    arena = Arena(plane, tmp_path_factory.mktemp("arena"))
    yield arena
    arena.admin.transport.close()


@pytest.fixture
def namespace(arena: Arena) -> str:
    return arena.namespace()


@pytest.fixture(scope="module")
def game(container_node: ContainerNode) -> Image:
    image = make_game("probed", busybox=container_node.programs.busybox)
    container_node.load(image)
    return image


@contextmanager
def a_manager(arena: Arena, namespace: str) -> Generator[ManagerProcess]:
    """A manager that is killed, and not stopped, at the end."""
    manager = arena.start_manager("--workload-backend=native", f"--namespace={namespace}")
    try:
        manager.process.wait_ready(manager.is_ready, timeout=30)
        yield manager
    finally:
        manager.kill()


def play(arena: Arena, namespace: str, game: Image, **fields: object) -> None:
    """Create set ``a`` of one server and wait until it is Ready."""
    container = {"name": "game", "image": game.reference, "imagePullPolicy": "IfNotPresent"}
    quality = {
        "name": "idle",
        "containerName": "game",
        "permanent": False,
        "initialDelaySeconds": 3,
        "periodSeconds": 1,
        "failureThreshold": 1,
        "serviceQualityAction": [IDLE, BUSY],
        **fields,
    }
    arena.create_set(
        namespace,
        "a",
        replicas=1,
        gameServerTemplate={"spec": {"containers": [container]}},
        serviceQualities=[quality],
    )
    eventually(lambda: arena.ready(namespace) == {"a-0"}, within=90)


def run(arena: Arena, namespace: str, script: str) -> None:
    transport = arena.admin.transport
    assert isinstance(transport, Urllib3Transport)
    command = ["sh", "-c", script]
    PodExecutor(transport).run(Context(), namespace, "a-0", "game", command, timeout=20)


def ops_state(arena: Arena, namespace: str) -> str:
    return arena.servers(namespace)["a-0"].spec.ops_state


def said(arena: Arena, namespace: str) -> PodCondition | None:
    return arena.pods(namespace)["a-0"].status.condition("game.kruise.io/idle")


def says(arena: Arena, namespace: str, status: str, message: str) -> bool:
    found = said(arena, namespace)
    return found is not None and (found.status, found.message) == (status, message)


def restarts(arena: Arena, namespace: str) -> int:
    [container] = arena.pods(namespace)["a-0"].status.container_statuses
    return container.restart_count


def test_a_file_in_a_container_decides_what_its_server_is(
    arena: Arena, namespace: str, game: Image
) -> None:
    with a_manager(arena, namespace):
        play(arena, namespace, game, **IS_IDLE)
        eventually(lambda: ops_state(arena, namespace) == "WaitToBeDeleted", within=30)
        assert says(arena, namespace, "True", "idle\n")

        run(arena, namespace, f"echo busy >{STATE_FILE}")
        eventually(lambda: ops_state(arena, namespace) == "Allocated", within=30)
        assert says(arena, namespace, "False", "")

        run(arena, namespace, f"echo idle again >{STATE_FILE}")
        eventually(lambda: ops_state(arena, namespace) == "WaitToBeDeleted", within=30)
        assert says(arena, namespace, "True", "idle again\n")


def test_a_container_that_starts_again_is_not_yet_good(
    arena: Arena, namespace: str, game: Image
) -> None:
    with a_manager(arena, namespace):
        play(arena, namespace, game, **IS_IDLE, initialDelaySeconds=6)
        eventually(lambda: says(arena, namespace, "True", "idle\n"), within=30)
        before = said(arena, namespace)

        run(arena, namespace, "kill 1")
        eventually(
            lambda: restarts(arena, namespace) == 1 and says(arena, namespace, "False", ""),
            within=60,
            every=0.2,
        )
        eventually(lambda: says(arena, namespace, "True", "idle\n"), within=30)

    after = said(arena, namespace)
    assert before is not None
    assert before.last_transition_time is not None
    assert after is not None
    assert after.last_transition_time is not None
    assert after.last_transition_time > before.last_transition_time


def test_a_manager_that_is_killed_and_comes_back_flips_nothing(
    arena: Arena, namespace: str, game: Image
) -> None:
    with a_manager(arena, namespace):
        play(arena, namespace, game, **IS_IDLE)
        eventually(lambda: says(arena, namespace, "True", "idle\n"), within=30)
        before = said(arena, namespace)

    with a_manager(arena, namespace):
        run(arena, namespace, f"echo idle too >{STATE_FILE}")
        eventually(lambda: says(arena, namespace, "True", "idle too\n"), within=30)

    after = said(arena, namespace)
    assert before is not None
    assert after is not None
    assert after.last_transition_time == before.last_transition_time


def test_a_command_that_does_not_end_is_a_failure(
    arena: Arena, namespace: str, game: Image
) -> None:
    with a_manager(arena, namespace):
        play(arena, namespace, game, exec={"command": ["sleep", "30"]}, timeoutSeconds=1)

        eventually(lambda: says(arena, namespace, "False", "command timed out after 1s"), within=30)
