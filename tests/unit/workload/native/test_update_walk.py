from typing import Any

import pytest
from hypothesis import given, strategies as st

from okg.api.core import Pod
from okg.api.kruise import StatefulSetRollingUpdate
from okg.workload.native.layout import lay_out
from okg.workload.native.update_walk import candidates, walk
from okg.workload.ordinals import ordinal_of
from unit.fleet import NOW
from unit.workload.native.native_fleet import NEW, OLD, a_member, a_native, rolling

PRIORITY = "game.kruise.io/gs-update-priority"
UNWANTED = {"apps.kruise.io/specified-delete": "true"}
PLAIN = {"type": "RollingUpdate", "rollingUpdate": {}}


def numbers(pods: Any) -> list[int]:
    return [ordinal_of(pod.metadata.name) for pod in pods]


def reached(pods: list[Pod], spec: dict[str, Any]) -> list[int]:
    workload = a_native({"replicas": len(pods), **spec})
    strategy = workload.spec.update_strategy
    found = (strategy.rolling_update if strategy else None) or StatefulSetRollingUpdate()
    return numbers(candidates(lay_out(workload, pods), found, NEW.metadata.name))


def picked(pods: list[Pod], spec: dict[str, Any], replicas: int | None = None) -> list[int]:
    workload = a_native({"replicas": len(pods) if replicas is None else replicas, **spec})
    return numbers(walk(lay_out(workload, pods), workload, NEW.metadata.name, NOW).update)


def test_what_is_updated_already_uses_up_what_the_partition_leaves() -> None:
    pods = [a_member(n, NEW if n in {6, 7} else OLD) for n in range(10)]

    assert reached(pods, rolling(partition=6)) == [7, 6, 9, 8]


@pytest.mark.parametrize(
    ("ids", "partition", "expected"),
    [
        ([0, 1, 2], 0, [2, 1, 0]),
        ([0, 1, 2], 2, [2]),
        ([0, 2, 4], 2, [4]),
        ([0, 1, 2], 3, []),
        ([0, 1, 2], 9, []),
    ],
)
def test_without_priorities_the_largest_ids_come_first(
    ids: list[int], partition: int, expected: list[int]
) -> None:
    reserve = {"reserveOrdinals": [n for n in range(max(ids)) if n not in ids]}
    strategy = {"updateStrategy": {**PLAIN, "rollingUpdate": {"partition": partition}}}

    assert reached([a_member(n) for n in ids], {**reserve, **strategy}) == expected


def test_priorities_order_what_is_left() -> None:
    texts = {0: "0", 3: None, 4: "3", 6: None, 7: "abc"}
    pods = [a_member(n, labels={PRIORITY: t} if t else {}) for n, t in texts.items()]

    order = reached(pods, {"reserveOrdinals": [1, 2, 5], **rolling()})

    assert order == [6, 3, 4, 7, 0]


def test_servers_that_are_missing_come_updated_and_use_up_what_the_partition_leaves() -> None:
    assert picked([a_member(0), a_member(1)], rolling(partition=2, maxUnavailable=9), 4) == []
    assert picked([a_member(0), a_member(1)], rolling(partition=1, maxUnavailable=9), 4) == [1]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (rolling(), [3]),
        (rolling(maxUnavailable=2), [3, 2]),
        (rolling(maxUnavailable="75%"), [3, 2, 1]),
        (rolling(maxUnavailable="1%"), [3]),
        (rolling(maxUnavailable=9, partition=1), [3, 2, 1]),
        (rolling(paused=True), []),
        ({"updateStrategy": PLAIN}, [3]),
        ({"updateStrategy": {"type": "OnDelete"}}, []),
    ],
)
def test_as_many_go_as_may_be_out_of_service(spec: dict[str, Any], expected: list[int]) -> None:
    assert picked([a_member(n) for n in range(4)], spec) == expected


@pytest.mark.parametrize(
    "pod",
    [
        a_member(2, NEW, ready="False"),
        a_member(2, NEW, lifecycle="Updating"),
        a_member(2, NEW, terminating=True),
        a_member(2, NEW, phase="Pending"),
    ],
)
def test_one_that_is_out_of_service_already_counts(pod: Pod) -> None:
    assert picked([a_member(0), a_member(1), pod], rolling(maxUnavailable=1)) == []
    assert picked([a_member(0), a_member(1), pod], rolling(maxUnavailable=2)) == [1]


def test_one_that_has_not_been_ready_for_long_enough_counts() -> None:
    pods = [a_member(0), a_member(1, NEW, ready_for=5)]

    assert picked(pods, rolling(minReadySeconds=6)) == []
    assert picked(pods, rolling(minReadySeconds=5)) == [0]


def test_a_broken_server_is_updated_above_the_limit_unless_a_healthy_one_comes_first() -> None:
    broken = [a_member(2, ready="False"), a_member(3, ready="False")]

    assert picked([a_member(0), a_member(1), *broken], rolling()) == [3, 2]
    assert picked([*broken, a_member(4), a_member(0), a_member(1)], rolling()) == []


def test_servers_that_somebody_wants_replaced_go_first_and_within_the_limit() -> None:
    pods = [a_member(n, NEW, labels=UNWANTED) for n in range(3)] + [a_member(3)]
    workload = a_native({"replicas": 4, **rolling(maxUnavailable=2, partition=4)})

    found = walk(lay_out(workload, pods), workload, NEW.metadata.name, NOW)

    assert numbers(found.replace) == [2, 1]
    assert found.update == []


def in_some_state(ordinal: int, state: str) -> Pod:
    return {
        "old": a_member(ordinal),
        "new": a_member(ordinal, NEW),
        "broken": a_member(ordinal, ready="False"),
        "starting": a_member(ordinal, NEW, ready="False"),
        "terminating": a_member(ordinal, terminating=True),
        "unwanted": a_member(ordinal, labels=UNWANTED),
    }[state]


STATES = st.sampled_from(["old", "new", "broken", "starting", "terminating", "unwanted"])
HEALTHY = {"old", "new", "unwanted"}


ORDERS = st.sampled_from([{}, {"unorderedUpdate": None}])


@given(st.dictionaries(st.integers(0, 7), STATES), st.integers(1, 4), st.integers(0, 4), ORDERS)
def test_never_more_healthy_servers_go_than_the_limit_leaves(
    fleet: dict[int, str], limit: int, partition: int, order: dict[str, object]
) -> None:
    pods = [in_some_state(number, state) for number, state in fleet.items()]
    strategy = rolling(maxUnavailable=limit, partition=partition, **order)
    workload = a_native({"replicas": 8, **strategy})

    found = walk(lay_out(workload, pods), workload, NEW.metadata.name, NOW)

    serving = {number for number, state in fleet.items() if state in HEALTHY}
    gone = set(numbers(found.replace)) | set(numbers(found.update))
    assert len(serving & gone) <= max(0, limit - (8 - len(serving)))
    assert not {n for n in gone if fleet[n] in {"new", "terminating"}}
    assert len(found.update) <= 8 - partition
