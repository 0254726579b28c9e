"""Sets of ports, against plain Python sets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okg.cloudprovider.ports import (
    PENDING,
    Claim,
    PortBook,
    PortRange,
    bits_of,
    give_back,
    ports_of,
    read_ports,
    repair,
    room,
    settle,
    take,
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


def test_the_lowest_free_ports_are_given() -> None:
    allowed = PortRange(low=8000, high=8002, blocked=(8001,))

    taken = take(PortBook(), "ns/a-0", 2, allowed, NOW)

    assert taken is not None
    book, ports = taken
    assert ports == (8000, 8002)
    assert room(book, allowed) == 0
    assert take(book, "ns/a-1", 1, allowed, NOW) is None


def test_a_holder_keeps_its_claim_and_grows_and_shrinks_it() -> None:
    allowed = PortRange(low=500, high=509)
    book = PortBook(bits_of([500, 501, 502]), {"ns/a-0": Claim((501, 502), NOW)})

    grown = take(book, "ns/a-0", 3, allowed, NOW)
    shrunk = take(book, "ns/a-0", 1, allowed, NOW)

    assert grown is not None
    assert grown[1] == (501, 502, 503)
    assert ports_of(grown[0].used) == (500, 501, 502, 503)
    assert shrunk is not None
    assert shrunk[1] == (501,)
    assert ports_of(shrunk[0].used) == (500, 501)


def test_a_claim_that_a_service_has_taken_up_is_dropped_and_its_ports_stay_used() -> None:
    book = PortBook(bits_of([500]), {"ns/a-0": Claim((500,), NOW)})

    settled = settle(book, {"ns/a-0": bits_of([500])}, NOW)

    assert settled == PortBook(bits_of([500]))


def test_a_claim_that_nobody_takes_up_is_free_again_after_a_while() -> None:
    book = PortBook(bits_of([500]), {"ns/a-0": Claim((500,), NOW)})

    assert settle(book, {}, NOW + PENDING - timedelta(seconds=1)) == book
    assert settle(book, {}, NOW + PENDING) == PortBook()


def test_ports_that_are_claimed_again_are_not_given_back() -> None:
    book = PortBook(bits_of([500, 501]), {"ns/b-0": Claim((501,), NOW)})

    assert ports_of(give_back(book, bits_of([500, 501])).used) == (501,)


def test_a_repair_frees_what_nobody_has_and_marks_what_services_have() -> None:
    book = PortBook(bits_of([500, 501]), {"ns/b-0": Claim((501,), NOW)})

    assert ports_of(repair(book, bits_of([502])).used) == (501, 502)


@given(st.lists(st.integers(1, 3), max_size=12))
def test_no_port_is_given_twice_and_the_last_one_is_given(counts: list[int]) -> None:
    allowed = PortRange(low=500, high=511, blocked=(505,))
    book = PortBook()
    given_ports: list[int] = []
    for number, count in enumerate(counts):
        free = room(book, allowed)
        taken = take(book, f"ns/a-{number}", count, allowed, NOW)
        assert (taken is not None) == (free >= count)
        if taken is not None:
            book, ports = taken
            given_ports.extend(ports)

    assert len(set(given_ports)) == len(given_ports)
    assert room(book, allowed) == 11 - len(given_ports)
