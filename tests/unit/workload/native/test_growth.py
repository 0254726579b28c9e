from typing import Any

import pytest
from hypothesis import given, strategies as st

from okg.api.core import Pod
from okg.workload.native.growth import Growth, in_waves, plan_growth
from okg.workload.native.layout import lay_out
from okg.workload.ordinals import ordinal_of
from unit.fleet import NOW
from unit.workload.native.native_fleet import NEW, OLD, a_member, a_native, rolling


def grow(pods: list[Pod], spec: dict[str, Any], **more: Any) -> Growth:
    workload = a_native(spec)
    return plan_growth(lay_out(workload, pods), workload, OLD, NEW, **{"now": NOW, **more})


def images(growth: Growth) -> dict[int, str]:
    return {o: "old" if r == OLD else "new" for o, r in growth.create.items()}


def budget(places: int | str | None, replicas: int = 8) -> dict[str, Any]:
    return {"replicas": replicas, "scaleStrategy": {"maxUnavailable": places}}


def test_all_that_is_missing_is_made_in_ascending_order() -> None:
    growth = grow([a_member(1), a_member(5)], {"replicas": 4, "reserveOrdinals": [2]})

    assert list(growth.create) == [0, 3, 4]
    assert growth.replace == []


def test_a_budget_bounds_how_many_are_under_way() -> None:
    assert list(grow([], budget(3)).create) == [0, 1, 2]
    starting = [a_member(1, ready=""), a_member(2, ready="")]
    assert list(grow([a_member(0), *starting], budget(3)).create) == [3]
    assert list(grow([a_member(0), *starting], budget(None)).create) == [3, 4, 5, 6, 7]


def test_a_share_is_rounded_down_and_never_below_one() -> None:
    assert list(grow([], budget("30%")).create) == [0, 1]
    assert list(grow([], budget("1%")).create) == [0]


@pytest.mark.parametrize(
    "pod",
    [
        a_member(0, ready="False"),
        a_member(0, terminating=True),
        a_member(0, terminating=True, ready="False"),
        a_member(0, phase="Failed"),
        a_member(0, phase="Failed", terminating=True),
        a_member(0, lifecycle="Updating"),
    ],
)
def test_a_pod_that_is_not_available_takes_one_place(pod: Pod) -> None:
    assert list(grow([pod], budget(3)).create) == [1, 2]


def test_a_pod_that_has_not_been_ready_for_long_enough_takes_a_place() -> None:
    spec = {**budget(2), **rolling(minReadySeconds=60)}

    assert list(grow([a_member(0, ready_for=59)], spec).create) == [1]
    assert list(grow([a_member(0, ready_for=60)], spec).create) == [1, 2]


def test_pods_that_have_ended_make_room() -> None:
    ended = [a_member(0, phase="Failed"), a_member(1, phase="Succeeded")]
    gone = a_member(2, phase="Failed", terminating=True)

    growth = grow([*ended, gone], {"replicas": 3})

    assert growth == Growth(create={}, replace=ended)


def test_ids_whose_storage_is_on_its_way_out_wait_and_take_no_place() -> None:
    assert list(grow([], budget(2), waiting={0, 2}).create) == [1, 3]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {0: "new", 2: "new", 4: "new"}),
        (rolling(), {0: "new", 2: "new", 4: "new"}),
        (rolling(partition=1), {0: "new", 2: "new", 4: "new"}),
        (rolling(partition=3), {0: "old", 2: "new", 4: "new"}),
        (rolling(partition=9), {0: "old", 2: "old", 4: "old"}),
        ({"updateStrategy": {"type": "OnDelete"}}, {0: "new", 2: "new", 4: "new"}),
        (
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            {0: "old", 2: "new", 4: "new"},
        ),
    ],
)
def test_a_missing_pod_is_made_of_the_revision_that_the_partition_leaves(
    spec: dict[str, Any], expected: dict[int, str]
) -> None:
    """Ids 1 and 3 are there, one of them updated and one not; id 5 is updated, too."""
    present = [a_member(1), a_member(3), a_member(5, NEW)]

    assert images(grow(present, {"replicas": 6, **spec})) == expected


def test_waves_double_until_they_are_large() -> None:
    assert [len(wave) for wave in in_waves(range(300))] == [1, 2, 4, 8, 16, 32, 64, 64, 64, 45]
    assert list(in_waves([])) == []


@given(st.lists(st.integers()))
def test_waves_hold_every_item_once_and_in_order(items: list[int]) -> None:
    assert [item for wave in in_waves(items) for item in wave] == items


def in_some_state(ordinal: int, state: str) -> Pod:
    return {
        "ready": a_member(ordinal),
        "starting": a_member(ordinal, ready="False"),
        "terminating": a_member(ordinal, terminating=True),
        "failed": a_member(ordinal, phase="Failed"),
    }[state]


FLEETS = st.dictionaries(
    st.integers(0, 10), st.sampled_from(["ready", "starting", "terminating", "failed"])
)


@given(st.integers(0, 8), st.frozensets(st.integers(0, 10)), FLEETS, st.integers(1, 4))
def test_never_more_are_begun_than_there_are_places(
    replicas: int, reserved: frozenset[int], fleet: dict[int, str], places: int
) -> None:
    pods = [in_some_state(ordinal, state) for ordinal, state in fleet.items()]
    spec = {**budget(places, replicas), "reserveOrdinals": sorted(reserved)}

    growth = grow(pods, spec)

    begun = {ordinal_of(pod.metadata.name) for pod in growth.replace} | set(growth.create)
    assert list(growth.create) == sorted(growth.create)
    assert set(growth.create) <= set(lay_out(a_native(spec), pods).missing)
    assert len(begun) <= places


@given(st.integers(0, 8), st.frozensets(st.integers(0, 10)), FLEETS)
def test_without_a_budget_everything_that_is_missing_is_made(
    replicas: int, reserved: frozenset[int], fleet: dict[int, str]
) -> None:
    pods = [in_some_state(ordinal, state) for ordinal, state in fleet.items()]
    spec = {"replicas": replicas, "reserveOrdinals": sorted(reserved)}

    growth = grow(pods, spec)

    assert tuple(growth.create) == lay_out(a_native(spec), pods).missing
