"""What an autoscaler is told, checked against what OpenKruiseGame's scaler said."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from okg.api.core import Pod
from okg.api.game import GameServerSetStatus
from okg.api.meta import ObjectMeta
from okg.workload.autoscaling import (
    Crowd,
    compute_least_free,
    compute_replicas,
    counted_as,
    decide_active,
    read_max_available,
    read_min_available,
    tally_crowd,
)

OPS_STATE, STATE = "game.kruise.io/gs-opsState", "game.kruise.io/gs-state"
FREE = {OPS_STATE: "None", STATE: "Ready"}
WAITING = {OPS_STATE: "WaitToBeDeleted", STATE: "Ready"}
ALLOCATED = {OPS_STATE: "Allocated", STATE: "Ready"}
UNMARKED = {STATE: "Creating"}
WAITING_NO_MORE = {OPS_STATE: "WaitToBeDeleted", STATE: "Deleting"}

# Wish, pods with opsState None, WaitToBeDeleted, Allocated and without one, WaitToBeDeleted but
# already Deleting; minAvailable, maxAvailable; number of servers to have, whether it is in use.
GOLDEN = [
    (3, 3, 0, 0, 0, 0, "", "", 3, True),
    (3, 2, 1, 0, 0, 0, "", "", 2, True),
    (3, 2, 0, 0, 0, 1, "", "", 3, True),
    (1, 1, 0, 0, 0, 0, "3", "", 3, True),
    (5, 1, 2, 2, 0, 0, "3", "", 7, True),
    (5, 3, 2, 0, 0, 0, "3", "", 3, True),
    (0, 0, 0, 0, 0, 0, "2", "", 2, True),
    (0, 0, 0, 0, 0, 0, "0.5", "", 0, True),
    (10, 2, 0, 8, 0, 0, "0.5", "", 16, True),
    (10, 5, 0, 5, 0, 0, "0.5", "", 10, True),
    (4, 2, 0, 2, 0, 0, "3.1", "", 6, True),
    (10, 8, 0, 2, 0, 0, "0", "5", 7, True),
    (10, 8, 1, 1, 0, 0, "", "5", 9, True),
    (10, 2, 0, 8, 0, 0, "6", "4", 12, True),
    (10, 5, 0, 5, 0, 0, "6", "4", 9, True),
    (5, 3, 0, 0, 2, 0, "4", "", 6, True),
    (10, 3, 0, 7, 0, 0, "", "-1", 6, True),
    (2, 0, 3, 0, 0, 0, "", "", -1, False),
    (10, 8, 0, 2, 0, 0, "0.5", "5", 7, True),
    (10, 2, 3, 5, 0, 0, "0.5", "3", 11, True),
]


def pods(free: int, waiting: int, allocated: int, unmarked: int, deleting: int) -> list[Pod]:
    labels = [FREE] * free + [WAITING] * waiting + [ALLOCATED] * allocated
    labels += [UNMARKED] * unmarked + [WAITING_NO_MORE] * deleting
    return [Pod(metadata=ObjectMeta(name="a-0", labels=one)) for one in labels]


def crowd_of(servers: list[Pod]) -> Crowd:
    counts = Counter(count for pod in servers for count in counted_as(pod))
    return tally_crowd(counts.__getitem__)


def status(current: int, waiting: int) -> GameServerSetStatus:
    return GameServerSetStatus(
        replicas=0,
        ready_replicas=0,
        available_replicas=0,
        current_replicas=current,
        updated_replicas=0,
        wait_to_be_deleted_replicas=waiting,
    )


@pytest.mark.parametrize(
    ("wish", "free", "waiting", "allocated", "unmarked", "deleting", "least", "most", "to_have"),
    [row[:9] for row in GOLDEN],
)
def test_the_number_is_the_one_that_openkruisegame_gives(
    wish: int,
    free: int,
    waiting: int,
    allocated: int,
    unmarked: int,
    deleting: int,
    least: str,
    most: str,
    to_have: int,
) -> None:
    crowd = crowd_of(pods(free, waiting, allocated, unmarked, deleting))
    min_available = read_min_available({"minAvailable": least})
    max_available = read_max_available({"maxAvailable": most})

    assert compute_replicas(wish, crowd, min_available, max_available) == to_have


@pytest.mark.parametrize(
    ("total", "waiting", "least", "active"),
    [(sum(row[1:6]), row[2] + row[5], row[6], row[9]) for row in GOLDEN],
)
def test_a_set_is_in_use_where_openkruisegame_says_so(
    total: int, waiting: int, least: str, *, active: bool
) -> None:
    min_available = read_min_available({"minAvailable": least})

    assert decide_active(status(total, waiting), min_available) is active


@pytest.mark.parametrize(
    ("total", "free", "least", "at_least"),
    [
        (5, 1, "0.8", 16),
        (19, 9, "0.5", 10),
        (20, 10, "0.5", 0),
        (1, 0, "0.5", 1),
        (2, 0, "0.5", 2),
        (100, 10, "0.2", 23),
        (10, 2, "0.3", 4),
        (10, 0, "0.3", 5),
        (3, 0, "0.9", 27),
        (7, 0, "0.99", 693),
        (1000, 299, "0.3", 301),
        (10, 1, "0.1", 1),
        (10, 3, "0.3", 3),
        (0, 0, "0.5", 0),
        (0, 0, "5", 5),
    ],
)
def test_as_many_must_be_free_as_openkruisegame_asks_for(
    total: int, free: int, least: str, at_least: int
) -> None:
    crowd = Crowd(total=total, free=free)

    assert compute_least_free(crowd, read_min_available({"minAvailable": least})) == at_least


@pytest.mark.parametrize("least", ["-1", "-0.1", "-inf", "nan"])
def test_a_minimum_below_nothing_is_refused_when_it_is_needed(least: str) -> None:
    min_available = read_min_available({"minAvailable": least})

    with pytest.raises(ValueError, match=r"^minAvailable: .* write a count such as 3, or a share"):
        compute_replicas(10, Crowd(10, 5), min_available, None)
    assert decide_active(status(10, 0), min_available) is True


def test_a_minimum_without_bounds_asks_for_as_many_as_a_set_can_have() -> None:
    assert compute_replicas(0, Crowd(), float("inf"), None) == 2147483647
    assert compute_replicas(0, Crowd(), 3e38, None) == 2147483647
    assert compute_replicas(4, Crowd(4, 0), float("inf"), 7) == 11


def test_a_minimum_that_is_no_number_is_refused_in_words_that_say_what_to_write() -> None:
    with pytest.raises(ValueError, match=r"^minAvailable: '20%' is not a number; write a count"):
        read_min_available({"minAvailable": "20%"})


def test_a_maximum_that_is_no_number_is_refused_in_words_that_say_what_to_write() -> None:
    with pytest.raises(ValueError, match=r"^maxAvailable: 'x' is not a whole number; write a"):
        read_max_available({"maxAvailable": "x"})


def test_bounds_that_are_not_given_are_none() -> None:
    assert read_min_available({"scalerAddress": "x:6000"}) == 0
    assert read_max_available({"scalerAddress": "x:6000"}) is None


@pytest.mark.parametrize(
    "leaving",
    [
        ObjectMeta(labels=WAITING, deletion_timestamp=datetime(2025, 1, 1, tzinfo=UTC)),
        ObjectMeta(labels=WAITING | {STATE: "PreDelete"}),
        ObjectMeta(labels=WAITING | {"lifecycle.apps.kruise.io/state": "PreparingDelete"}),
    ],
)
def test_a_server_on_its_way_out_waits_no_more(leaving: ObjectMeta) -> None:
    assert crowd_of([Pod(metadata=leaving)]) == Crowd(total=1, free=0, waiting=0)


@given(
    st.integers(0, 10_000),
    st.integers(0, 5_000),
    st.integers(0, 5_000),
    st.floats(0, 10_000, width=32),
    st.none() | st.integers(-10, 10_000),
)
def test_the_next_answer_asks_for_no_more_once_what_was_asked_for_is_there(
    allocated: int, free: int, waiting: int, least: float, most: int | None
) -> None:
    total = allocated + free + waiting
    to_have = compute_replicas(total, Crowd(total, free, waiting), least, most)
    more = max(0, to_have - total)

    again = compute_replicas(to_have, Crowd(total + more, free + more, waiting), least, most)

    assert again <= max(to_have, total)


@given(st.integers(0, 10_000), st.integers(0, 5_000), st.floats(0, 0.9921875, width=32))
def test_what_is_made_for_a_share_reaches_it_but_for_a_hundredth_of_a_server(
    allocated: int, free: int, share: float
) -> None:
    total = allocated + free
    more = compute_replicas(total, Crowd(total, free), share, None) - total

    assert more >= 0
    assert free + more >= (total + more) * share - 0.005 - 1e-6


@given(
    st.integers(0, 10_000),
    st.integers(0, 5_000),
    st.floats(0, 10_000, width=32),
    st.integers(0, 10_000),
)
def test_never_more_free_servers_are_asked_for_than_the_maximum(
    total: int, free: int, least: float, most: int
) -> None:
    total = max(total, free)

    to_have = compute_replicas(total, Crowd(total, free), least, most)

    assert free + (to_have - total) <= max(free, most)
