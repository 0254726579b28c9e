from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.native.capability import InPlaceChange
from okg.workload.native.layout import lay_out
from okg.workload.native.rolling import Stop, Walk, candidates, walk
from okg.workload.rolling_rules import Rules
from unit.workload.native.native_pods import (
    NEW,
    NOW,
    OLD,
    OPEN,
    a_condition,
    a_container,
    a_server_pod,
    annotated,
)

PRIORITY = "game.kruise.io/gs-update-priority"
IMAGE = InPlaceChange(images={"game": "game:2"})
CAPABLE = {OLD: IMAGE, NEW: InPlaceChange()}
OBSTRUCTED = {OLD: InPlaceChange(obstacle="spec.hostNetwork")}
DOWN = (a_condition("Ready", "False"),)
BY_PRIORITY = {"priorityStrategy": {"orderPriority": [{"orderedKey": PRIORITY}]}}


def a_rolling(
    replicas: int, *, by_priority: bool = True, reserved: Iterable[int] = (), **rolling: Any
) -> AdvancedStatefulSet:
    """Return a workload that updates in place if it can, three pods at a time."""
    settings = {"podUpdatePolicy": "InPlaceIfPossible", "maxUnavailable": 3, **rolling}
    if by_priority:
        settings["unorderedUpdate"] = BY_PRIORITY
    spec = {
        "replicas": replicas,
        "reserveOrdinals": list(reserved),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": settings},
    }
    document = {"metadata": {"name": "xxx", "namespace": "games"}, "spec": spec}
    return msgspec.json.decode(msgspec.json.encode(document), type=AdvancedStatefulSet)


def a_slot(ordinal: int, revision: str = OLD, **fields: Any) -> Pod:
    return a_server_pod(name=f"xxx-{ordinal}", revision=revision, **fields)


def slots(*ordinals: int) -> list[Pod]:
    return [a_slot(ordinal) for ordinal in ordinals]


def walked(
    workload: AdvancedStatefulSet,
    pods: Iterable[Pod],
    changes: Mapping[str, InPlaceChange] = CAPABLE,
) -> Walk:
    return walk(lay_out(workload, pods), workload, NEW, changes, NOW)


def told(
    workload: AdvancedStatefulSet,
    pods: Iterable[Pod],
    changes: Mapping[str, InPlaceChange] = CAPABLE,
) -> list[str]:
    """Return the ordinals whose turn it is; those that are made anew with a minus."""
    turns = walked(workload, pods, changes).turns
    return [("" if t.change else "-") + t.pod.metadata.name[4:] for t in turns]


@pytest.mark.parametrize(
    ("workload", "pods", "expected"),
    [
        (
            a_rolling(10, partition=6),
            [*slots(0, 1, 2, 3, 4, 5, 8, 9), a_slot(6, NEW), a_slot(7, NEW)],
            [7, 6, 9, 8],
        ),
        (a_rolling(3, by_priority=False), slots(0, 1, 2), [2, 1, 0]),
        (a_rolling(3, by_priority=False, partition=2, reserved=(1, 3)), slots(0, 2, 4), [4]),
        (a_rolling(3, by_priority=False, partition=1, reserved=(1, 3)), slots(0, 2, 4), [4, 2]),
        (a_rolling(4, by_priority=False, partition=1, reserved=(1,)), slots(0, 2, 4), [4, 2]),
        (a_rolling(3, by_priority=False, partition=3), slots(0, 1, 2), []),
        (a_rolling(3, partition=5), slots(0, 1, 2), []),
        (a_rolling(3, partition=1), slots(0, 1, 2), [2, 1]),
        (a_rolling(3, partition=1), slots(0, 1), [1]),
        (a_rolling(3, partition=1), [*slots(0, 1), a_slot(2, terminating=True)], [2, 1]),
        (a_rolling(2, partition=1), [a_slot(0, NEW), a_slot(1)], [0]),
    ],
)
def test_a_partition_is_a_number_of_pods_to_keep(
    workload: AdvancedStatefulSet, pods: list[Pod], expected: list[int]
) -> None:
    rules = Rules.of(workload.spec.update_strategy, workload.spec.replicas or 0)

    chosen = candidates(lay_out(workload, pods), rules, NEW)

    assert [int(pod.metadata.name[4:]) for pod in chosen] == expected


def test_priorities_decide_the_order() -> None:
    pods = [
        a_slot(0, labels={PRIORITY: "0"}),
        a_slot(3),
        a_slot(4, labels={PRIORITY: "3"}),
        a_slot(6),
        a_slot(7, labels={PRIORITY: "abc"}),
    ]
    workload = a_rolling(5, reserved=(1, 2, 5), maxUnavailable="100%")

    assert told(workload, pods) == ["6", "3", "4", "7", "0"]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, ["9"]),
        (1, ["9"]),
        (2, ["9", "8"]),
        ("29%", ["9", "8"]),
        ("1%", ["9"]),
        ("30%", ["9", "8", "7"]),
    ],
)
def test_so_many_go_at_a_time_as_may_be_unavailable(
    limit: int | str | None, expected: list[str]
) -> None:
    assert told(a_rolling(10, maxUnavailable=limit), slots(*range(10))) == expected


