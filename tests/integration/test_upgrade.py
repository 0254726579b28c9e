"""A manager is replaced by the next, as a Deployment does it, while games are played."""

from collections.abc import Generator
from contextlib import ExitStack

import pytest

from integration.arena import SYSTEM, names, running
from integration.hooked import Hooked, Load, open_hooked
from integration.moving import lives
from okg.testing.eventually import eventually
from okg.testing.nodes import NodeSimulator

pytestmark = pytest.mark.integration

FLAGS = ("--leader-elect", f"--leader-election-namespace={SYSTEM}", "--workload-backend=native")
CREATIONS = 25.0
"""Pods made a second, each deleted at once: twice as many events."""


@pytest.fixture
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hooked]:
    with open_hooked(tmp_path_factory.mktemp("hooked")) as hooked:
        # As a cluster does: endpoints follow after a moment, and no connection is tried elsewhere.
        hooked.proxy.passes_by, hooked.proxy.probe_seconds = False, 1.0
        with running(NodeSimulator(hooked.arena.admin).run):
            yield hooked


class Deployment:
    """One pod of the manager, and another in its place whenever it is rolled out."""

    def __init__(self, hooked: Hooked) -> None:
        self._hooked = hooked
        self._pod = ExitStack()

    def roll_out(self, times: int = 1) -> None:
        """Start a pod, and stop the one before once the new one is ready."""
        for _ in range(times):
            before, self._pod = self._pod, ExitStack()
            self._pod.enter_context(self._hooked.pod(*FLAGS))
            before.close()

    def delete(self) -> None:
        """Stop the pod."""
        self._pod.close()


@pytest.fixture
def deployment(hooked: Hooked) -> Generator[Deployment]:
    deployment = Deployment(hooked)
    deployment.roll_out()
    yield deployment
    deployment.delete()


def test_ten_managers_in_a_row_refuse_nothing_and_restart_nothing(
    hooked: Hooked, deployment: Deployment
) -> None:
    arena = hooked.arena
    games, churn = arena.namespace(), arena.namespace()
    arena.play(games)
    eventually(lambda: hooked.asks_about_pods, within=30)
    before = lives(arena, games)
    load = Load(arena.admin, churn, CREATIONS)

    with load.running():
        deployment.roll_out(times=10)
    arena.edit_set(games, "a", {"replicas": 4})
    eventually(lambda: arena.ready(games) == names("a", range(4)), within=60)

    assert load.failures == []
    assert len(load.seconds) > 10 * CREATIONS
    assert lives(arena, games).items() >= before.items()
