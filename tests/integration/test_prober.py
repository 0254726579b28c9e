"""The manager probes game servers itself: over HTTP and TCP, on a cluster without OpenKruise."""

import http.server
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from integration.arena import ManagerProcess, in_place, names, template
from integration.native import NativeArena, open_native_arena
from okg.api.core import PodCondition
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

NATIVE = "--workload-backend=native"
IDLE = {"state": True, "opsState": "WaitToBeDeleted"}
BUSY = {"state": False, "opsState": "None"}


class Games:
    """One server for all games of this machine; what it answers depends on whom one asked."""

    def __init__(self) -> None:
        games = self
        self.states: dict[str, str] = {}
        self.asked: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = str(self.connection.getsockname()[0])
                games.asked.append(address)
                state = games.states.get(address, "")
                self.send_response(200 if state else 503)
                self.end_headers()
                self.wfile.write(state.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Generator[NativeArena]:
    # All of 127.0.0.0/8 is this machine.
    def address(number: int) -> str:
        return f"127.10.{number // 250 % 250}.{1 + number % 250}"

    with open_native_arena(tmp_path_factory.mktemp("prober"), address=address) as arena:
        yield arena


@pytest.fixture
def manager(plane: NativeArena, namespace: str) -> Generator[ManagerProcess]:
    """A manager of the test's own namespace."""
    with plane.manager(NATIVE, f"--namespace={namespace}") as manager:
        yield manager


@pytest.fixture
def namespace(plane: NativeArena) -> str:
    return plane.namespace()


@pytest.fixture
def games() -> Generator[Games]:
    games = Games()
    yield games
    games.close()


def a_quality(*actions: dict[str, object], **fields: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "name": "idle",
        "containerName": "game",
        "permanent": False,
        "initialDelaySeconds": 1,
        "periodSeconds": 1,
        "timeoutSeconds": 1,
        "failureThreshold": 1,
    }
    return {**plain, **fields, "serviceQualityAction": [*actions]}


def play(plane: NativeArena, namespace: str, *qualities: dict[str, object], size: int = 1) -> None:
    """Create set ``a`` and wait until its servers are Ready."""
    plane.create_set(
        namespace,
        "a",
        replicas=size,
        serviceQualities=[*qualities],
        updateStrategy=in_place(),
    )
    eventually(lambda: plane.ready(namespace) == names("a", range(size)), within=60)


def said(plane: NativeArena, namespace: str, id_: int = 0) -> PodCondition | None:
    return plane.pods(namespace)[f"a-{id_}"].status.condition("game.kruise.io/idle")


def says(plane: NativeArena, namespace: str, status: str, message: str, id_: int = 0) -> bool:
    found = said(plane, namespace, id_)
    return found is not None and (found.status, found.message) == (status, message)


def address_of(plane: NativeArena, namespace: str, id_: int = 0) -> str:
    return plane.pods(namespace)[f"a-{id_}"].status.pod_ip


def ops_state(plane: NativeArena, namespace: str, id_: int = 0) -> str:
    return plane.servers(namespace)[f"a-{id_}"].spec.ops_state


@pytest.mark.usefixtures("manager")
def test_what_a_game_answers_marks_its_server(
    plane: NativeArena, namespace: str, games: Games
) -> None:
    http_get = {"port": games.port, "path": "/state"}
    play(plane, namespace, a_quality(IDLE, BUSY, httpGet=http_get), size=2)
    one, two = (address_of(plane, namespace, id_) for id_ in (0, 1))

    games.states[one] = "idle"
    eventually(lambda: ops_state(plane, namespace, 0) == "WaitToBeDeleted", within=30)
    assert says(plane, namespace, "True", "idle", 0)
    eventually(
        lambda: says(plane, namespace, "False", "HTTP probe failed with statuscode: 503", 1),
        within=30,
    )
    assert ops_state(plane, namespace, 1) == "None"

    games.states |= {one: "", two: "idle"}
    eventually(lambda: ops_state(plane, namespace, 1) == "WaitToBeDeleted", within=30)
    eventually(lambda: ops_state(plane, namespace, 0) == "None", within=30)


@pytest.mark.usefixtures("manager")
def test_a_result_is_told_apart_from_others(
    plane: NativeArena, namespace: str, games: Games
) -> None:
    quality = a_quality(
        {"state": True, "result": "lobby", "opsState": "None"},
        {"state": True, "result": "match", "opsState": "Allocated"},
        httpGet={"port": games.port},
    )
    play(plane, namespace, quality)

    games.states[address_of(plane, namespace)] = "match"
    eventually(lambda: ops_state(plane, namespace) == "Allocated", within=30)
    games.states[address_of(plane, namespace)] = "lobby"
    eventually(lambda: ops_state(plane, namespace) == "None", within=40)


@pytest.mark.usefixtures("manager")
def test_a_port_has_a_name_and_is_open_or_not(
    plane: NativeArena, namespace: str, games: Games
) -> None:
    containers = [
        {
            "name": "game",
            "image": "game:1",
            "ports": [{"name": "play", "containerPort": games.port}],
        }
    ]
    plane.create_set(
        namespace,
        "a",
        replicas=1,
        gameServerTemplate={**template(), "spec": {"containers": containers}},
        serviceQualities=[a_quality(IDLE, BUSY, tcpSocket={"port": "play"})],
    )

    eventually(lambda: plane.ready(namespace) == {"a-0"}, within=60)
    eventually(lambda: says(plane, namespace, "True", ""), within=30)
    games.close()
    eventually(lambda: ops_state(plane, namespace) == "None", within=30)

    closed = f"connect to {address_of(plane, namespace)}:{games.port}: Connection refused"
    eventually(lambda: says(plane, namespace, "False", closed), within=30)


@pytest.mark.usefixtures("manager")
def test_a_restart_of_the_container_starts_from_nothing(
    plane: NativeArena, namespace: str, games: Games
) -> None:
    play(plane, namespace, a_quality(httpGet={"port": games.port}, initialDelaySeconds=5))
    games.states[address_of(plane, namespace)] = "idle"
    eventually(lambda: says(plane, namespace, "True", "idle"), within=30)
    before = said(plane, namespace)

    plane.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
    eventually(lambda: says(plane, namespace, "False", ""), within=30)
    eventually(lambda: says(plane, namespace, "True", "idle"), within=30)

    after = said(plane, namespace)
    assert before is not None
    assert after is not None
    assert before.last_transition_time is not None
    assert after.last_transition_time is not None
    assert after.last_transition_time > before.last_transition_time


@pytest.mark.usefixtures("manager")
def test_the_condition_of_a_quality_goes_with_it(
    plane: NativeArena, namespace: str, games: Games
) -> None:
    play(plane, namespace, a_quality(httpGet={"port": games.port}))
    games.states[address_of(plane, namespace)] = "idle"
    eventually(lambda: says(plane, namespace, "True", "idle"), within=30)

    plane.edit_set(namespace, "a", {"serviceQualities": None})

    eventually(lambda: said(plane, namespace) is None, within=30)


@pytest.mark.usefixtures("manager")
def test_a_right_that_is_missing_is_told_on_the_set(plane: NativeArena, namespace: str) -> None:
    play(plane, namespace, a_quality(exec={"command": ["true"]}))

    [event] = eventually(lambda: plane.events(namespace, "NotProbed"), within=30)

    assert event.involved_object.name == "a"
    assert "config/rbac/probe-exec-role.yaml" in event.message
    assert says(plane, namespace, "False", "")


@contextmanager
def another_manager(plane: NativeArena, *flags: str) -> Generator[ManagerProcess]:
    manager = plane.start_manager(NATIVE, *flags)
    try:
        manager.process.wait_ready(manager.is_ready, timeout=30)
        yield manager
    finally:
        manager.kill()


def test_a_manager_that_is_killed_and_comes_back_flips_nothing(
    plane: NativeArena, namespace: str, games: Games
) -> None:
    with another_manager(plane, f"--namespace={namespace}"):
        play(plane, namespace, a_quality(httpGet={"port": games.port}), size=3)
        for id_ in range(3):
            games.states[address_of(plane, namespace, id_)] = "idle"
        eventually(
            lambda: all(says(plane, namespace, "True", "idle", id_) for id_ in range(3)), within=30
        )
        before = [said(plane, namespace, id_) for id_ in range(3)]

    games.asked.clear()
    with another_manager(plane, f"--namespace={namespace}"):
        eventually(lambda: len(set(games.asked)) == 3, within=30)
        time.sleep(3)  # that something does not happen takes time to see

    assert [said(plane, namespace, id_) for id_ in range(3)] == before


def test_commands_can_be_switched_off(plane: NativeArena, namespace: str) -> None:
    with another_manager(plane, f"--namespace={namespace}", "--probe-exec=false"):
        play(plane, namespace, a_quality(exec={"command": ["true"]}))
        [event] = eventually(lambda: plane.events(namespace, "NotProbed"), within=30)

    assert "--probe-exec=false" in event.message
    assert said(plane, namespace) is None


def test_probing_can_be_left_to_others(plane: NativeArena, namespace: str, games: Games) -> None:
    with another_manager(plane, f"--namespace={namespace}", "--probe-mode=off"):
        play(plane, namespace, a_quality(httpGet={"port": games.port}))
        time.sleep(2)

    assert said(plane, namespace) is None
    assert games.asked == []
