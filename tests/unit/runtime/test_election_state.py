"""What a candidate decides, step by step."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from okg.api.coordination import Lease, LeaseSpec
from okg.api.meta import ObjectMeta
from okg.errors import ConfigError
from okg.runtime.election_state import (
    ElectionSettings,
    ElectionState,
    Lost,
    Read,
    Step,
    Wait,
    Write,
    micro_time,
)

WALL = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
STAMP = "2026-01-02T03:04:05.000006Z"


class Slowest(random.Random):
    """Draws the upper end."""

    def uniform(self, a: float, b: float) -> float:
        return b


def _lease(holder: str = "", *, version: str = "1", transitions: int = 3) -> Lease:
    return Lease(
        metadata=ObjectMeta(namespace="system", name="manager", resource_version=version),
        spec=LeaseSpec(
            holder_identity=holder,
            lease_duration_seconds=15,
            acquire_time="2025-12-31T00:00:00.000000Z",
            renew_time=f"2025-12-31T00:00:0{version}.000000Z",
            lease_transitions=transitions,
        ),
    )


def _state() -> ElectionState:
    blank = Lease(metadata=ObjectMeta(namespace="system", name="manager"))
    return ElectionState(blank, "me", ElectionSettings(), Slowest())


def _pause(step: Step) -> float:
    assert isinstance(step, Wait)
    return step.seconds


def _leader(now: float = 100.0) -> ElectionState:
    state = _state()
    state.seen(None, now)
    state.written(_lease("me"), now, now)
    return state


def test_a_candidate_looks_before_it_writes() -> None:
    assert _state().decide(100.0, WALL) == Read()


def test_without_a_lease_it_creates_one_that_never_changed_hands() -> None:
    state = _state()

    state.seen(None, 100.0)
    step = state.decide(100.0, WALL)

    spec = LeaseSpec(
        holder_identity="me",
        lease_duration_seconds=15,
        acquire_time=STAMP,
        renew_time=STAMP,
        lease_transitions=0,
    )
    metadata = ObjectMeta(namespace="system", name="manager")
    assert step == Write(None, Lease(metadata=metadata, spec=spec))


def test_a_lease_of_another_is_looked_at_again_in_less_than_a_second() -> None:
    state = _state()

    state.seen(_lease("other"), 100.0)

    assert _pause(state.decide(100.0, WALL)) == pytest.approx(0.8)
    assert _pause(state.decide(100.5, WALL)) == pytest.approx(0.3)
    assert state.decide(100.8, WALL) == Read()


def test_a_lease_expires_by_when_we_saw_it_change_whatever_times_are_in_it() -> None:
    state = _state()
    state.seen(_lease("other"), 100.0)

    state.seen(_lease("other"), 114.5)
    early = state.decide(114.5, WALL)
    state.seen(_lease("other"), 115.0)
    expired = state.decide(115.0, WALL)

    assert early == Wait(0.5)
    assert isinstance(expired, Write)


def test_a_renewed_lease_of_another_counts_anew() -> None:
    state = _state()
    state.seen(_lease("other", version="1"), 100.0)

    state.seen(_lease("other", version="2"), 115.0)

    assert _pause(state.decide(115.0, WALL)) == pytest.approx(0.8)


def test_a_lease_without_duration_lasts_as_long_as_ours() -> None:
    state = _state()
    lease = Lease(spec=LeaseSpec(holder_identity="other"))
    state.seen(lease, 100.0)

    state.seen(lease, 114.5)

    assert state.decide(114.5, WALL) == Wait(0.5)


def test_taking_over_counts_a_transition_and_sets_the_acquire_time() -> None:
    state = _state()
    state.seen(_lease("other", transitions=3), 100.0)
    state.seen(_lease("other", transitions=3), 115.0)

    step = state.decide(115.0, WALL)

    assert isinstance(step, Write)
    assert step.before == _lease("other", transitions=3)
    assert step.after.spec.holder_identity == "me"
    assert step.after.spec.lease_transitions == 4
    assert step.after.spec.acquire_time == STAMP


def test_a_released_lease_is_taken_at_once() -> None:
    state = _state()

    state.seen(_lease(""), 100.0)

    step = state.decide(100.0, WALL)
    assert isinstance(step, Write)
    assert step.after.spec.lease_transitions == 4


def test_the_right_to_write_counts_from_when_the_renewal_was_sent() -> None:
    state = _state()
    state.seen(None, 100.0)

    state.written(_lease("me"), 100.0, 103.0)

    assert state.leading
    assert state.valid_until == 110.0


def test_an_answer_after_the_deadline_does_not_make_a_leader() -> None:
    state = _state()
    state.seen(None, 100.0)

    state.written(_lease("me"), 100.0, 110.0)

    assert not state.leading


def test_a_leader_renews_without_looking_and_keeps_acquire_time_and_transitions() -> None:
    state = _leader()

    quiet = state.decide(101.0, WALL)
    step = state.decide(102.0, WALL)

    assert quiet == Wait(1.0)
    assert isinstance(step, Write)
    assert step.before == _lease("me")
    assert step.after.spec == LeaseSpec(
        holder_identity="me",
        lease_duration_seconds=15,
        acquire_time="2025-12-31T00:00:00.000000Z",
        renew_time=STAMP,
        lease_transitions=3,
    )


def test_a_refused_renewal_is_followed_by_a_look_at_once() -> None:
    state = _leader()

    state.refused(102.0)

    assert state.decide(102.0, WALL) == Read()


def test_a_refused_write_after_a_look_waits() -> None:
    state = _state()
    state.seen(_lease(""), 100.0)

    state.refused(100.0)

    assert state.decide(100.0, WALL) == Wait(2.0)


def test_a_leader_tries_again_while_requests_fail_and_stops_at_the_deadline() -> None:
    state = _leader()

    state.failed(102.0)
    state.failed(109.0)

    assert state.decide(109.0, WALL) == Wait(1.0)
    assert state.decide(110.0, WALL) == Lost("not renewed within 10s")
    assert not state.leading


def test_a_renewal_that_was_stored_without_an_answer_is_taken_up_again() -> None:
    state = _leader()
    state.failed(102.0)

    state.seen(_lease("me", version="2"), 104.0)
    step = state.decide(104.0, WALL)

    assert isinstance(step, Write)
    assert step.before == _lease("me", version="2")


def test_a_leader_that_sees_another_holder_is_none() -> None:
    state = _leader()

    state.seen(_lease("other", version="2"), 102.0)

    assert state.decide(102.0, WALL) == Lost("the lease is held by other")
    assert state.valid_until < 0


def test_a_leader_whose_lease_was_deleted_makes_it_anew() -> None:
    state = _leader()

    state.seen(None, 102.0)
    step = state.decide(102.0, WALL)

    assert isinstance(step, Write)
    assert step.before is None
    assert state.leading


def test_release_empties_the_holder_for_one_second_and_keeps_the_transitions() -> None:
    state = _leader()

    write = state.release(WALL)

    assert write is not None
    assert write.before == _lease("me")
    assert write.after.metadata == _lease("me").metadata
    assert write.after.spec == LeaseSpec(
        holder_identity="",
        lease_duration_seconds=1,
        acquire_time=STAMP,
        renew_time=STAMP,
        lease_transitions=3,
    )
    assert not state.leading


def test_who_does_not_hold_the_lease_releases_nothing() -> None:
    state = _state()
    state.seen(_lease("other"), 100.0)

    assert state.release(WALL) is None


def test_a_lost_lease_is_not_released() -> None:
    state = _leader()
    state.decide(110.0, WALL)

    assert state.release(WALL) is None


def test_micro_times_have_six_digits_and_are_in_utc() -> None:
    whole = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))

    assert micro_time(whole) == "2026-01-02T03:04:05.000000Z"


def test_a_broken_second_of_lease_is_rounded_up() -> None:
    settings = ElectionSettings(
        lease_duration=timedelta(seconds=1.5),
        renew_deadline=timedelta(seconds=1),
        retry_period=timedelta(seconds=0.2),
    )

    assert settings.lease_seconds == 2


def test_a_lease_must_outlast_the_renew_deadline() -> None:
    with pytest.raises(
        ConfigError,
        match=r"lease duration \(10s\) must be longer than the renew deadline \(10s\): raise",
    ):
        ElectionSettings(lease_duration=timedelta(seconds=10))


def test_a_renew_deadline_must_leave_room_for_a_retry() -> None:
    with pytest.raises(
        ConfigError, match=r"renew deadline \(2.4s\) must be longer than 1.2 times .* lower the"
    ):
        ElectionSettings(renew_deadline=timedelta(seconds=2.4))


def test_a_retry_period_must_be_positive() -> None:
    with pytest.raises(ConfigError, match=r"retry period \(0s\) must be positive"):
        ElectionSettings(retry_period=timedelta())
