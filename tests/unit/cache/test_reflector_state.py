"""The reflector's decision table."""

import random

import pytest

from okg.cache.reflector_state import ListStep, ReflectorState, WaitStep, WatchStep
from okg.errors import ConnectFailed, Expired, OkgError, api_error


class NoJitter(random.Random):
    def random(self) -> float:
        return 0.0


def _state() -> ReflectorState:
    return ReflectorState(NoJitter())


def _watching() -> ReflectorState:
    state = _state()
    state.listed("10")
    state.moved("12")
    return state


def test_it_starts_with_a_list_and_then_watches_from_its_version() -> None:
    state = _state()

    assert state.next() == ListStep()
    assert not state.synced

    state.listed("10")

    assert state.next() == WatchStep("10", 300.0)
    assert state.synced


def test_a_watch_resumes_where_it_was() -> None:
    state = _watching()

    state.watch_ended(100.0, lasted=30.0, events=2)

    assert state.next() == WatchStep("12", 300.0)


def test_a_watch_that_ends_at_once_with_nothing_said_is_a_failure() -> None:
    state = _watching()

    state.watch_ended(100.0, lasted=0.1, events=0)

    assert state.next() == WaitStep(0.8)
    assert state.next() == WatchStep("12", 300.0)


def test_an_expired_version_is_listed_again_at_once() -> None:
    state = _watching()

    state.failed(api_error(410, "Expired", "too old"), 100.0)

    assert state.next() == ListStep()


def test_a_list_that_leads_to_nothing_but_expiry_is_not_repeated_in_a_hot_loop() -> None:
    state = _watching()
    state.failed(api_error(410, "Expired", "too old"), 100.0)
    state.listed("20")

    state.failed(api_error(410, "Expired", "too old"), 100.1)

    assert state.next() == WaitStep(0.8)
    assert state.next() == ListStep()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_leads_to_a_new_list(status: int) -> None:
    state = _watching()

    state.failed(api_error(status, "", "no"), 100.0)

    assert state.next() == WaitStep(0.8)
    assert state.next() == ListStep()


@pytest.mark.parametrize(
    "error", [ConnectFailed("refused"), api_error(500, "", "oops"), api_error(429, "", "slow")]
)
def test_a_server_in_trouble_is_asked_for_the_same_watch_again(error: OkgError) -> None:
    state = _watching()

    state.failed(error, 100.0)

    assert state.next() == WaitStep(0.8)
    assert state.next() == WatchStep("12", 300.0)


def test_the_server_says_how_long_to_wait() -> None:
    state = _watching()

    state.failed(api_error(429, "TooManyRequests", "slow", retry_after=7.0), 100.0)

    assert state.next() == WaitStep(7.0)


def _waits(state: ReflectorState, error: Exception, times: list[float]) -> list[float]:
    waits: list[float] = []
    for now in times:
        state.failed(error, now)
        step = state.next()
        assert isinstance(step, WaitStep)
        waits.append(step.seconds)
    return waits


def test_waits_double_up_to_half_a_minute() -> None:
    waits = _waits(_watching(), api_error(500, "", "oops"), [1.0 * n for n in range(7)])

    assert waits == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0]


def test_waits_for_an_unreachable_server_end_at_five_seconds() -> None:
    waits = _waits(_watching(), ConnectFailed("refused"), [1.0 * n for n in range(5)])

    assert waits == [0.8, 1.6, 3.2, 5.0, 5.0]


def test_waits_start_over_after_two_healthy_minutes() -> None:
    waits = _waits(_watching(), api_error(500, "", "oops"), [0.0, 1.0, 122.0])

    assert waits == [0.8, 1.6, 0.8]


def test_the_reason_of_a_failure_is_kept_until_it_works_again() -> None:
    state = _state()
    error = Expired(410, "Expired", "old")
    state.failed(error, 1.0)
    assert state.last_error is error

    state.listed("5")

    assert state.last_error is None