READY_FOR_30_SECONDS = tuple(
    replace(condition, last_transition_time=NOW - timedelta(seconds=30)) for condition in OPEN
)
INCOMPLETE = (
    '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:00Z",'
    '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}}}'
)


@pytest.mark.parametrize(
    ("third", "expected"),
    [
        (a_slot(2, NEW), ["1"]),
        (a_slot(2, NEW, conditions=DOWN), []),
        (a_slot(2, NEW, phase="Pending"), []),
        (a_slot(2, NEW, lifecycle="Updating"), []),
        (a_slot(2, NEW, lifecycle="Updated"), []),
        (a_slot(2, NEW, lifecycle="PreparingDelete"), []),
        (a_slot(2, NEW, lifecycle=""), ["1"]),
        (a_slot(2, NEW, terminating=True), []),
        (a_slot(2, "new"), ["1"]),
        (
            annotated(
                a_slot(2, NEW, images={"game": "game:2"}, containers=(a_container(),)),
                state=INCOMPLETE,
            ),
            [],
        ),
        (a_slot(9), []),
    ],
)
def test_what_is_unavailable_takes_the_room_of_others(third: Pod, expected: list[str]) -> None:
    assert told(a_rolling(3, maxUnavailable=1), [*slots(0, 1), third]) == expected


@pytest.mark.parametrize(
    ("seconds", "conditions", "expected"),
    [
        (0, READY_FOR_30_SECONDS, ["1"]),
        (30, READY_FOR_30_SECONDS, ["1"]),
        (31, READY_FOR_30_SECONDS, []),
        (1, (PodCondition(type="Ready", status="True"),), []),
    ],
)
def test_a_pod_is_available_when_it_has_been_ready_for_long_enough(
    seconds: int, conditions: tuple[PodCondition, ...], expected: list[str]
) -> None:
    workload = a_rolling(3, maxUnavailable=1, minReadySeconds=seconds)
    updated = a_slot(2, NEW, conditions=conditions)

    assert told(workload, [*slots(0, 1), updated]) == expected


def test_what_is_broken_anyway_may_be_updated_above_the_limit_if_it_comes_first() -> None:
    broken = [a_slot(3, conditions=DOWN), a_slot(2, conditions=DOWN)]

    assert told(a_rolling(4, maxUnavailable=1), [*slots(0, 1), *broken]) == ["3", "2"]


def test_the_first_pod_that_works_and_has_no_room_ends_the_walk() -> None:
    broken = [a_slot(3, conditions=DOWN), a_slot(1, conditions=DOWN)]

    assert told(a_rolling(4, maxUnavailable=1), [*slots(0, 2), *broken]) == ["3"]


def test_condemned_pods_take_no_room() -> None:
    assert told(a_rolling(2, maxUnavailable=1), [*slots(0, 1), a_slot(5, conditions=DOWN)]) == ["1"]


def test_a_pod_that_was_begun_with_keeps_its_turn() -> None:
    waiting = a_slot(1, lifecycle="PreparingUpdate")

    assert told(a_rolling(2, maxUnavailable=1), [a_slot(0), waiting]) == ["1"]


@pytest.mark.parametrize("lifecycle", ["PreparingUpdate", "Updating"])
@pytest.mark.parametrize("by_priority", [True, False])
def test_a_pod_that_was_begun_with_goes_on_before_those_that_wait_for_its_room(
    *, lifecycle: str, by_priority: bool
) -> None:
    begun = a_slot(0, lifecycle=lifecycle, labels={PRIORITY: "0"})
    workload = a_rolling(2, maxUnavailable=1, by_priority=by_priority)

    assert told(workload, [begun, a_slot(1, labels={PRIORITY: "9"})]) == ["0"]


def test_a_pod_that_was_begun_with_is_within_the_partition_before_others() -> None:
    begun = a_slot(0, lifecycle="PreparingUpdate", labels={PRIORITY: "0"})
    workload = a_rolling(2, partition=1)

    assert told(workload, [begun, a_slot(1, labels={PRIORITY: "9"})]) == ["0"]


def test_a_pod_of_another_update_gets_the_newest_one_too() -> None:
    pods = [a_slot(0, NEW), a_slot(1, "xxx-third", lifecycle="Updating")]

    turns = walked(a_rolling(2, maxUnavailable=1), pods, {"xxx-third": IMAGE}).turns

    assert [(turn.pod.metadata.name, turn.change) for turn in turns] == [("xxx-1", IMAGE)]


