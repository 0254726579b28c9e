"""The probe controller as a whole, on the fake server."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from okg.api.core import Event, Pod
from okg.api.game import GameServerSet
from okg.client.execute import ExecResult
from okg.client.rest import ApiClient
from okg.context import Context
from okg.controllers import probing
from okg.errors import Forbidden, NotFound
from okg.runtime.manager import Manager
from okg.testing.apiserver import FakeApiServer
from okg.testing.apiserver.faults import Refuse
from okg.testing.clock import FakeClock
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup
from unit.fleet import a_set
from unit.workload.native.probing.probed_pods import a_probed_pod, a_result, running

IDLE: dict[str, object] = {
    "name": "idle",
    "containerName": "game",
    "permanent": False,
    "exec": {"command": ["check"]},
}


RECONCILES = "controller_runtime_reconcile_total"
DONE = {"controller": "probe-controller", "result": "success"}


class Games:
    """What runs in the containers: each pod answers what it is told to."""

    def __init__(self) -> None:
        self.answers: dict[str, ExecResult | Exception] = {}
        self.asked: list[str] = []
        self.most = 0
        self.open = threading.Event()
        self.open.set()
        self._now = 0
        self._lock = threading.Lock()

    def run(
        self,
        ctx: Context,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        timeout: float,
    ) -> ExecResult:
        with self._lock:
            self.asked.append(pod)
            self._now += 1
            self.most = max(self.most, self._now)
        self.open.wait(10)
        with self._lock:
            self._now -= 1
        answer = self.answers.get(pod, ExecResult(0, b"up", b""))
        if isinstance(answer, Exception):
            raise answer
        return answer


class Stage:
    """A server, a clock that is moved by hand, and games."""

    def __init__(self) -> None:
        self.server = FakeApiServer()
        self.clock = FakeClock()
        self.games = Games()

    @contextmanager
    def probing(self, *, exec_allowed: bool = True, threads: int = 3) -> Generator[Manager]:
        manager = Manager(self.server, exit_process=lambda _: None)
        writer = probing.ConditionWriter(ApiClient(self.server), lambda: manager.is_leader)
        executor = self.games if exec_allowed else None
        manager.add(
            probing.controller(
                manager, writer, executor, manager.registry, threads=threads, clock=self.clock
            )
        )
        group = ThreadGroup(Context())
        group.start("manager", manager.run)
        try:
            yield manager
        finally:
            self.games.open.set()
            group.stop()
            group.join()

    def set_qualities(self, *qualities: dict[str, object]) -> None:
        gss = a_set({"serviceQualities": [*qualities]})
        before = self.server.get(GameServerSet, "games", "xxx")
        if before is None:
            self.server.put(gss)
        else:
            ApiClient(self.server).patch(before, replace(before, spec=gss.spec), lock=False)

    def said(self, name: str = "xxx-0", quality: str = "idle") -> tuple[str, str] | None:
        pod = self.server.get(Pod, "games", name)
        assert pod is not None
        found = pod.status.condition(f"game.kruise.io/{quality}")
        return (found.status, found.message) if found else None

    def within_seconds(self, seconds: int, said: Callable[[], bool]) -> None:
        """Let time go on, step by step, until something is so."""
        left = iter(range(seconds * 5))

        def look() -> bool:
            assert next(left, None) is not None, "it never came to be"
            self.clock.advance(0.2)
            return said()

        eventually(look, within=20, every=0.01)

    def warnings(self) -> list[str]:
        return [e.message for e in self.server.objects(Event) if e.reason == "NotProbed"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def value(manager: Manager, metric: str, **labels: str) -> float:
    return manager.registry.get_sample_value(metric, labels) or 0.0


def test_pods_are_probed_and_say_so(stage: Stage) -> None:
    stage.set_qualities(IDLE)
    stage.server.put(a_probed_pod())
    stage.server.put(a_probed_pod(name="xxx-1"))
    stage.games.answers["xxx-1"] = ExecResult(1, b"", b"lost")

    with stage.probing() as manager:
        stage.within_seconds(20, lambda: stage.said("xxx-0") == ("True", "up"))
        stage.within_seconds(20, lambda: stage.said("xxx-1") == ("False", "lost"))
        assert value(manager, "okg_probes_total", handler="exec", outcome="success") >= 1
        assert value(manager, "okg_probes_total", handler="exec", outcome="failure") >= 3
        assert value(manager, "okg_probe_condition_writes_total", outcome="written") >= 3
        assert value(manager, "okg_probes_scheduled") == 2
        assert value(manager, "okg_probe_lag_seconds_count") >= 4
        assert value(manager, "okg_probe_stretch") >= 1

    assert stage.games.most <= 3


def test_a_restart_of_the_manager_flips_nothing(stage: Stage) -> None:
    stage.set_qualities(IDLE)
    before = stage.server.put(a_probed_pod(conditions=(a_result("True", "up", at=20),)))

    with stage.probing():
        stage.within_seconds(10, lambda: bool(stage.games.asked))
        stage.clock.advance(5)

    found = stage.server.get(Pod, "games", "xxx-0")
    assert found == before


def test_a_restart_of_a_container_is_told(stage: Stage) -> None:
    stage.set_qualities(IDLE)
    good = (a_result("True", "up", at=20),)
    stage.server.put(a_probed_pod(conditions=good))

    with stage.probing():
        stage.within_seconds(10, lambda: bool(stage.games.asked))
        stage.games.answers["xxx-0"] = ExecResult(1, b"", b"")
        stage.server.put(a_probed_pod(running(2, since=90_000), conditions=good))
        stage.within_seconds(20, lambda: stage.said() == ("False", ""))


def test_edited_qualities_count_without_a_change_of_the_pod(stage: Stage) -> None:
    stage.set_qualities(IDLE)
    stage.server.put(a_probed_pod())

    with stage.probing():
        stage.within_seconds(20, lambda: stage.said() == ("True", "up"))
        stage.set_qualities({**IDLE, "name": "other"})
        stage.within_seconds(20, lambda: stage.said(quality="other") == ("True", "up"))
        stage.within_seconds(20, lambda: stage.said() is None)


def test_a_pod_that_is_gone_is_not_probed(stage: Stage) -> None:
    stage.set_qualities(IDLE)
    pod = stage.server.put(a_probed_pod())

    with stage.probing() as manager:
        eventually(lambda: value(manager, "okg_probes_scheduled") == 1)
        stage.server.remove(pod)
        eventually(lambda: value(manager, "okg_probes_scheduled") == 0)


def test_a_pod_without_a_set_is_not_probed(stage: Stage) -> None:
    stage.server.put(a_probed_pod())

    with stage.probing() as manager:
        eventually(lambda: value(manager, RECONCILES, **DONE) == 1)
        assert value(manager, "okg_probes_scheduled") == 0


def test_a_failed_write_is_made_again(stage: Stage) -> None:
    stage.set_qualities(IDLE)
    stage.server.put(a_probed_pod())
    stage.server.faults.inject(Refuse(status=500), resource="pods/status", times=2)

    with stage.probing() as manager:
        stage.within_seconds(60, lambda: stage.said() == ("True", "up"))
        assert value(manager, "okg_probe_condition_writes_total", outcome="failed") == 2


def test_what_cannot_be_probed_is_told_once(stage: Stage) -> None:
    stage.set_qualities(IDLE, {**IDLE, "name": "other"})
    stage.server.put(a_probed_pod())
    stage.server.put(a_probed_pod(name="xxx-1"))

    with stage.probing(exec_allowed=False) as manager:
        eventually(lambda: len(stage.warnings()) == 2)
        assert value(manager, "okg_probes_scheduled") == 0

    assert min(stage.warnings()) == (
        "spec.serviceQualities[0].exec: this manager runs no commands in containers "
        "(--probe-exec=false); write httpGet or tcpSocket"
    )
    assert stage.said() is None


def test_a_right_that_is_missing_is_told_and_changes_nothing(stage: Stage) -> None:
    stage.set_qualities({**IDLE, "failureThreshold": 1})
    stage.server.put(a_probed_pod(conditions=(a_result("True", "up", at=20),)))
    stage.games.answers["xxx-0"] = Forbidden(403, "Forbidden", "no pods/exec for you")

    with stage.probing() as manager:
        stage.within_seconds(
            30, lambda: value(manager, "okg_probes_total", handler="exec", outcome="error") >= 3
        )
        eventually(stage.warnings)

    [warning] = stage.warnings()
    assert warning == (
        "service quality idle: 403 Forbidden: no pods/exec for you; give the manager the rights of "
        "config/rbac/probe-exec-role.yaml, or write httpGet or tcpSocket"
    )
    assert stage.said() == ("True", "up")


@pytest.mark.parametrize("error", [NotFound(404, "NotFound", "gone"), ValueError("a bug")])
def test_a_probe_that_fails_by_itself_says_nothing_of_the_game(
    stage: Stage, error: Exception
) -> None:
    stage.set_qualities({**IDLE, "failureThreshold": 1})
    stage.server.put(a_probed_pod(conditions=(a_result("True", "up", at=20),)))
    stage.games.answers["xxx-0"] = error

    with stage.probing() as manager:
        stage.within_seconds(
            120, lambda: value(manager, "okg_probes_total", handler="exec", outcome="error") >= 1
        )

    assert stage.said() == ("True", "up")
    assert stage.warnings() == []


def test_no_more_probes_run_than_there_are_threads(stage: Stage) -> None:
    stage.set_qualities(IDLE)
    for number in range(9):
        stage.server.put(a_probed_pod(name=f"xxx-{number}", node=f"node-{number}"))
    stage.games.open.clear()

    with stage.probing(threads=4) as manager:
        eventually(lambda: value(manager, "okg_probes_scheduled") == 9)
        stage.within_seconds(10, lambda: len(stage.games.asked) == 3)
        stage.clock.advance(10)
        assert value(manager, "okg_probes_in_flight") == 3

    assert stage.games.most == 3


def test_only_the_leader_probes(stage: Stage) -> None:
    manager = Manager(stage.server)
    writer = probing.ConditionWriter(ApiClient(stage.server), lambda: True)

    made = probing.controller(manager, writer, stage.games, manager.registry)

    assert made.leader_elected
    assert made.workers == 1
