"""Networks of the shipped providers on a real API server, by both ways that pods come to be."""

from collections.abc import Generator
from uuid import uuid4

import pytest

from integration.arena import SYSTEM, Arena, names
from integration.clouds import BACKEND, Clouded, nlb, open_clouded
from integration.hooked import Replica
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

ELECTED = ("--leader-elect", f"--leader-election-namespace={SYSTEM}")
FLAGS = (*ELECTED, "--workload-backend=native")


@pytest.fixture(scope="module")
def clouded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Clouded]:
    with open_clouded(tmp_path_factory.mktemp("clouded")) as clouded:
        yield clouded


@pytest.fixture(scope="module")
def replica(clouded: Clouded) -> Generator[Replica]:
    with clouded.hooked.replica(*FLAGS) as replica:
        yield replica


@pytest.fixture
def arena(clouded: Clouded) -> Arena:
    return clouded.arena


@pytest.fixture
def namespace(arena: Arena) -> str:
    return arena.namespace()


@pytest.fixture
def balancer() -> str:
    return f"nlb-{uuid4().hex[:8]}"


def make(arena: Arena, namespace: str, backend: str, **spec: object) -> None:
    """Create set ``a``, whose pods the back end makes."""
    arena.create_set(namespace, "a", annotations={BACKEND: backend}, **spec)


@pytest.mark.parametrize("maker", ["native", "kruise"])
def test_servers_behind_a_load_balancer_know_their_addresses(
    clouded: Clouded, replica: Replica, namespace: str, balancer: str, maker: str
) -> None:
    make(clouded.arena, namespace, maker, replicas=2, network=nlb(balancer))

    ready = dict.fromkeys(names("a", range(2)), "Ready")
    eventually(lambda: clouded.states(namespace) == ready, within=60)
    found = clouded.networks(namespace)
    outside = {
        (at.end_point, at.ports[0].port) for it in found.values() for at in it.external_addresses
    }
    inside = {(at.ip, at.ports[0].port) for it in found.values() for at in it.internal_addresses}
    pods = clouded.arena.pods(namespace).values()
    assert outside == {(f"{balancer}.example.com", 1000), (f"{balancer}.example.com", 1001)}
    assert inside == {(pod.status.pod_ip, 80) for pod in pods}
    eventually(lambda: clouded.record().get(balancer) == (1000, 1001), within=30)
