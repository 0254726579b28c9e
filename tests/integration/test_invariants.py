"""Two hundred servers, edited from all sides while the manager is killed again and again.

The whole history of the set is recorded from the watches and replayed: what holds must hold at
every step, not only at the end.
"""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from integration.arena import Arena, ManagerProcess, in_place, names, template
from integration.history import History
from integration.replay import Replay
from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.errors import NotFound
from okg.testing.eventually import eventually

pytestmark = [pytest.mark.integration, pytest.mark.stress, pytest.mark.timeout(600)]

SERVERS = 200
PARTITION = 120
MAX_UNAVAILABLE = 20
KILLED = (3, 33, 77, 111, 150)
RESERVED = [5, "17-20"]
SEED = 20260311
WITHIN = 120.0


class Fiddler:
    """Changes the opsState of random servers ten times a second, as match makers would."""

    def __init__(self, arena: Arena, namespace: str) -> None:
        self._arena = arena
        self._namespace = namespace
        self._random = random.Random(SEED)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            number = self._random.choice([n for n in range(SERVERS) if n not in KILLED])
            state = self._random.choice(
                ["None", "Allocated", "Maintaining", "WaitToBeDeleted", "own"]
            )
            change = {"spec": {"opsState": state}}
            try:
                self._arena.edit_server(self._namespace, f"a-{number}", change)
            except NotFound:
                continue

    @contextmanager
    def fiddling(self) -> Generator[None]:
        thread = threading.Thread(target=self.run, name="fiddler")
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


class Game:
    """The set under test, and the manager that is killed under it."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.namespace = arena.namespace()
        self.manager: ManagerProcess = arena.start_manager()
        self._moments = random.Random(SEED)

    def change(self, **spec: object) -> None:
        """Edit the set, and kill the manager while it acts on that."""
        self.arena.edit_set(self.namespace, "a", spec)
        time.sleep(self._moments.uniform(0, 1.5))
        self.manager.kill()
        self.manager = self.arena.start_manager()

    def reaches(self, ids: set[str], image: str) -> None:
        eventually(lambda: self._runs(image) == ids, within=WITHIN, every=0.5)
        eventually(lambda: self.arena.ready(self.namespace) == ids, within=WITHIN, every=0.5)

    def updated(self, image: str) -> int:
        return len(self._runs(image))

    def _runs(self, image: str) -> set[str]:
        return {
            name
            for name, pod in self.arena.pods(self.namespace).items()
            for status in pod.status.container_statuses
            if status.image == image and status.ready
        }

    @property
    def replicas(self) -> int:
        spec = self.arena.get_set(self.namespace, "a").spec
        assert spec is not None
        return spec.replicas


def test_the_invariants_hold_at_every_step(arena: Arena) -> None:
    game = Game(arena)
    history = History(arena.admin, game.namespace)
    try:
        with history.recording([Pod, GameServerSet, AdvancedStatefulSet]):
            _play(game)
            time.sleep(1.0)
    finally:
        game.manager.stop()

    replay = Replay("game:2", MAX_UNAVAILABLE).run(history.versions())

    assert replay.violations[:10] == []
    assert replay.decisions >= 4
    assert names("a", [5, 17, 18, 19, 20, *KILLED]) <= replay.removed


def _play(game: Game) -> None:
    arena, namespace = game.arena, game.namespace
    everybody = names("a", range(SERVERS))
    arena.create_set(
        namespace, "a", replicas=SERVERS, updateStrategy=_strategy(0), reserveGameServerIds=[]
    )
    game.reaches(everybody, "game:1")

    fiddler = Fiddler(arena, namespace)
    with fiddler.fiddling():
        game.change(gameServerTemplate=template("game:2"), updateStrategy=_strategy(PARTITION))
        eventually(lambda: game.updated("game:2") == SERVERS - PARTITION, within=WITHIN, every=0.5)
        game.change(updateStrategy=_strategy(0))
        game.reaches(everybody, "game:2")

        game.change(reserveGameServerIds=RESERVED)
        game.reaches(names("a", {*range(SERVERS + 5)} - {5, 17, 18, 19, 20}), "game:2")
        for number in KILLED:
            arena.edit_server(namespace, f"a-{number}", {"spec": {"opsState": "Kill"}})
        game.change()
        eventually(lambda: game.replicas == SERVERS - len(KILLED), within=WITHIN, every=0.5)
        eventually(
            lambda: not names("a", KILLED) & set(arena.pods(namespace)), within=WITHIN, every=0.5
        )
        game.change(replicas=150)
        eventually(lambda: len(arena.pods(namespace)) == 150, within=WITHIN, every=0.5)
    game.change(replicas=160)
    eventually(lambda: len(arena.ready(namespace)) == 160, within=WITHIN, every=0.5)
    assert set(arena.ready(namespace)) == set(arena.pods(namespace))


def _strategy(partition: int) -> dict[str, object]:
    return in_place(maxUnavailable=MAX_UNAVAILABLE, partition=partition)
