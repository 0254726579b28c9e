import pytest
from hypothesis import given, strategies as st

from okg.api.meta import IntOrString
from okg.workload.invalid import InvalidField
from okg.workload.ordinals import (
    belongs_to,
    format_ordinals,
    format_text,
    ordinal_of,
    parse_ordinals,
    parse_text,
    target_ordinals,
)

IDS = st.sets(st.integers(min_value=0, max_value=40))


@pytest.mark.parametrize(
    ("name", "ordinal"),
    [("xxx-0", 0), ("xxx-23-3", 3), ("xxx-12", 12), ("xxx", 0), ("xxx-a", 0), ("xxx-", 0)],
)
def test_the_ordinal_is_the_number_after_the_last_dash(name: str, ordinal: int) -> None:
    assert ordinal_of(name) == ordinal


@pytest.mark.parametrize(
    ("name", "member"),
    [("xxx-0", True), ("xxx-12", True), ("xxx-a-0", False), ("xxx", False), ("yyy-0", False)],
)
def test_a_member_is_named_after_its_set(name: str, *, member: bool) -> None:
    assert belongs_to(name, "xxx") is member


@pytest.mark.parametrize(
    ("items", "ids"),
    [
        ((), set()),
        ((1, 5), {1, 5}),
        ((1, "3-6"), {1, 3, 4, 5, 6}),
        (("3-3",), {3}),
        ((" 3 - 4 ",), {3, 4}),
        (("0003-005",), {3, 4, 5}),
        ((2, "1-3", 2), {1, 2, 3}),
    ],
)
def test_a_list_is_the_union_of_its_ids_and_ranges(
    items: tuple[IntOrString, ...], ids: set[int]
) -> None:
    assert parse_ordinals(items, "spec.ids") == ids


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (("5",), 'spec.ids[0]: "5" is neither an integer nor a range such as "3-6"'),
        ((1, "9-2"), 'spec.ids[1]: "9-2" ends before it starts; write "2-9"'),
        ((1, 2, "a-b"), 'spec.ids[2]: "a-b" is neither an integer nor a range such as "3-6"'),
        (("1-2-3",), 'spec.ids[0]: "1-2-3" is neither an integer nor a range such as "3-6"'),
        (("1_0-20",), 'spec.ids[0]: "1_0-20" is neither an integer nor a range such as "3-6"'),
        (("",), 'spec.ids[0]: "" is neither an integer nor a range such as "3-6"'),
        ((-1,), "spec.ids[0]: -1 is negative; an id is 0 or greater"),
        (("0-2000000000",), "spec.ids[0]: more than 100000 ids in all"),
        ((2**31,), "spec.ids[0]: 2147483648 is too large; the last possible id is 2147483647"),
        (
            ("1-" + "9" * 20,),
            f'spec.ids[0]: "1-{"9" * 20}" is too large; the last possible id is 2147483647',
        ),
    ],
)
def test_an_element_that_is_no_id_is_named(items: tuple[IntOrString, ...], message: str) -> None:
    with pytest.raises(InvalidField) as raised:
        parse_ordinals(items, "spec.ids")

    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", set()),
        ("1,2", {1, 2}),
        ("1-3,5-abc,5-2, 7", {1, 2, 3, 7}),
        ("x,,4", {4}),
        ("0-2000000000,1", {1}),
    ],
)
def test_what_is_damaged_in_a_record_is_skipped(text: str, ids: set[int]) -> None:
    assert parse_text(text) == ids


@pytest.mark.parametrize(
    ("ids", "items", "text"),
    [
        (set(), (), ""),
        ({1, 2, 5}, (1, 2, 5), "1,2,5"),
        ({1, 2, 3, 5, 7, 8, 9, 11}, ("1-3", 5, "7-9", 11), "1-3,5,7-9,11"),
        ({4, 3}, (3, 4), "3,4"),
    ],
)
def test_only_runs_of_three_and_more_become_ranges(
    ids: set[int], items: tuple[IntOrString, ...], text: str
) -> None:
    assert format_ordinals(ids) == items
    assert format_text(ids) == text


@given(IDS)
def test_both_forms_can_be_read_back(ids: set[int]) -> None:
    assert parse_ordinals(format_ordinals(ids), "spec.ids") == ids
    assert parse_text(format_text(ids)) == ids


@pytest.mark.parametrize(
    ("replicas", "reserved", "targets"),
    [
        (3, set(), {0, 1, 2}),
        (3, {1}, {0, 2, 3}),
        (2, {1}, {0, 2}),
        (3, {1, 2, 3}, {0, 4, 5}),
        (0, {1}, set()),
        (3, {9}, {0, 1, 2}),
    ],
)
def test_the_workload_keeps_the_first_ordinals_that_are_not_reserved(
    replicas: int, reserved: set[int], targets: set[int]
) -> None:
    assert target_ordinals(replicas, reserved) == targets
