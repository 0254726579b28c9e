"""Commands in real containers, through the API server."""

import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from okg.api.core import Pod
from okg.client.connection import connect
from okg.client.execute import ExecResult, PodExecutor
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import BadRequest, ExecTimedOut, Forbidden, NotFound, ServerError
from okg.testing.container_node import ContainerNode
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.testing.game_image import STATE_FILE, make_game

pytestmark = pytest.mark.e2e

NAMESPACE = "default"
USER = "prober"
RULES = [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}]


@pytest.fixture(scope="module")
def plane(container_node: ContainerNode) -> ControlPlane:
    """A control plane with a pod of two containers, of which one has ended."""
    image = make_game("1.0", busybox=container_node.programs.busybox)
    container_node.load(image)
    ended = {"name": "ended", "image": image.reference, "command": ["true"]}
    game = {"name": "game", "image": image.reference}
    plane = container_node.plane
    plane.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "lobby-0", "namespace": NAMESPACE},
            "spec": {"restartPolicy": "Never", "containers": [game, ended]},
        }
    )
    transport = Urllib3Transport(connect(str(plane.kubeconfig)))
    api = ApiClient(transport)
    eventually(lambda: containers(api, "running") == ["game"], within=60)
    eventually(lambda: containers(api, "terminated") == ["ended"], within=60)
    transport.close()
    return plane


def containers(api: ApiClient, state: str) -> list[str]:
    found = api.get(Pod, NAMESPACE, "lobby-0")
    statuses = found.status.container_statuses if found else ()
    return [status.name for status in statuses if getattr(status.state, state, None)]


@pytest.fixture
def executor(plane: ControlPlane) -> Generator[PodExecutor]:
    transport = Urllib3Transport(connect(str(plane.kubeconfig)))
    yield PodExecutor(transport)
    transport.close()


def run(
    executor: PodExecutor,
    *command: str,
    pod: str = "lobby-0",
    container: str = "game",
    timeout: float = 10.0,
) -> ExecResult:
    return executor.run(Context(), NAMESPACE, pod, container, command, timeout=timeout)


def sockets() -> list[str]:
    """What this process has open that could be a connection."""
    return [str(link) for link in Path("/proc/self/fd").iterdir() if link.is_socket()]


def test_a_command_that_succeeds_leaves_its_output(executor: PodExecutor) -> None:
    assert run(executor, "cat", STATE_FILE) == ExecResult(0, b"idle\n")


def test_a_command_that_fails_leaves_its_exit_code_and_both_outputs(executor: PodExecutor) -> None:
    result = run(executor, "sh", "-c", "echo out; echo 'not ready' >&2; exit 7")

    assert result == ExecResult(7, b"out\n", b"not ready\n")


def test_a_command_that_is_killed_leaves_the_code_of_its_signal(executor: PodExecutor) -> None:
    assert run(executor, "sh", "-c", "kill -9 $$") == ExecResult(137)


def test_ten_kibibytes_of_a_long_output_are_kept(executor: PodExecutor) -> None:
    result = run(executor, "sh", "-c", "yes | head -c 3000000")

    assert result == ExecResult(0, b"y\n" * 5120)


def test_a_program_that_is_not_there_did_not_run(executor: PodExecutor) -> None:
    with pytest.raises(ServerError, match=r"nosuch.*not found"):
        run(executor, "nosuch")


def test_nothing_runs_in_a_container_that_has_ended(executor: PodExecutor) -> None:
    with pytest.raises(ServerError, match=r"container not found .*ended"):
        run(executor, "true", container="ended")


def test_a_container_that_the_pod_has_not_is_refused(executor: PodExecutor) -> None:
    with pytest.raises(BadRequest, match="container none is not valid for pod lobby-0"):
        run(executor, "true", container="none")


def test_a_pod_that_is_gone_is_not_found(executor: PodExecutor) -> None:
    with pytest.raises(NotFound, match='pods "lobby-1" not found'):
        run(executor, "true", pod="lobby-1")


def test_a_command_that_does_not_end_is_given_up(executor: PodExecutor) -> None:
    started = time.monotonic()

    with pytest.raises(ExecTimedOut, match=r"sleep in lobby-0/game: not finished after 1 s"):
        run(executor, "sleep", "30", timeout=1)

    assert 1 <= time.monotonic() - started < 5


def test_only_who_may_get_and_create_executions_may_run_commands(plane: ControlPlane) -> None:
    transport = Urllib3Transport(connect(str(plane.add_user_kubeconfig(USER))))
    executor = PodExecutor(transport)

    with pytest.raises(Forbidden, match="pods/exec"):
        run(executor, "true")
    grant(plane)

    assert eventually(lambda: allowed(executor), within=30) == ExecResult(0)
    transport.close()


def grant(plane: ControlPlane) -> None:
    group = "rbac.authorization.k8s.io"
    meta = {"name": USER, "namespace": NAMESPACE}
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": RULES}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": meta,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": USER},
        "subjects": [{"apiGroup": group, "kind": "User", "name": USER}],
    }
    plane.apply(role, binding)


def allowed(executor: PodExecutor) -> ExecResult | None:
    try:
        return run(executor, "true")
    except Forbidden:  # the server has not seen the role yet
        return None


def test_a_hundred_commands_leave_no_connection_and_no_thread(executor: PodExecutor) -> None:
    run(executor, "true")
    before, threads = len(sockets()), threading.active_count()

    results = [run(executor, "sh", "-c", f"exit {code}").exit_code for code in range(100)]

    assert results == list(range(100))
    # Fewer where a pooled connection that others had left behind was used up.
    assert len(sockets()) <= before
    assert threading.active_count() <= threads
