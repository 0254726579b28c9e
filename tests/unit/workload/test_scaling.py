import pytest

from okg.api.core import Pod
from okg.api.meta import IntOrString
from okg.workload.invalid import InvalidField
from okg.workload.ordinals import format_ordinals, target_ordinals
from okg.workload.scaling import (
    Reservations,
    check_size,
    decide_scale,
    needs_scale,
    read_explicit,
    read_reservations,
    record_scale,
)
from unit.fleet import a_pod, a_set, a_workload, pods

FIRST_FLEET = [
    a_pod("xxx-0", priority="10"),
    a_pod("xxx-1", ops_state="Maintaining"),
    a_pod("xxx-4", ops_state="WaitToBeDeleted"),
    a_pod("xxx-6"),
]
LEAVING_FLEET = [
    *pods(0, 1),
    a_pod("xxx-2", terminating=True, lifecycle="PreparingDelete"),
    a_pod("xxx-3", lifecycle="PreparingDelete"),
]
GAPPED = pods(1, 2, 3, 6, 7)


@pytest.mark.parametrize(
    ("explicit", "seen", "hidden", "want", "fleet", "reserved", "managed"),
    [
        ({2, 3, 4}, {2, 3}, {5}, 3, FIRST_FLEET, {2, 3, 4, 5}, {0, 1, 6}),
        ({0, 2, 3}, {0, 4, 5}, set(), 3, GAPPED, {0, 2, 3, 4, 5}, {1, 6, 7}),
        ({0}, {0, 4, 5}, set(), 1, GAPPED, {0, 2, 3, 4, 5, 6, 7}, {1}),
        ({0, 2, 3}, {0, 4, 5}, set(), 4, GAPPED, {0, 2, 3, 5}, {1, 4, 6, 7}),
        ({0, 3, 5}, {0, 3, 5}, set(), 1, pods(1, 2, 4, 6), {0, 2, 3, 4, 5, 6}, {1}),
        ({1, 2}, set(), {1, 2}, 2, pods(0, 3), {1, 2}, {0, 3}),
        (set(), set(), set(), 3, [], set(), {0, 1, 2}),
        ({1, 2}, set(), set(), 3, [], {1, 2}, {0, 3, 4}),
        ({0}, set(), {0}, 1, [], {0}, {1}),
        (set(), {1}, set(), 2, pods(0, 2), {1}, {0, 2}),
        ({0}, set(), {2, 3, 4}, 4, pods(1), {0}, {1, 2, 3, 4}),
        (set(), set(), {2, 3, 4}, 4, LEAVING_FLEET, {3}, {0, 1, 2, 4}),
    ],
)
def test_a_scale_keeps_and_reserves_ids_as_upstream_does(
    explicit: set[int],
    seen: set[int],
    hidden: set[int],
    want: int,
    fleet: list[Pod],
    reserved: set[int],
    managed: set[int],
) -> None:
    ids = Reservations(
        explicit=frozenset(explicit), seen=frozenset(seen), workload=frozenset(hidden | seen)
    )

    scale = decide_scale(want, fleet, ids)

    assert scale.managed == managed
    assert scale.reserved == reserved


STEP_FLEET = [
    a_pod("xxx-0", priority="10"),
    a_pod("xxx-2", ops_state="WaitToBeDeleted"),
    a_pod("xxx-3"),
    a_pod("xxx-4", ops_state="Maintaining"),
]


@pytest.mark.parametrize(
    ("fleet", "replicas", "listed", "record", "workload", "reserved", "recorded"),
    [
        (STEP_FLEET, 3, [1], "1", (4, [1]), (1, 2), "1"),
        (STEP_FLEET, 3, [1, 0], "1", (4, [1]), (0, 1), "0,1"),
        (STEP_FLEET, 5, [], "1", (4, [1]), (), ""),
        (pods(0, 2, 4), 5, [], "1", (3, [1, 3]), (), ""),
        (
            [*pods(0, 1, 2), a_pod("xxx-3", lifecycle="PreparingDelete")],
            5,
            [],
            "",
            (3, [3, 4, 5]),
            (3,),
            "",
        ),
    ],
)
def test_a_scale_step_writes_the_workload_and_notes_the_list(
    fleet: list[Pod],
    replicas: int,
    listed: list[int],
    record: str,
    workload: tuple[int, list[int]],
    reserved: tuple[IntOrString, ...],
    recorded: str,
) -> None:
    notes = {"game.kruise.io/reserve-ids": record} if record else {}
    gss = a_set({"replicas": replicas, "reserveGameServerIds": listed}, annotations=notes)
    ids = read_reservations(gss, a_workload(*workload))

    scale = decide_scale(replicas, fleet, ids)
    after = record_scale(gss, ids, scale)

    assert format_ordinals(scale.reserved) == reserved
    assert after.metadata.annotations.get("game.kruise.io/reserve-ids", "") == recorded
    assert after.spec == gss.spec


def test_a_hole_left_by_a_terminating_pod_is_closed() -> None:
    fleet = [a_pod("xxx-0"), a_pod("xxx-1", terminating=True), a_pod("xxx-2")]

    scale = decide_scale(2, fleet, Reservations())

    assert scale.managed == {0, 2}
    assert scale.reserved == {1}
    assert target_ordinals(2, scale.reserved) == {0, 2}


