"""The whole manager while its API server is killed and comes back."""

import re
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
import urllib3

from integration.arena import Arena, ManagerProcess, names, open_arena
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def arena(tmp_path: Path) -> Generator[Arena]:
    """An arena of its own: nothing is left there of other tests, and none is cut off."""
    with open_arena(tmp_path) as arena:
        yield arena


def _requests(manager: ManagerProcess) -> float:
    """Requests that the manager has sent so far, whatever became of them."""
    text = urllib3.request("GET", f"{manager.metrics}/metrics").data.decode()
    lines = [line for line in text.splitlines() if line.startswith("rest_client_requests_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _tries(log: str) -> Counter[str]:
    """How often each kind was listed or watched in vain."""
    return Counter(re.findall(r"list or watch failed.*\bkind\W+(\w+)", log))


def _is_at_rest(manager: ManagerProcess) -> bool:
    """Whether it has nothing to do any more, which an outage would make it try again."""
    sent = _requests(manager)
    time.sleep(3)
    return _requests(manager) - sent <= 3  # a lease is renewed


def test_the_manager_waits_for_its_server_and_goes_on_by_itself(arena: Arena) -> None:
    namespace = arena.namespace()
    with arena.manager() as manager:
        arena.create_set(namespace, "a", replicas=2)
        eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
        before = {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()}
        eventually(lambda: _is_at_rest(manager), within=90)

        arena.plane.kill_apiserver()
        time.sleep(1)
        sent, written = _requests(manager), len(manager.log)
        time.sleep(10)
        sent, tries = _requests(manager) - sent, _tries(manager.log[written:])
        arena.plane.start_apiserver()
        arena.edit_set(namespace, "a", {"replicas": 3})
        eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)

        assert manager.process.running
    after = {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()}
    assert {name: after[name] for name in before} == before
    assert "Pod" in tries
    assert max(tries.values()) <= 5, tries  # 0.8 s doubled, with jitter
    assert sent <= tries.total() + 5
