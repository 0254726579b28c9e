"""What is counted of servers and sets."""

import pytest

from okg.api.game import GameServerSet
from okg.api.meta import IntOrString, ObjectMeta
from okg.exporter.fleet import Fleet, replicas_of
from okg.exporter.server import NetworkFacet
from unit.exporter.roster import CREATED, a_server, a_set, after

LOBBY, FIRST = ("games", "lobby"), ("games", "lobby-0")


def test_a_server_counts_where_it_is_and_no_longer_where_it_was() -> None:
    fleet = Fleet()

    fleet.put_server(a_server(), CREATED)
    fleet.put_server(a_server(state="Creating"), after(1))
    fleet.put_server(a_server(state="Ready", ops_state="Allocated"), after(2))

    assert fleet.states == {"": 0, "Creating": 0, "Ready": 1}
    assert fleet.ops_states == {LOBBY: {"None": 0, "Allocated": 1}}
    assert fleet.seen == 1


def test_a_network_counts_by_its_type_and_state_and_whether_the_server_can_have_it() -> None:
    fleet = Fleet()

    fleet.put_server(a_server(), CREATED)
    fleet.put_server(a_server("lobby-1", trouble="no available ports"), CREATED)
    fleet.put_server(a_server("lobby-2", network="NotReady"), CREATED)
    fleet.put_server(a_server("lobby-2", network="Ready"), after(1))

    assert fleet.networks == {
        LOBBY: {
            NetworkFacet("", "", normal=False): 1,
            NetworkFacet("Kubernetes-HostPort", "NotReady", normal=True): 0,
            NetworkFacet("Kubernetes-HostPort", "Ready", normal=True): 1,
        }
    }


def test_being_told_once_more_changes_nothing() -> None:
    fleet = Fleet()
    server = a_server(state="Ready", deletion="7")
    fleet.put_server(server, CREATED)

    fleet.put_server(server, after(30))

    assert fleet.states == {"Ready": 1}
    assert fleet.ops_states == {LOBBY: {"None": 1}}
    assert fleet.servers[FIRST].deletion_priority == 7
    assert fleet.seen == 1


def test_what_goes_is_not_counted_any_more_but_was_seen() -> None:
    fleet = Fleet()
    fleet.put_set(a_set())
    fleet.put_server(a_server(state="Ready"), CREATED)

    fleet.drop_server(a_server(state="Deleting"))
    fleet.drop_server(a_server(state="Deleting"))

    assert fleet.states == {"Ready": 0}
    assert fleet.ops_states == {LOBBY: {"None": 0}}
    assert fleet.servers == {}
    assert fleet.seen == 1


def test_a_set_that_went_before_its_servers_is_forgotten_with_the_last_of_them() -> None:
    fleet = Fleet()
    fleet.put_set(a_set())
    fleet.put_server(a_server(), CREATED)
    fleet.put_server(a_server("lobby-1"), CREATED)

    fleet.drop_set(a_set())
    fleet.drop_server(a_server())
    remaining = dict(fleet.ops_states[LOBBY])
    fleet.drop_server(a_server("lobby-1"))

    assert remaining == {"None": 1}
    assert fleet.ops_states == {}
    assert fleet.replicas == {}


def test_a_set_that_goes_after_its_servers_is_forgotten_at_once() -> None:
    fleet = Fleet()
    fleet.put_set(a_set())
    fleet.put_server(a_server(), CREATED)
    fleet.drop_server(a_server())

    fleet.drop_set(a_set())

    assert fleet.ops_states == {}


def test_a_server_that_was_made_again_unnoticed_is_another_one() -> None:
    fleet = Fleet()
    fleet.put_server(a_server(state="Creating"), CREATED)
    fleet.put_server(a_server(state="Ready", network="Ready"), after(5))

    fleet.put_server(a_server(state="Creating", uid="2"), after(9))

    assert fleet.seen == 2
    assert fleet.states == {"Creating": 1, "Ready": 0}
    assert fleet.servers[FIRST].ready_after is None
    assert fleet.servers[FIRST].network_ready_after is None


def test_a_server_that_changes_hands_counts_for_its_new_set() -> None:
    fleet = Fleet()
    fleet.put_server(a_server(), CREATED)

    fleet.put_server(a_server(owner="arena"), CREATED)

    assert fleet.ops_states == {("games", "arena"): {"None": 1}}


def test_the_way_to_ready_is_timed_when_it_ends_and_kept() -> None:
    fleet = Fleet()
    fleet.put_server(a_server(), CREATED)

    fleet.put_server(a_server(state="Ready", network="NotReady"), after(12))
    fleet.put_server(a_server(state="Ready", network="Ready"), after(20.5))
    fleet.put_server(a_server(state="Updating", network="Ready"), after(60))

    assert fleet.servers[FIRST].ready_after == 12.0
    assert fleet.servers[FIRST].network_ready_after == 20.5


def test_the_way_back_to_ready_is_timed_from_the_creation_too() -> None:
    fleet = Fleet()
    fleet.put_server(a_server(), CREATED)
    fleet.put_server(a_server(state="Ready"), after(12))
    fleet.put_server(a_server(state="NotReady"), after(100))

    fleet.put_server(a_server(state="Ready"), after(130))

    assert fleet.servers[FIRST].ready_after == 130.0


def test_how_long_it_took_before_anybody_looked_is_unknown() -> None:
    fleet = Fleet()

    fleet.put_server(a_server(state="Ready", network="Ready"), after(3600))

    assert fleet.servers[FIRST].ready_after is None
    assert fleet.servers[FIRST].network_ready_after is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (None, 0),
        (7, 7),
        ("10", 10),
        ("-3", -3),
        ("+4", 4),
        ("", 0),
        ("high", 0),
        ("1.5", 0),
        (" 1", 0),
        ("9" * 5000, 0),
    ],
)
def test_priorities_are_numbers_whatever_the_status_says(
    value: IntOrString | None, number: int
) -> None:
    fleet = Fleet()
    fleet.put_server(a_server(deletion=1, update=1), CREATED)

    fleet.put_server(a_server(deletion=value, update=value), CREATED)

    assert fleet.servers[FIRST].deletion_priority == number
    assert fleet.servers[FIRST].update_priority == number


def test_a_set_has_the_numbers_of_its_status_that_are_there() -> None:
    assert replicas_of(a_set()) == {"current": 3, "ready": 2, "available": 1}
    assert replicas_of(a_set(maintaining=0, waiting=5)) == {
        "current": 3,
        "ready": 2,
        "available": 1,
        "maintaining": 0,
        "waitToBeDeleted": 5,
    }


def test_a_set_without_a_status_has_no_servers_yet() -> None:
    gss = GameServerSet(metadata=ObjectMeta(name="lobby", namespace="games"))

    assert replicas_of(gss) == {"current": 0, "ready": 0, "available": 0}
