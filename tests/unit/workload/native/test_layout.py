import pytest
from hypothesis import given, strategies as st

from okg.api.meta import IntOrString
from okg.workload.invalid import InvalidField
from okg.workload.native.layout import Layout, lay_out, replicas_of
from okg.workload.ordinals import format_ordinals, ordinal_of
from unit.fleet import a_workload, pods


def numbers(layout: Layout) -> list[int]:
    return [ordinal_of(pod.metadata.name) for pod in layout.condemned]


@pytest.mark.parametrize(
    ("replicas", "reserved", "targets", "condemned"),
    [
        (3, [], (0, 1, 2), [6, 5, 4, 3]),
        (3, [1], (0, 2, 3), [6, 5, 4, 1]),
        (2, [1], (0, 2), [6, 5, 4, 3, 1]),
        (3, ["1-3"], (0, 4, 5), [6, 3, 2, 1]),
        (0, [1], (), [6, 5, 4, 3, 2, 1, 0]),
        (3, [9], (0, 1, 2), [6, 5, 4, 3]),
        (5, ["1-2", 5], (0, 3, 4, 6, 7), [5, 2, 1]),
    ],
)
def test_a_workload_keeps_the_first_ids_that_are_not_reserved(
    replicas: int, reserved: list[IntOrString], targets: tuple[int, ...], condemned: list[int]
) -> None:
    layout = lay_out(a_workload(replicas, reserved), pods(*range(7)))

    assert layout.targets == targets
    assert numbers(layout) == condemned


def test_ids_without_a_pod_are_missing() -> None:
    layout = lay_out(a_workload(4), pods(3, 0, 9))

    assert list(layout.slots) == [0, 3]
    assert layout.missing == (1, 2)


@pytest.mark.parametrize("reserved", [["3"], ["5-3"], [-1]])
def test_a_list_that_makes_no_sense_condemns_nobody(reserved: list[IntOrString]) -> None:
    with pytest.raises(InvalidField, match=r"spec\.reserveOrdinals\[0\]"):
        lay_out(a_workload(3, reserved), pods(0, 1, 2))


def test_a_workload_without_a_size_is_of_one() -> None:
    assert replicas_of(a_workload(None)) == 1  # type: ignore[arg-type] # as stored by others


SMALL = st.frozensets(st.integers(0, 15))


@given(st.integers(0, 9), SMALL, SMALL)
def test_every_pod_is_kept_or_condemned_and_every_target_filled_or_missing(
    replicas: int, reserved: frozenset[int], alive: frozenset[int]
) -> None:
    layout = lay_out(a_workload(replicas, format_ordinals(reserved)), pods(*alive))

    assert len(layout.targets) == replicas
    assert not reserved & set(layout.targets)
    assert sorted([*layout.slots, *numbers(layout)]) == sorted(alive)
    assert sorted([*layout.slots, *layout.missing]) == list(layout.targets)
