import pytest

from okg.workload.changes import Change, Json, changes_of


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1}, {"a": 1}),
        ({}, {"a": None}),
        ({"resources": {}}, {}),
        ({"a": [{"x": None}]}, {"a": [{}]}),
        ({"metadata": {"creationTimestamp": None}}, {}),
        (None, []),
    ],
)
def test_absent_null_and_empty_are_the_same(before: Json, after: Json) -> None:
    assert not list(changes_of(before, after))


def test_changes_are_told_leaf_by_leaf() -> None:
    before: Json = {"spec": {"replicas": 3, "containers": [{"image": "a"}, {"image": "b"}]}}
    after: Json = {"spec": {"replicas": 5, "containers": [{"image": "a"}, {"image": "c"}]}}

    assert [str(change) for change in changes_of(before, after)] == [
        "spec.replicas: 3 -> 5",
        "spec.containers[1].image: b -> c",
    ]


def test_lists_of_another_length_are_told_whole() -> None:
    assert list(changes_of({"ids": [1]}, {"ids": [1, 2]})) == [Change(("ids",), [1], [1, 2])]


def test_what_comes_and_what_goes_is_none_on_the_other_side() -> None:
    changes = changes_of({"a": {"x": 1}}, {"b": True})

    assert [str(c) for c in changes] == ['a: {"x":1} -> (none)', "b: (none) -> true"]


def test_false_and_zero_are_values() -> None:
    assert list(changes_of({"a": True}, {"a": False})) == [Change(("a",), before=True, after=False)]
    assert list(changes_of({}, {"a": 0})) == [Change(("a",), None, 0)]
