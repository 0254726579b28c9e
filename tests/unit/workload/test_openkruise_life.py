from datetime import timedelta

import pytest
from msgspec.structs import replace

from okg.api.coordination import Lease, LeaseSpec
from okg.workload.openkruise_life import Vigil, is_completed, is_renewed
from okg.workload.statefulset import build_statefulset
from unit.fleet import NOW, a_set

LEASE = LeaseSpec(
    holder_identity="manager-0",
    lease_duration_seconds=15,
    renew_time="2025-01-02T03:04:05.000000Z",
)


@pytest.mark.parametrize(
    ("spec", "age", "renewed"),
    [
        (LEASE, 0, True),
        (LEASE, 25, True),
        (LEASE, 26, False),
        (replace(LEASE, lease_duration_seconds=None), 11, False),
        (replace(LEASE, holder_identity=""), 0, False),
        (replace(LEASE, renew_time=None), 0, False),
    ],
)
def test_a_lease_speaks_for_a_life_until_it_and_some_slack_are_over(
    spec: LeaseSpec, age: int, *, renewed: bool
) -> None:
    assert is_renewed(Lease(spec=spec), NOW + timedelta(seconds=age)) is renewed


def test_a_statefulset_that_the_webhook_has_seen_has_its_defaults() -> None:
    plain = build_statefulset(a_set())

    assert not is_completed(plain)
    assert is_completed(replace(plain, spec=replace(plain.spec, revision_history_limit=10)))


def test_silence_counts_from_its_first_second_and_ends_with_an_answer() -> None:
    vigil = Vigil().after(100, alive=False).after(130, alive=False)

    assert not vigil.is_over(159)
    assert vigil.is_over(160)
    assert not vigil.after(160, alive=True).is_over(1000)
    assert not Vigil().is_over(1000)


def test_an_answer_is_good_for_five_seconds() -> None:
    asked = Vigil().after(100, alive=True)

    assert Vigil().is_due(0)
    assert not asked.is_due(104)
    assert asked.is_due(105)
