"""What the leader does to the record of given ports."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from okg.cloudprovider.ledger_record import blank
from okg.controllers.ports import CatchUp, Inventory, watches
from okg.errors import TerminalError
from okg.runtime.reconcile import Result
from okg.runtime.watch import Watch
from okg.testing.clock import FakeClock
from unit.controllers.ports.port_cluster import RECORD, PortReplica, PortServer, service


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> PortServer:
    return PortServer()


@pytest.fixture
def leader(server: PortServer, clock: FakeClock) -> PortReplica:
    return PortReplica(server, clock)


def test_a_claim_is_settled_when_its_service_is_there(
    server: PortServer, leader: PortReplica
) -> None:
    server.make("a-0", *leader.draw("a-0"))
    leader.hear_all()

    again = leader.tidy()

    assert (server.given, server.book.claims) == ((500,), {})
    assert again is None


def test_the_ports_of_a_service_that_is_gone_are_free(
    server: PortServer, leader: PortReplica
) -> None:
    server.make("a-0", *leader.draw("a-0"))
    server.make("a-1", *leader.draw("a-1"))
    leader.hear_all()
    leader.tidy()
    server.drop("a-0")
    leader.hear_all()

    leader.tidy()

    assert server.given == (501,)
    assert leader.draw("a-2") == (500,)


def test_nothing_is_left_of_a_set_that_is_gone(server: PortServer, leader: PortReplica) -> None:
    server.make("a-0", *leader.draw("a-0", 2))
    leader.hear_all()
    leader.tidy()
    server.drop("a-0")
    leader.hear_all()

    leader.tidy()

    assert server.given == ()


def test_a_claim_whose_service_never_comes_expires(
    server: PortServer, leader: PortReplica, clock: FakeClock
) -> None:
    leader.draw("a-0")
    clock.advance(100)
    leader.draw("a-1")

    first = leader.tidy()
    kept = server.given
    clock.advance(500)
    second = leader.tidy()

    assert first == Result(requeue_after=timedelta(seconds=500))
    assert kept == (500, 501)
    assert server.given == (501,)
    assert second == Result(requeue_after=timedelta(seconds=100))


def test_a_claim_does_not_expire_while_its_service_may_not_have_been_heard_of(
    server: PortServer, leader: PortReplica, clock: FakeClock
) -> None:
    ports = leader.draw("a-0")
    leader.tidy()
    server.make("a-0", *ports)
    clock.advance(3600)

    leader.tidy()
    unheard = server.given
    leader.hear_all()
    leader.tidy()

    assert unheard == (500,)
    assert (server.given, server.book.claims) == ((500,), {})


def test_what_is_as_it_should_be_is_not_written(server: PortServer, leader: PortReplica) -> None:
    server.make("a-0", *leader.draw("a-0"))
    leader.hear_all()
    leader.tidy()
    before = list(server.client.writes)

    leader.tidy()

    assert server.client.writes == before


def test_services_that_nobody_drew_for_are_noted(server: PortServer, leader: PortReplica) -> None:
    server.make("made-by-hand", 502)
    leader.hear_all()
    leader.draw("a-0")

    leader.tidy()

    assert server.given == (500, 502)


def test_a_new_leader_frees_nothing_before_it_knows_all_that_is_there(
    server: PortServer, leader: PortReplica, clock: FakeClock
) -> None:
    server.make("a-0", *leader.draw("a-0"))
    leader.hear_all()
    leader.tidy()
    late = PortReplica(server, clock)

    waiting = late.tidy()
    while_waiting = server.given
    late.hear_all()
    after = late.tidy()

    assert waiting == Result(requeue_after=timedelta(seconds=1))
    assert while_waiting == (500,)
    assert after is None
    assert server.given == (500,)


def test_a_new_leader_does_not_wait_for_what_is_gone(
    server: PortServer, leader: PortReplica, clock: FakeClock
) -> None:
    server.make("a-0", *leader.draw("a-0"))
    leader.hear_all()
    leader.tidy()
    late = PortReplica(server, clock)
    late.tidy()
    server.drop("a-0")

    late.tidy()

    assert server.given == ()


def test_a_service_whose_ports_changed_counts_as_unknown(
    server: PortServer, leader: PortReplica
) -> None:
    server.make("a-0", 500)
    leader.hear_all()
    server.make("a-0", 500, 501)

    before = CatchUp(Inventory(server), [leader.pool]).is_done()
    leader.hear_all()

    assert not before
    assert CatchUp(Inventory(server), [leader.pool]).is_done()


def test_a_record_that_somebody_else_wrote_is_left_alone_with_a_word(
    server: PortServer, leader: PortReplica
) -> None:
    odd = replace(blank("system", "nlb"), data={"lb-a": "none of ours"})
    server.client.put(odd)

    with pytest.raises(TerminalError, match="config map system/okg-ports-nlb cannot be read"):
        leader.tidy()


def test_a_record_that_is_not_there_needs_nothing(server: PortServer, leader: PortReplica) -> None:
    assert leader.tidy() is None
    assert server.client.writes == []


def test_only_changes_of_ports_lead_to_a_look(leader: PortReplica) -> None:
    _, services = watches([leader.pool])
    assert isinstance(services, Watch)
    one, more = service("a-0", 500), service("a-0", 500, 501)
    elsewhere = replace(one, metadata=replace(one.metadata, annotations={}))

    assert [*services.handler(None, one)] == [RECORD]
    assert [*services.handler(one, more)] == [RECORD]
    assert [*services.handler(more, None)] == [RECORD]
    assert [*services.handler(one, elsewhere)] == [RECORD]
    assert [*services.handler(one, service("a-0", 500))] == []
    assert [*services.handler(None, elsewhere)] == []
