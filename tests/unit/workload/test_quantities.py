import pytest

from okg.api.meta import IntOrString
from okg.workload.quantities import same_quantity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1000m"),
        (1, "1"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1Gi", "1024Mi"),
        ("1G", "1000M"),
        ("1e3", "1k"),
        ("1E-3", "1m"),
        ("1E", "1000P"),
        ("+2", "2"),
        ("1000000n", "1m"),
        ("1000u", "1m"),
        ("odd", "odd"),
    ],
)
def test_an_amount_can_be_written_in_many_ways(one: IntOrString, other: IntOrString) -> None:
    assert same_quantity(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "2"), ("1G", "1Gi"), ("1m", "1M"), ("odd", "even"), ("1", None), ("", "0"), (None, "0")],
)
def test_other_amounts_differ(one: IntOrString | None, other: IntOrString | None) -> None:
    assert not same_quantity(one, other)
