"""The record of what is given, page by page."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from okg.cloudprovider.ledger_record import Pages, blank, read_book, with_books
from okg.cloudprovider.ports import Claim, PortBook, bits_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("lb-a", "lb-b", "arn:lb/c")
HOLDERS = ("ns/s-0", "ns/s-1")
BOOKS = st.builds(
    lambda used, claims: PortBook(bits_of(used), {who: Claim((500,), NOW) for who in claims}),
    st.sets(st.integers(500, 503)),
    st.sets(st.sampled_from(HOLDERS)),
)
VERSIONS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(NAMES), BOOKS), st.booleans()), min_size=1
)
RECORD = blank("system", "slb")


@given(VERSIONS)
def test_pages_show_every_version_as_if_it_were_the_first(
    versions: list[tuple[Mapping[str, PortBook], bool]],
) -> None:
    pages = Pages()
    for books, written in versions:
        record = with_books(RECORD, books)
        pages.turn_to(record, books if written else {})

        assert [pages.book_of(name) for name in NAMES] == [read_book(record, n) for n in NAMES]
        for holder in HOLDERS:
            expected = {name for name, book in books.items() if holder in book.claims}
            assert pages.claimed_by(holder) == expected


def test_a_page_that_somebody_else_wrote_troubles_who_asks_for_it() -> None:
    fine = with_books(RECORD, {"lb-a": PortBook(bits_of([500]))})
    pages = Pages()

    pages.turn_to(replace(fine, data={**fine.data, "lb-b": "gone"}))

    assert pages.book_of("lb-a") == PortBook(bits_of([500]))
    with pytest.raises(ValueError, match="malformed"):
        pages.book_of("lb-b")


def test_a_page_that_is_legible_again_is_read() -> None:
    fine = with_books(RECORD, {"lb-a": PortBook(bits_of([500]))})
    pages = Pages()
    pages.turn_to(replace(fine, data={"lb-a": "gone"}))

    pages.turn_to(fine)

    assert pages.book_of("lb-a") == PortBook(bits_of([500]))
