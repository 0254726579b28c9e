import pytest

from okg.api.meta import IntOrString
from okg.workload.update_order import in_update_order, unavailable_limit
from unit.fleet import a_pod, pods


def test_larger_ids_go_first() -> None:
    ordered = in_update_order(pods(2, 10, 0), by_priority=False)

    assert [pod.metadata.name for pod in ordered] == ["xxx-10", "xxx-2", "xxx-0"]


def test_priorities_are_read_as_openkruise_reads_them() -> None:
    labelled = [
        a_pod(f"xxx-{id_}", labels={"game.kruise.io/gs-update-priority": priority})
        for id_, priority in ((0, "0"), (4, "3"), (7, "abc"), (8, "v-10"))
    ]

    ordered = in_update_order([*labelled, *pods(3, 6)], by_priority=True)

    assert [pod.metadata.name for pod in ordered] == [
        "xxx-6",
        "xxx-3",
        "xxx-8",
        "xxx-4",
        "xxx-7",
        "xxx-0",
    ]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(None, 1), (0, 1), (3, 3), ("25%", 2), ("1%", 1), ("100%", 10), ("x", 1), ("5", 1)],
)
def test_a_limit_is_a_count_or_a_share_and_at_least_one(
    limit: IntOrString | None, expected: int
) -> None:
    assert unavailable_limit(limit, 10) == expected
