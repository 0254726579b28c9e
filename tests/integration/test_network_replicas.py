"""Networks while replicas come, go and disagree about what there is."""

import time
from collections.abc import Generator
from uuid import uuid4

import pytest
import urllib3

from integration.arena import Arena, in_place, names
from integration.clouds import ELECTED, FLAGS, Clouded, nlb, open_clouded
from integration.hooked import Replica
from okg.api.game import GameServerCondition
from okg.errors import Forbidden
from okg.testing.eventually import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

AT_REST = 15.0
"""Seconds after which nobody has a reason of his own to look at a network again."""

ALONE = FLAGS[len(ELECTED) :]
SMALL = """
[alibabacloud]
enable = true
[alibabacloud.slb]
min_port = 500
max_port = 600
[alibabacloud.nlb]
min_port = 1000
max_port = 1001
"""
INVALID = SMALL.replace("max_port = 600", "max_port = 900")
WRONG = (
    "[alibabacloud]: slb.max_port - slb.min_port, less the number of"
    " slb.block_ports, must be less than 200: take a smaller range or block a port"
)


@pytest.fixture(scope="module")
def clouded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Clouded]:
    with open_clouded(tmp_path_factory.mktemp("clouded")) as clouded:
        yield clouded


@pytest.fixture
def arena(clouded: Clouded) -> Arena:
    return clouded.arena


@pytest.fixture
def namespace(arena: Arena) -> str:
    return arena.namespace()


@pytest.fixture
def balancer() -> str:
    return f"nlb-{uuid4().hex[:8]}"


def _settled(clouded: Clouded, namespace: str, count: int) -> bool:
    ready = dict.fromkeys(names("a", range(count)), "Ready")
    return clouded.states(namespace) == ready


def _condition(arena: Arena, namespace: str) -> str:
    """Return what the Ready condition of set ``a`` says, if it is about a mistake."""
    status = arena.get_set(namespace, "a").status
    conditions = status.conditions if status else ()
    found = [c.message for c in conditions if (c.type, c.reason) == ("Ready", "InvalidSpec")]
    return found[0] if found else ""


def test_two_replicas_give_no_port_twice(clouded: Clouded, namespace: str, balancer: str) -> None:
    with clouded.hooked.replica(*FLAGS), clouded.hooked.replica(*FLAGS):
        clouded.make(namespace, "kruise", replicas=60, network=nlb(balancer))
        eventually(lambda: _settled(clouded, namespace, 60), within=180, every=0.5)
        given = clouded.ports(namespace)
        expected = tuple(sorted(port for _, port in given))
        eventually(lambda: clouded.record().get(balancer) == expected, within=30)

    assert len(given) == 60
    assert set(given.values()) == {1}


def test_beside_openkruise_the_rights_to_the_records_are_enough(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str
) -> None:
    bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    binding = arena.rest.get(f"{bindings}/native-workload-role")
    arena.rest.call("DELETE", f"{bindings}/native-workload-role")
    try:
        with clouded.hooked.replica(*ELECTED, "--workload-backend=kruise"):
            clouded.make(namespace, "kruise", replicas=2, network=nlb(balancer))
            eventually(lambda: _settled(clouded, namespace, 2), within=90)
            eventually(lambda: clouded.record().get(balancer) == (1000, 1001), within=30)
            settled = eventually(lambda: not clouded.claims([balancer]), within=30)
    finally:
        arena.rest.call("POST", bindings, {**binding, "metadata": {"name": "native-workload-role"}})

    assert settled


@pytest.mark.parametrize("maker", ["native", "kruise"])
def test_a_manager_killed_in_the_middle_gives_and_loses_nothing_twice(
    clouded: Clouded, namespace: str, balancer: str, maker: str
) -> None:
    with clouded.hooked.replica(*ALONE) as first:
        clouded.make(namespace, maker, replicas=30, network=nlb(balancer))
        eventually(lambda: len(clouded.services(namespace)) >= 8, within=60)
        first.manager.kill()
    before = clouded.ports(namespace)

    with clouded.hooked.replica(*ALONE):
        eventually(lambda: _settled(clouded, namespace, 30), within=180, every=0.5)
        given = clouded.ports(namespace)
        expected = tuple(sorted(port for _, port in given))
        eventually(lambda: clouded.record().get(balancer) == expected, within=30)

    assert len(before) < 30
    assert before.keys() <= given.keys()
    assert (len(given), set(given.values())) == (30, {1})


