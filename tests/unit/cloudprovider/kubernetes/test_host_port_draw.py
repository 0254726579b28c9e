"""Which ports of nodes a server gets."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from okg.cloudprovider.kubernetes.host_port_draw import (
    HostPortWish,
    draw_host_ports,
    expected_usage,
)
from okg.cloudprovider.ports import Claim, PortBook, bits_of, leave, lowest, repair, settle

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALLOWED = bits_of(range(8000, 8010))


def _draw(
    book: PortBook, holder: str, count: int = 1, by_pods: Mapping[int, int] | None = None
) -> tuple[tuple[int, ...], PortBook]:
    wish = HostPortWish(holder=holder, count=count, allowed=ALLOWED)
    return draw_host_ports(
        book, wish, lambda now: expected_usage(now, by_pods or {}, lambda _: 0), NOW
    )


def test_the_lowest_ports_that_nobody_has_are_given() -> None:
    book = PortBook(bits_of([8000, 8002]))

    ports, after = _draw(book, "ns/a-0", 2)

    assert ports == (8001, 8003)
    assert after == PortBook(
        bits_of([8000, 8001, 8002, 8003]), {"ns/a-0": Claim((8001, 8003), NOW)}
    )


def test_thirty_servers_have_each_of_ten_ports_three_times() -> None:
    book, drawn = PortBook(), list[int]()
    for number in range(30):
        ports, book = _draw(book, f"ns/a-{number}")
        drawn.extend(ports)

    assert drawn == [*range(8000, 8010)] * 3


def test_a_server_has_no_port_twice_even_if_all_are_used() -> None:
    book = PortBook(ALLOWED)

    ports, _ = _draw(book, "ns/a-0", 10, {8003: 7})

    assert ports == tuple(range(8000, 8010))


def test_of_ports_in_use_those_of_the_fewest_pods_are_given() -> None:
    by_pods = {8000: 2, 8001: 1, 8002: 3} | dict.fromkeys(range(8003, 8010), 2)

    assert _draw(PortBook(ALLOWED), "ns/a-0", 2, by_pods)[0] == (8000, 8001)


def test_who_asks_again_gets_the_same_and_more_or_fewer_of_them() -> None:
    _, book = _draw(PortBook(), "ns/b-0")
    _, book = _draw(book, "ns/a-0", 2)
    _, book = _draw(book, "ns/b-1")

    assert _draw(book, "ns/a-0", 2)[0] == (8001, 8002)
    assert _draw(book, "ns/a-0", 3)[0] == (8001, 8002, 8004)
    assert _draw(book, "ns/a-0", 1)[0] == (8001,)


def test_a_port_outside_the_range_is_not_kept() -> None:
    book = PortBook(bits_of([7000]), {"ns/a-0": Claim((7000,), NOW)})

    assert _draw(book, "ns/a-0")[0] == (8000,)


def test_who_comes_back_finds_its_port() -> None:
    book = leave(PortBook(), "ns/a-0", [8004], NOW)

    others, book = _draw(book, "ns/b-0", 9)
    ports, _ = _draw(book, "ns/a-0")

    assert 8004 not in others
    assert ports == (8004,)


def test_a_port_that_somebody_has_left_is_given_before_one_that_is_used() -> None:
    by_pods = dict.fromkeys(range(8001, 8010), 1)
    book = leave(PortBook(ALLOWED), "ns/a-0", [8000], NOW)

    ports, after = _draw(book, "ns/b-0", 1, by_pods)

    assert ports == (8000,)
    assert after.claims == {"ns/b-0": Claim((8000,), NOW)}


def test_a_port_that_nobody_comes_back_to_is_given_before_one_that_somebody_has_left() -> None:
    by_pods = dict.fromkeys(range(8002, 8010), 1)
    book = leave(PortBook(ALLOWED), "ns/a-0", [8000], NOW)

    assert _draw(book, "ns/b-0", 1, by_pods)[0] == (8001,)


def test_a_claim_counts_once_its_pod_is_there_or_not() -> None:
    book = PortBook(
        0,
        {
            "ns/made": Claim((8000,), NOW),
            "ns/to-be-made": Claim((8001,), NOW),
            "ns/gone": Claim((8002,), NOW, left=True),
        },
    )

    usage = expected_usage(
        book, {8000: 1}, lambda holder: bits_of([8000]) if holder == "ns/made" else 0
    )

    assert usage == {8000: 1, 8001: 1}


def test_ports_are_told_ascending() -> None:
    by_pods = dict.fromkeys(range(8000, 8009), 1)

    assert _draw(PortBook(ALLOWED & ~bits_of([8009])), "ns/a-0", 2, by_pods)[0] == (8000, 8009)


@given(st.lists(st.integers(1, 4), max_size=12))
def test_no_port_is_given_twice_while_there_are_others(counts: list[int]) -> None:
    book, given_ = PortBook(), Counter[int]()
    for number, count in enumerate(counts):
        ports, book = _draw(book, f"ns/a-{number}", count)
        given_.update(ports)

    assert given_.total() == sum(counts)
    assert len(given_) == min(10, sum(counts))
    assert max(given_.values(), default=0) - min(given_[port] for port in range(8000, 8010)) <= 1
    assert given_ == expected_usage(book, {}, lambda _: 0)


class Replicas(RuleBasedStateMachine):
    """Servers come, go and return; the record is tidied at any time."""

    claimed = Bundle("claimed")
    living = Bundle("living")
    gone = Bundle("gone")

    @initialize()
    def begin(self) -> None:
        self.book = PortBook()
        self.pods: dict[str, tuple[int, ...]] = {}
        self.pending: dict[str, tuple[int, ...]] = {}
        self.remembered: dict[str, tuple[int, ...]] = {}
        self.number = 0

    def _ports_of(self, holder: str) -> int:
        return bits_of(self.pods.get(holder, ()))

    def _ask(self, holder: str, count: int) -> None:
        had = Counter(port for ports in self.pods.values() for port in ports)
        wish = HostPortWish(holder=holder, count=count, allowed=ALLOWED)
        before = self.book
        kept = bits_of(before.claims[holder].ports if holder in before.claims else ())
        seen = PortBook(before.used | bits_of(had), before.claims)
        ports, self.book = draw_host_ports(
            seen, wish, lambda book: expected_usage(book, had, self._ports_of), NOW
        )
        assert kept & bits_of(ports) == bits_of(lowest(kept, count))
        taken = (
            bits_of(ports)
            & ~kept
            & bits_of(
                p
                for name, it in {**self.pods, **self.pending}.items()
                if name != holder
                for p in it
            )
        )
        free = ALLOWED & ~seen.used
        assert not taken or not free & ~bits_of(ports)
        self.remembered = {
            name: it
            for name, it in self.remembered.items()
            if name != holder and not bits_of(it) & bits_of(ports)
        }
        self.pending[holder] = ports

    @rule(target=claimed, count=st.integers(1, 3))
    def ask(self, count: int) -> str:
        self.number += 1
        self._ask(f"ns/a-{self.number}", count)
        return f"ns/a-{self.number}"

    @rule(target=living, holder=consumes(claimed))
    def make(self, holder: str) -> str:
        self.pods[holder] = self.pending.pop(holder)
        return holder

    @rule(target=gone, holder=consumes(living))
    def go(self, holder: str) -> str:
        ports = self.pods[holder]
        self.book = leave(self.book, holder, ports, NOW)
        del self.pods[holder]
        self.remembered[holder] = ports
        return holder

    @rule(target=claimed, holder=consumes(gone))
    def come_back(self, holder: str) -> str:
        remembered = self.remembered.get(holder)
        self._ask(holder, len(remembered or (0,)))
        assert remembered in {None, self.pending[holder]}
        return holder

    @rule()
    def tidy(self) -> None:
        used = bits_of(port for ports in self.pods.values() for port in ports)
        self.book = repair(settle(self.book, self._ports_of, NOW), used)

    @invariant()
    def what_is_promised_is_on_record(self) -> None:
        promised = {**self.pending, **self.remembered}
        assert bits_of(p for it in promised.values() for p in it) & ~self.book.used == 0
        claims = {name: self.book.claims[name].ports for name in promised}
        # What was claimed before, and is not asked for any more, stays claimed behind it.
        assert {name: claims[name][: len(it)] for name, it in promised.items()} == promised


TestReplicas = Replicas.TestCase
TestReplicas.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
