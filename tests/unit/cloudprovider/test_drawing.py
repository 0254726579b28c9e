"""Who gets which ports of which load balancer."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from okg.cloudprovider.drawing import Allocation, Books, Group, Holding, Shelf, Wish, draw
from okg.cloudprovider.ports import PENDING, Claim, PortBook, PortRange, bits_of, ports_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, B = Group(("lb-a",)), Group(("lb-b",))
ALLOWED = PortRange(low=500, high=504, blocked=(501,))


def _draw(books: Books, wish: Wish) -> tuple[Allocation, Books] | None:
    return draw(_shelf(books), wish, NOW)


def _shelf(books: Books) -> Shelf:
    def book_of(balancer: str) -> PortBook:
        return books.get(balancer, PortBook())

    def claimed_by(holder: str) -> frozenset[str]:
        return frozenset(name for name, book in books.items() if holder in book.claims)

    return Shelf(book_of, claimed_by, ALLOWED)


def _allocation(books: Books, wish: Wish) -> Allocation | None:
    drawn = _draw(books, wish)
    return drawn[0] if drawn else None


def test_the_lowest_free_ports_of_the_first_with_room_are_given() -> None:
    books = {"lb-a": PortBook(bits_of([500, 502, 503]))}

    given_ = _allocation(books, Wish(holder="ns/s-0", groups=(A, B), count=2))

    assert given_ == Allocation(B, (500, 502))


def test_without_room_nothing_is_given() -> None:
    full = {"lb-a": PortBook(bits_of([500, 502, 503, 504]))}

    assert _allocation(full, Wish(holder="ns/s-0", groups=(A,), count=1)) is None


def test_the_emptiest_is_preferred_if_asked_and_the_first_of_equals() -> None:
    books = {"lb-a": PortBook(bits_of([500]))}

    assert _allocation(books, Wish(holder="h", groups=(A, B), count=1, spread=True)) == Allocation(
        B, (500,)
    )
    assert _allocation({}, Wish(holder="h", groups=(A, B), count=1, spread=True)) == Allocation(
        A, (500,)
    )


def test_a_group_gives_ports_that_are_free_on_all_its_members() -> None:
    books = {"lb-a": PortBook(bits_of([500])), "lb-b": PortBook(bits_of([502]))}
    both = Group(("lb-a", "lb-b"))

    drawn = _draw(books, Wish(holder="ns/s-0", groups=(both,), count=1))

    assert drawn is not None
    assert drawn[0] == Allocation(both, (503,))
    assert {name: ports_of(book.used) for name, book in drawn[1].items()} == {
        "lb-a": (500, 503),
        "lb-b": (502, 503),
    }


def test_a_claim_is_kept_where_it_is_and_grows_and_shrinks() -> None:
    books = {"lb-b": PortBook(bits_of([502, 503]), {"ns/s-0": Claim((502, 503), NOW)})}

    def ports(count: int) -> Allocation | None:
        return _allocation(books, Wish(holder="ns/s-0", groups=(A, B), count=count))

    assert ports(1) == Allocation(B, (502,))
    assert ports(2) == Allocation(B, (502, 503))
    assert ports(3) == Allocation(B, (502, 503, 500))
    assert ports(5) is None


def test_what_a_service_has_already_is_kept_whatever_was_claimed() -> None:
    books = {"lb-a": PortBook(bits_of([500, 503]), {"ns/s-0": Claim((500,), NOW)})}

    more = Wish(holder="ns/s-0", groups=(A,), count=2, kept={"lb-a": (503,)})
    again = Wish(holder="ns/s-0", groups=(A,), count=2, kept={"lb-a": (500,)})

    assert _allocation(books, more) == Allocation(A, (503, 502))
    assert _allocation(books, again) == Allocation(A, (500, 502))


def test_the_last_port_goes_to_who_has_the_others() -> None:
    books = {"lb-a": PortBook(bits_of([500, 502, 503]))}

    drawn = _allocation(books, Wish(holder="ns/s-0", groups=(A,), count=2, kept={"lb-a": (500,)}))

    assert drawn == Allocation(A, (500, 504))


BOTH = Group(("lb-a", "lb-b"))


def test_a_service_that_is_yet_to_be_made_gets_the_ports_of_the_others() -> None:
    books = {"lb-a": PortBook(bits_of([503])), "lb-b": PortBook(bits_of([500]))}

    drawn = _draw(books, Wish(holder="h", groups=(BOTH,), count=1, kept={"lb-a": (503,)}))

    assert drawn is not None
    assert drawn[0] == Allocation(BOTH, (503,))
    assert {name: ports_of(book.used) for name, book in drawn[1].items()} == {"lb-b": (500, 503)}


def test_all_get_other_ports_where_somebody_else_has_those_of_the_others() -> None:
    books = {"lb-a": PortBook(bits_of([500])), "lb-b": PortBook(bits_of([500]))}

    drawn = _draw(books, Wish(holder="h", groups=(BOTH,), count=1, kept={"lb-a": (500,)}))

    assert drawn is not None
    assert drawn[0] == Allocation(BOTH, (502,))
    assert {name: ports_of(book.used) for name, book in drawn[1].items()} == {
        "lb-a": (500, 502),
        "lb-b": (500, 502),
    }


def test_a_port_that_nobody_may_have_is_not_given_where_it_is_not_had() -> None:
    wish = Wish(holder="h", groups=(BOTH,), count=1, kept={"lb-a": (501,)})

    assert _allocation({"lb-a": PortBook(bits_of([501]))}, wish) == Allocation(BOTH, (500,))


def test_services_that_differ_meet_on_what_is_claimed_for_all() -> None:
    claims = {"h": Claim((502,), NOW)}
    books = {
        "lb-a": PortBook(bits_of([500, 502]), claims),
        "lb-b": PortBook(bits_of([500, 502]), claims),
    }

    wish = Wish(holder="h", groups=(BOTH,), count=1, kept={"lb-a": (500,)})

    assert _draw(books, wish) == (Allocation(BOTH, (502,)), {})


def test_a_claim_that_waits_for_its_service_is_renewed_when_it_is_old() -> None:
    books = {
        "lb-a": PortBook(bits_of([500])),
        "lb-b": PortBook(bits_of([500]), {"h": Claim((500,), NOW)}),
    }
    wish = Wish(holder="h", groups=(BOTH,), count=1, kept={"lb-a": (500,)})

    soon = draw(_shelf(books), wish, NOW + PENDING / 4)
    late = draw(_shelf(books), wish, NOW + PENDING / 2)

    assert soon == (Allocation(BOTH, (500,)), {})
    assert late is not None
    assert late[1]["lb-b"].claims["h"].at == NOW + PENDING / 2


def test_what_a_server_has_claimed_beside_what_it_has_is_what_it_gets() -> None:
    claims = {"h": Claim((500, 503), NOW)}
    wish = Wish(holder="h", groups=(A,), count=2, kept={"lb-a": (500,)})

    drawn = _draw({"lb-a": PortBook(bits_of([500, 503]), claims)}, wish)

    assert drawn == (Allocation(A, (500, 503)), {})


def test_who_has_no_service_yet_writes_though_its_claim_is_new() -> None:
    books = {"lb-a": PortBook(bits_of([500]), {"h": Claim((500,), NOW)})}

    drawn = _draw(books, Wish(holder="h", groups=(A,), count=1))

    assert drawn == (Allocation(A, (500,)), books)


def test_a_server_has_what_all_its_services_have() -> None:
    whole = Holding(BOTH, {"lb-a": (500, 502), "lb-b": (500, 502, 503)})
    other = Holding(BOTH, {"lb-a": (500, 502), "lb-b": (500, 503)})
    half = Holding(BOTH, {"lb-b": (500,)})

    assert whole.granted(2) == Allocation(BOTH, (500, 502))
    assert whole.granted(3) is None
    assert other.granted(1) == Allocation(BOTH, (500,))
    assert other.granted(2) is None
    assert half.granted(1) is None


@given(st.lists(st.integers(1, 3), max_size=12))
def test_no_port_is_given_twice_and_the_last_one_is_given(counts: list[int]) -> None:
    books: dict[str, PortBook] = {"lb-a": PortBook()}
    ports: list[int] = []
    for number, count in enumerate(counts):
        free = _shelf(books).room(A)
        drawn = _draw(books, Wish(holder=f"ns/s-{number}", groups=(A,), count=count))
        assert (drawn is not None) == (free >= count)
        if drawn is not None:
            books.update(drawn[1])
            ports.extend(drawn[0].ports)

    assert len(set(ports)) == len(ports)
    assert _shelf(books).room(A) == 4 - len(ports)


def test_what_is_put_on_the_shelf_is_what_the_next_wish_finds() -> None:
    shelf = _shelf({"lb-b": PortBook(0, {"ns/s-0": Claim((500,), NOW)})})
    assert shelf.room(A) == 4

    shelf.put({"lb-a": PortBook(bits_of([500, 503]), {"ns/s-1": Claim((503,), NOW)})})

    assert ports_of(shelf.free(A)) == (502, 504)
    assert shelf.claimed_by("ns/s-0") == {"lb-b"}
    assert shelf.claimed_by("ns/s-1") == {"lb-a"}
    shelf.put({"lb-b": PortBook()})
    assert shelf.claimed_by("ns/s-0") == set()


def test_what_is_free_on_a_group_says_nothing_of_its_members_alone() -> None:
    shelf = _shelf({"lb-a": PortBook(bits_of([500]))})

    assert ports_of(shelf.free(Group(("lb-a", "lb-b")))) == (502, 503, 504)
    assert ports_of(shelf.free(B)) == (500, 502, 503, 504)