def test_a_pod_on_its_way_out_is_not_kept_for_its_priority() -> None:
    fleet = [a_pod("xxx-0", priority="9"), a_pod("xxx-1"), a_pod("xxx-2", priority="-1")]

    scale = decide_scale(1, fleet, Reservations(workload=frozenset({2})))

    assert scale.managed == {1}
    assert scale.reserved == {0, 2}


def test_an_id_that_comes_back_before_its_pod_went_is_kept() -> None:
    scale = decide_scale(3, pods(0, 1, 2), Reservations(workload=frozenset({2})))

    assert scale.managed == {0, 1, 2}
    assert scale.reserved == set()


def test_a_step_repeated_after_only_its_first_write_changes_nothing() -> None:
    before = Reservations(seen=frozenset({1}), workload=frozenset({1}))
    first = decide_scale(4, pods(0, 2, 3), before)

    again = decide_scale(
        4, pods(0, 1, 2, 3), Reservations(seen=frozenset({1}), workload=first.reserved)
    )

    assert first.managed == {0, 1, 2, 3}
    assert again == first


@pytest.mark.parametrize(
    ("spec", "record", "workload", "needed"),
    [
        ({}, "", (3, []), False),
        ({"replicas": 4}, "", (3, []), True),
        ({"reserveGameServerIds": [1]}, "", (3, [1]), True),
        ({"reserveGameServerIds": ["1-1"]}, "1", (3, [1]), False),
        ({}, "1", (3, [1]), True),
        ({}, "", (3, [3, 4]), False),
        ({"scaleStrategy": {"scaleDownStrategyType": "ReserveIds"}}, "", (3, [3, 4]), True),
    ],
)
def test_a_scale_is_due_when_size_or_lists_differ(
    spec: dict[str, object], record: str, workload: tuple[int, list[int]], *, needed: bool
) -> None:
    gss = a_set(spec, annotations={"game.kruise.io/reserve-ids": record})
    behind = a_workload(*workload)

    assert needs_scale(gss, behind, read_reservations(gss, behind)) is needed


def test_a_set_that_keeps_ids_gets_the_dropped_ones_written_into_its_list() -> None:
    gss = a_set({"replicas": 3, "scaleStrategy": {"scaleDownStrategyType": "ReserveIds"}})
    ids = read_reservations(gss, a_workload(5))

    after = record_scale(gss, ids, decide_scale(3, pods(0, 1, 2, 3, 4), ids))

    assert after.spec is not None
    assert after.spec.reserve_game_server_ids == (3, 4)
    assert after.metadata.annotations == {"game.kruise.io/reserve-ids": "3,4"}


def test_a_set_that_keeps_ids_reuses_only_those_the_user_took_out() -> None:
    gss = a_set(
        {
            "replicas": 4,
            "reserveGameServerIds": [3],
            "scaleStrategy": {"scaleDownStrategyType": "ReserveIds"},
        },
        annotations={"game.kruise.io/reserve-ids": "3,4"},
    )
    ids = read_reservations(gss, a_workload(3, [3, 4]))

    scale = decide_scale(4, pods(0, 1, 2), ids)

    assert scale.managed == {0, 1, 2, 4}
    assert record_scale(gss, ids, scale).metadata.annotations == {"game.kruise.io/reserve-ids": "3"}


def test_a_list_that_cannot_be_read_is_an_error_and_not_an_empty_list() -> None:
    gss = a_set({"reserveGameServerIds": [1, "9-2"]})

    with pytest.raises(InvalidField, match=r"^spec\.reserveGameServerIds\[1\]: "):
        read_explicit(gss)


def test_a_workload_list_that_cannot_be_read_is_an_error_too() -> None:
    with pytest.raises(InvalidField, match=r"^the workload's spec\.reserveOrdinals\[0\]: "):
        read_reservations(a_set(), a_workload(3, ["5"]))


def test_a_size_that_can_only_be_a_slip_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"^spec\.replicas: 1000001 is too many; "):
        check_size(a_set({"replicas": 1_000_001}))


def test_a_pod_far_beyond_every_size_of_the_set_is_none_of_its_servers() -> None:
    fleet = [*pods(0, 1, 2), a_pod("xxx-30000000")]

    scale = decide_scale(2, fleet, Reservations(size=3))

    assert scale.managed == {0, 1}
    assert scale.reserved == {2}


def test_servers_of_a_large_set_count_while_lower_ones_are_still_to_come() -> None:
    scale = decide_scale(2_000, pods(1_998, 1_999), Reservations(size=5_000))

    assert {1_998, 1_999} <= scale.managed


def test_what_we_reserved_ourselves_can_always_be_read() -> None:
    workload = a_workload(3, ["3-1499999"])

    assert len(read_reservations(a_set(), workload).workload) == 1_499_997


def test_an_id_that_came_back_in_a_scale_that_was_never_noted_is_a_server_like_others() -> None:
    fleet = [a_pod("xxx-0", ops_state="Allocated"), a_pod("xxx-1"), a_pod("xxx-2")]

    scale = decide_scale(1, fleet, Reservations(seen=frozenset({0}), size=3))

    assert scale.managed == {0}
    assert scale.reserved == frozenset({1, 2})
