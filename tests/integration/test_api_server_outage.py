"""The whole manager while its API server is killed and comes back."""

import time

import pytest
import urllib3

from integration.arena import Arena, ManagerProcess, names
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration


def _requests(manager: ManagerProcess) -> float:
    """Requests that the manager has sent so far, whatever became of them."""
    text = urllib3.request("GET", f"{manager.metrics}/metrics").data.decode()
    lines = [line for line in text.splitlines() if line.startswith("rest_client_requests_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _is_at_rest(manager: ManagerProcess) -> bool:
    """Whether nothing is left of earlier tests, which an outage would make it try again."""
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
        sent = _requests(manager)
        time.sleep(10)
        sent = _requests(manager) - sent
        arena.plane.start_apiserver()
        arena.edit_set(namespace, "a", {"replicas": 3})
        eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)

        assert manager.process.running
    after = {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()}
    assert {name: after[name] for name in before} == before
    assert 1 <= sent <= 40