@pytest.mark.parametrize("maker", ["native", "kruise"])
def test_a_pool_that_is_full_says_so_in_numbers_and_recovers(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str, maker: str
) -> None:
    with clouded.hooked.replica(*ALONE, clouded.options("small", SMALL)):
        clouded.make(namespace, maker, replicas=3, network=nlb(balancer), updateStrategy=in_place())
        events = eventually(lambda: arena.events(namespace, "parameterError"), within=60)
        conditions = eventually(lambda: _network_conditions(arena, namespace), within=30)
        arena.edit_set(namespace, "a", {"network": nlb(balancer, f"{balancer}-b")})
        eventually(lambda: _settled(clouded, namespace, 3), within=90)
        eventually(lambda: not _network_conditions(arena, namespace), within=30)

    full = f"{balancer} has 0 free of 2 in 1000-1001; add a load balancer or widen the range"
    assert events[0].involved_object.kind == "Pod"
    assert events[0].message.endswith(full)
    assert [(c.status, c.reason) for c in conditions] == [("False", "NetworkFailed")]
    assert conditions[0].message.endswith(full)
    assert len(clouded.ports(namespace)) == 3


def test_a_service_that_somebody_deletes_is_made_again(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str
) -> None:
    with clouded.hooked.replica(*ALONE):
        clouded.make(namespace, "native", replicas=1, network=nlb(balancer))
        eventually(lambda: _settled(clouded, namespace, 1), within=60)
        time.sleep(AT_REST)
        before = clouded.services(namespace)["a-0"].metadata.uid

        arena.admin.delete(clouded.services(namespace)["a-0"])

        eventually(lambda: _is_another(clouded, namespace, before), within=20)
        eventually(lambda: _settled(clouded, namespace, 1), within=20)


def _is_another(clouded: Clouded, namespace: str, uid: str) -> bool:
    """Whether a-0 has another Service."""
    found = clouded.services(namespace).get("a-0")
    return found is not None and found.metadata.uid != uid


def test_a_server_of_openkruise_that_was_waited_for_in_vain_is_served_when_there_is_room(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str
) -> None:
    late = arena.namespace()
    soon = {"NETWORK_TOTAL_WAIT_TIME": "10", "NETWORK_PROBE_INTERVAL_TIME": "1"}
    with clouded.hooked.replica(*ALONE, clouded.options("small", SMALL), **soon):
        clouded.make(namespace, "kruise", replicas=2, network=nlb(balancer))
        eventually(lambda: _settled(clouded, namespace, 2), within=90)
        clouded.make(late, "kruise", replicas=1, network=nlb(balancer))
        eventually(lambda: arena.events(late, "GsNetworkState"), within=60)

        arena.admin.delete(arena.get_set(namespace, "a"))

        eventually(lambda: _settled(clouded, late, 1), within=100, every=0.5)


def test_a_provider_whose_section_makes_no_sense_is_told_everywhere(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str
) -> None:
    with clouded.hooked.replica(*ALONE, clouded.options("good", SMALL)):
        clouded.make(namespace, "native", replicas=1, network=nlb(balancer))
        eventually(lambda: _settled(clouded, namespace, 1), within=60)
    with clouded.hooked.replica(*ALONE, clouded.options("bad", INVALID)) as replica:
        condition = eventually(lambda: _condition(arena, namespace), within=30)
        detail = _detail(replica)
        with pytest.raises(Forbidden) as refused:
            clouded.make(arena.namespace(), "native", replicas=1, network=nlb(balancer))
        log = replica.manager.log
        still = clouded.states(namespace)
    with clouded.hooked.replica(*ALONE, clouded.options("good", SMALL)):
        eventually(lambda: not _condition(arena, namespace), within=30)

    assert f"[+]networks ok: AlibabaCloud is disabled: {WRONG}" in detail
    assert f"because the options of AlibabaCloud are invalid: {WRONG}" in condition
    assert WRONG in str(refused.value)
    assert "a network provider is disabled" in log
    assert still == {"a-0": "Ready"}


def _network_conditions(arena: Arena, namespace: str) -> list[GameServerCondition]:
    return [
        condition
        for server in arena.servers(namespace).values()
        for condition in server.status.conditions
        if condition.type == "NetworkNormal"
    ]


def _detail(replica: Replica) -> str:
    answer = urllib3.request("GET", f"{replica.manager.health}/readyz?verbose", retries=False)
    assert answer.status == 200
    return answer.data.decode()
