"""The manager killed at random moments while a set grows from 0 to 100 and shrinks again."""

import random
import time
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from integration.arena import Arena, ManagerProcess, names
from okg.api.core import Pod
from okg.cache.informers import Informers
from okg.context import Context
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup

pytestmark = [pytest.mark.integration, pytest.mark.stress, pytest.mark.timeout(1500)]

ROUNDS = 20
SERVERS = 100
SEED = 20260102


class PodHistory:
    """Every pod that was ever there, by name, as the watch told of them."""

    def __init__(self) -> None:
        self.uids: defaultdict[str, set[str]] = defaultdict(set)
        self.restarts = 0

    def __call__(self, old: Pod | None, new: Pod | None, *, initial: bool) -> None:
        pod = new or old
        assert pod is not None
        self.uids[pod.metadata.name].add(pod.metadata.uid)
        counts = [status.restart_count for status in pod.status.container_statuses]
        self.restarts = max([self.restarts, *counts])


@contextmanager
def _recorded(arena: Arena, namespace: str) -> Generator[PodHistory]:
    history = PodHistory()
    informers = Informers(arena.admin, namespaces=[namespace])
    informers.informer(Pod).add_handler(history)
    group = ThreadGroup(Context())
    group.start("history", informers.run)
    try:
        informers.wait_for_sync(group.ctx, timeout=30)
        yield history
    finally:
        group.stop()
        group.join()


def _scale_and_kill(
    arena: Arena, namespace: str, replicas: int, manager: ManagerProcess, delay: float
) -> ManagerProcess:
    """Change the size, kill the manager after ``delay`` seconds, and start another."""
    arena.edit_set(namespace, "a", {"replicas": replicas})
    time.sleep(delay)
    manager.kill()
    return arena.start_manager()


def test_no_ordinal_is_lost_doubled_or_stuck_and_no_pod_is_replaced(arena: Arena) -> None:
    namespace, moments = arena.namespace(), random.Random(SEED)
    manager = arena.start_manager()
    arena.create_set(namespace, "a", replicas=0)
    try:
        for number in range(ROUNDS):
            with _recorded(arena, namespace) as history:
                manager = _scale_and_kill(arena, namespace, SERVERS, manager, moments.uniform(0, 4))
                wanted = names("a", range(SERVERS))
                eventually(lambda: arena.ready(namespace) == wanted, within=90)  # noqa: B023
                assert set(arena.pods(namespace)) == wanted, f"round {number}"

                manager = _scale_and_kill(arena, namespace, 0, manager, moments.uniform(0, 2))
                eventually(lambda: not arena.pods(namespace), within=90)
                eventually(lambda: not arena.servers(namespace), within=90)
            assert {name: len(uids) for name, uids in history.uids.items()} == dict.fromkeys(
                wanted, 1
            ), f"round {number}: a pod was made twice"
            assert history.restarts == 0
    finally:
        manager.stop()
