"""Sets of ports, against plain Python sets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from okg.cloudprovider.ports import (
    LET_GO,
    MOST_LEFT,
    PENDING,
    Claim,
    PortBook,
    PortRange,
    bits_of,
    claim,
    forget,
    leave,
    let_go,
    ports_of,
    read_ports,
    repair,
    settle,
    write_ports,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOME_PORTS = st.sets(st.integers(0, 65535), max_size=50)


@given(SOME_PORTS)
def test_a_set_is_read_as_it_is_written(ports: set[int]) -> None:
    bits = bits_of(ports)

    assert read_ports(write_ports(bits)) == bits
    assert set(ports_of(bits)) == ports


@pytest.mark.parametrize(
    ("ports", "text"), [([], ""), ([500], "500"), ([500, 501, 502, 510], "500-502,510")]
)
def test_runs_of_ports_are_written_by_their_ends(ports: list[int], text: str) -> None:
    assert write_ports(bits_of(ports)) == text


def test_blocked_ports_are_not_in_a_range() -> None:
    allowed = PortRange(low=500, high=503, blocked=(501, 9000))

    assert ports_of(allowed.bits) == (500, 502, 503)
    assert allowed.size == 3


def test_a_claim_that_a_service_has_taken_up_is_dropped_and_its_ports_stay_used() -> None:
    book = PortBook(bits_of([500]), {"ns/a-0": Claim((500,), NOW)})

    settled = settle(book, lambda holder: {"ns/a-0": bits_of([500])}[holder], NOW)

    assert settled == PortBook(bits_of([500]))


def test_a_claim_that_nobody_takes_up_is_free_again_after_a_while() -> None:
    book = PortBook(bits_of([500]), {"ns/a-0": Claim((500,), NOW)})

    assert settle(book, lambda _: 0, NOW + PENDING - timedelta(seconds=1)) == book
    assert settle(book, lambda _: 0, NOW + PENDING) == PortBook()


def test_a_repair_frees_what_nobody_has_and_marks_what_services_have() -> None:
    book = PortBook(bits_of([500, 501]), {"ns/b-0": Claim((501,), NOW)})

    assert ports_of(repair(book, bits_of([502])).used) == (501, 502)


def test_what_was_claimed_stays_claimed_behind_what_is_claimed_now() -> None:
    book = PortBook(bits_of([500, 501]), {"ns/a-0": Claim((500, 501), NOW)})

    after = claim(book, "ns/a-0", [501, 502], NOW)

    assert after.claims["ns/a-0"].ports == (501, 502, 500)
    assert ports_of(after.used) == (500, 501, 502)


def test_ports_of_who_has_left_are_kept_for_a_while_though_nobody_has_them() -> None:
    left = leave(PortBook(), "ns/a-0", [500], NOW)

    assert left == PortBook(bits_of([500]), {"ns/a-0": Claim((500,), NOW, left=True)})
    assert settle(left, lambda _: 0, NOW + PENDING - timedelta(seconds=1)) == left
    assert settle(left, lambda _: 0, NOW + PENDING) == PortBook()


def test_the_while_begins_when_who_leaves_is_gone() -> None:
    left = leave(PortBook(), "ns/a-0", [500], NOW)
    later = NOW + PENDING

    soon = settle(left, lambda _: bits_of([500]), NOW + timedelta(seconds=30))
    renewed = settle(left, lambda _: bits_of([500]), later)

    assert soon is left
    assert renewed.claims == {"ns/a-0": Claim((500,), later, left=True)}


def test_to_leave_twice_is_to_leave_once() -> None:
    left = leave(PortBook(), "ns/a-0", [500], NOW)

    assert leave(left, "ns/a-0", [500], NOW + timedelta(seconds=30)) is left
    assert leave(left, "ns/a-0", [500], NOW + PENDING).claims["ns/a-0"].at == NOW + PENDING


def test_who_leaves_before_its_claim_is_settled_keeps_it() -> None:
    left = leave(claim(PortBook(), "ns/a-0", [500], NOW), "ns/a-0", [500], NOW)

    assert left.claims == {"ns/a-0": Claim((500,), NOW, left=True)}


def test_who_leaves_late_does_not_harm_its_successor() -> None:
    book = claim(PortBook(), "ns/a-0", [501], NOW)

    assert leave(book, "ns/a-0", [500], NOW) is book


def test_who_leaves_with_fewer_ports_than_it_claimed_keeps_those_it_had() -> None:
    book = claim(claim(PortBook(), "ns/a-0", [500, 501], NOW), "ns/a-0", [501], NOW)

    left = leave(book, "ns/a-0", [501], NOW)

    assert left == PortBook(bits_of([501]), {"ns/a-0": Claim((501,), NOW, left=True)})


def test_who_goes_for_good_has_no_claim_and_its_ports_are_free_when_nobody_has_them() -> None:
    book = claim(claim(PortBook(), "ns/a-0", [500], NOW), "ns/b-0", [501], NOW)

    gone = forget(book, "ns/a-0", [500])

    assert gone == PortBook(bits_of([500, 501]), {"ns/b-0": Claim((501,), NOW)})
    assert repair(gone, bits_of([500])) is gone
    assert repair(gone, 0).used == bits_of([501])


def test_who_goes_for_good_late_does_not_harm_its_successor() -> None:
    book = claim(PortBook(), "ns/a-0", [501], NOW)

    assert forget(book, "ns/a-0", [500]) is book
    assert forget(book, "ns/b-0", [501]) is book


def test_what_was_drawn_for_who_goes_is_kept_for_a_service_that_may_be_on_its_way() -> None:
    book = claim(PortBook(), "ns/a-0", [500], NOW)

    gone = let_go(book, "ns/a-0", NOW)

    assert gone.used == bits_of([500])
    assert settle(gone, lambda _: 0, NOW + LET_GO - timedelta(seconds=1)) == gone
    assert settle(gone, lambda _: 0, NOW + LET_GO) == PortBook()
    assert settle(gone, lambda _: bits_of([500]), NOW) == PortBook(bits_of([500]))
    assert claim(gone, "ns/a-0", [500], NOW) == book


def test_to_let_go_changes_nothing_that_is_over_sooner_or_kept_for_a_return() -> None:
    old = claim(PortBook(), "ns/a-0", [500], NOW - PENDING + LET_GO)
    left = leave(PortBook(), "ns/a-0", [500], NOW)

    assert let_go(old, "ns/a-0", NOW) is old
    assert let_go(left, "ns/a-0", NOW) is left
    assert let_go(left, "ns/b-0", NOW) is left


def test_not_more_are_remembered_than_a_record_has_room_for() -> None:
    many = {f"ns/a-{number}": Claim((500,), NOW, left=True) for number in range(MOST_LEFT)}
    book = PortBook(bits_of([500]), many)

    assert leave(book, "ns/b-0", [501], NOW) is book
    assert claim(book, "ns/b-0", [501], NOW).claims["ns/b-0"].ports == (501,)