@pytest.mark.parametrize(
    ("policy", "changes", "expected"),
    [
        ("InPlaceIfPossible", CAPABLE, ["2", "1", "0"]),
        ("InPlaceIfPossible", OBSTRUCTED, ["-2", "-1", "-0"]),
        ("InPlaceIfPossible", {}, ["-2", "-1", "-0"]),
        ("InPlaceOnly", CAPABLE, ["2", "1", "0"]),
        ("InPlaceOnly", OBSTRUCTED, []),
        ("InPlaceOnly", {}, []),
        ("ReCreate", CAPABLE, ["-2", "-1", "-0"]),
        ("", CAPABLE, ["-2", "-1", "-0"]),
    ],
)
def test_policy_and_change_decide_how(
    policy: str, changes: Mapping[str, InPlaceChange], expected: list[str]
) -> None:
    assert told(a_rolling(3, podUpdatePolicy=policy), slots(0, 1, 2), changes) == expected


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [(OBSTRUCTED, "spec.hostNetwork"), ({}, "its revision is unknown")],
)
def test_the_first_pod_that_only_a_new_one_can_replace_stops_an_update_in_place_only(
    changes: Mapping[str, InPlaceChange], obstacle: str
) -> None:
    pods = [*slots(0, 1), a_slot(2, "xxx-third")]
    workload = a_rolling(3, podUpdatePolicy="InPlaceOnly")

    found = walked(workload, pods, {**changes, "xxx-third": IMAGE})

    assert [turn.pod for turn in found.turns] == [pods[2]]
    assert found.stop == Stop(pods[1], obstacle)


def test_paused_updates_stand_still() -> None:
    deleted = a_slot(1, labels={"apps.kruise.io/specified-delete": "true"})

    assert walked(a_rolling(2, paused=True), [a_slot(0), deleted]) == Walk()


def test_on_delete_leaves_updates_to_who_deletes_pods() -> None:
    workload = a_rolling(1)
    strategy = msgspec.convert({"type": "OnDelete"}, type(workload.spec.update_strategy))
    on_delete = replace(workload, spec=replace(workload.spec, update_strategy=strategy))

    assert walked(on_delete, slots(0)) == Walk()


def test_without_settings_pods_are_made_anew_one_by_one_from_the_largest_id_on() -> None:
    workload = a_rolling(3)
    plain = replace(workload, spec=replace(workload.spec, update_strategy=None))
    pods = [a_slot(0, labels={PRIORITY: "9"}), *slots(1, 2)]

    assert told(plain, pods) == ["-2"]


GO = {"apps.kruise.io/specified-delete": "true"}


@pytest.mark.parametrize(
    ("workload", "pods", "expected"),
    [
        (a_rolling(3), [a_slot(0, NEW, labels=GO), a_slot(1, NEW), a_slot(2, NEW)], ["-0"]),
        (
            a_rolling(3, partition=3),
            [a_slot(0, labels=GO), a_slot(1), a_slot(2, labels=GO)],
            ["-2", "-0"],
        ),
        (
            a_rolling(3, maxUnavailable=1),
            [a_slot(0, labels=GO), a_slot(1), a_slot(2, labels=GO)],
            ["-2"],
        ),
        (
            a_rolling(3, maxUnavailable=1),
            [a_slot(0, NEW, labels=GO, conditions=DOWN), a_slot(1, NEW), a_slot(2, NEW, labels=GO)],
            ["-0"],
        ),
        (a_rolling(2), [a_slot(0, NEW), a_slot(1, labels=GO, terminating=True)], []),
        (a_rolling(2, maxUnavailable=1), [a_slot(0), a_slot(1, labels=GO)], ["-1"]),
    ],
)
def test_pods_that_users_want_gone_go_within_the_limit(
    workload: AdvancedStatefulSet, pods: list[Pod], expected: list[str]
) -> None:
    assert told(workload, pods) == expected


@pytest.mark.parametrize(
    "workload", [a_rolling(2), a_rolling(2, paused=True), a_rolling(2, partition=2)]
)
def test_a_pod_that_waits_to_go_and_is_wanted_again_is_spared(
    workload: AdvancedStatefulSet,
) -> None:
    leaving = a_slot(1, NEW, lifecycle="PreparingDelete")

    assert walked(workload, [a_slot(0, NEW), leaving]).spared == (leaving,)


@pytest.mark.parametrize(
    "leaving",
    [
        a_slot(1, lifecycle="PreparingDelete"),
        a_slot(1, NEW, lifecycle="PreparingDelete", labels=GO),
        a_slot(1, NEW, lifecycle="PreparingDelete", terminating=True),
        a_slot(1, NEW, lifecycle="PreparingDelete", phase="Failed"),
        a_slot(1, NEW, lifecycle="Updating"),
    ],
)
def test_a_pod_that_is_to_go_for_a_reason_is_not_spared(leaving: Pod) -> None:
    assert walked(a_rolling(2), [a_slot(0, NEW), leaving], OBSTRUCTED).spared == ()


def test_nothing_is_to_be_done_with_a_set_that_is_as_it_shall_be() -> None:
    assert walked(a_rolling(2), [a_slot(0, NEW), a_slot(1, NEW)]) == Walk()
