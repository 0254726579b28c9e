"""The steps of a rotation."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from okg.webhooks.certificates.pair import Pair, Unusable
from okg.webhooks.certificates.rotation import Register, Serve, Step, Write, decide
from okg.webhooks.certificates.store import Store

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def _pair(name: str) -> Pair:
    return Pair(authority=f"ca-{name};", certificate=name, key="")


OLD, NEW, FRESH = _pair("old"), _pair("new"), _pair("fresh")

LIVES: Mapping[str, timedelta] = {"old": 200 * DAY, "new": 365 * DAY}


def _decide(
    store: Store | None,
    *,
    registered: bool = True,
    after: timedelta = timedelta(),
    unusable: str = "",
) -> Step:
    def check(pair: Pair) -> datetime:
        if pair.certificate == unusable:
            raise Unusable("it is damaged")
        return NOW + LIVES[pair.certificate]

    return decide(store, registered=registered, now=NOW + after, make=lambda: FRESH, check=check)


def test_the_first_to_come_makes_a_pair() -> None:
    assert _decide(None) == Write(Store(current=FRESH), "there was none")


def test_a_pair_that_cannot_be_served_is_replaced_at_once() -> None:
    step = _decide(Store(current=OLD), registered=False, unusable="old")

    assert step == Write(Store(current=FRESH), "it is damaged")


def test_the_next_pair_replaces_one_that_cannot_be_served() -> None:
    step = _decide(Store(current=OLD, next=NEW), unusable="old")

    assert step == Write(Store(current=NEW), "it is damaged")


def test_a_pair_that_has_expired_is_replaced_at_once() -> None:
    step = _decide(Store(current=OLD), after=200 * DAY)

    assert step == Write(Store(current=FRESH), "it has expired")


def test_configurations_come_before_anything_that_relies_on_them() -> None:
    due = Store(current=OLD, next=NEW, next_trusted_at=NOW - DAY)

    assert _decide(due, registered=False, after=110 * DAY) == Register()


def test_a_pair_with_a_long_life_is_served() -> None:
    assert _decide(Store(current=OLD), after=109 * DAY) == Serve(OLD)


def test_the_next_pair_is_made_ninety_days_before_the_end() -> None:
    step = _decide(Store(current=OLD, retired="ca-0;"), after=110 * DAY)

    assert step == Write(Store(current=OLD, next=FRESH, retired="ca-0;"), "it expires soon")


def test_the_moment_from_which_the_next_pair_is_trusted_is_noted() -> None:
    step = _decide(Store(current=OLD, next=NEW))

    assert step == Write(
        Store(current=OLD, next=NEW, next_trusted_at=NOW), "the next one is trusted"
    )


def test_the_old_pair_is_served_until_every_api_server_trusts_the_next() -> None:
    store = Store(current=OLD, next=NEW, next_trusted_at=NOW)

    assert _decide(store, after=timedelta(seconds=19)) == Serve(OLD)


def test_then_the_next_pair_is_served_and_the_old_one_still_trusted() -> None:
    store = Store(current=OLD, next=NEW, next_trusted_at=NOW)
    later = timedelta(seconds=20)

    step = _decide(store, after=later)

    assert step == Write(
        Store(current=NEW, retired="ca-old;", retired_at=NOW + later),
        "the next one is served from now on",
    )


def test_a_next_pair_that_cannot_be_served_is_dropped() -> None:
    step = _decide(Store(current=OLD, next=NEW, next_trusted_at=NOW), unusable="new")

    assert step == Write(Store(current=OLD), "the next one: it is damaged")


RETIRED = Store(current=NEW, retired="ca-old;", retired_at=NOW)


@pytest.mark.parametrize(
    ("store", "after", "step"),
    [
        (RETIRED, timedelta(minutes=59), Serve(NEW)),
        (
            RETIRED,
            timedelta(minutes=60),
            Write(Store(current=NEW), "nobody serves the old one any more"),
        ),
        (
            replace(RETIRED, retired_at=None),
            timedelta(),
            Write(RETIRED, "when the old one was retired was unknown"),
        ),
    ],
)
def test_a_retired_authority_is_trusted_for_an_hour(
    store: Store, after: timedelta, step: Step
) -> None:
    assert _decide(store, after=after) == step
