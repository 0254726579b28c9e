import json

import pytest

from okg.client.apply import apply_patch, merged
from okg.client.patch import Json

LAST = "kubectl.kubernetes.io/last-applied-configuration"


def stored(last: object = None, **spec: Json) -> dict[str, Json]:
    annotations: dict[str, Json] = {} if last is None else {LAST: json.dumps(last)}
    return {"metadata": {"name": "a", "annotations": annotations}, "spec": spec}


def manifest(**spec: Json) -> dict[str, Json]:
    return {"metadata": {"name": "a"}, "spec": spec}


def test_what_is_there_already_is_not_sent() -> None:
    assert apply_patch(manifest(replicas=3), stored(replicas=3, other=1)) == {}


def test_what_is_new_or_another_is_sent() -> None:
    patch = apply_patch(manifest(replicas=3, network={"a": 1}), stored(replicas=2))

    assert patch == {"spec": {"replicas": 3, "network": {"a": 1}}}


def test_what_the_last_manifest_had_and_this_has_not_is_removed() -> None:
    here = stored({"spec": {"gone": 1, "stays": 1}}, gone=1, stays=1, of_others=1)

    assert apply_patch(manifest(stays=1), here) == {"spec": {"gone": None}}


def test_what_somebody_removed_already_is_not_removed_again() -> None:
    assert apply_patch(manifest(), stored({"spec": {"gone": 1}})) == {}


@pytest.mark.parametrize("last", ["no json", [1]])
def test_a_damaged_record_of_the_last_manifest_removes_nothing(last: object) -> None:
    here = stored(gone=1)
    here["metadata"] = {"annotations": {LAST: last if isinstance(last, str) else json.dumps(last)}}

    assert apply_patch(manifest(), here) == {"metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("value", "patch", "expected"),
    [
        ({"a": 1, "b": {"c": 1}}, {"b": {"d": 2}}, {"a": 1, "b": {"c": 1, "d": 2}}),
        ({"a": 1}, {"a": None}, {}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        (None, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": 1}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
    ],
)
def test_a_merge_patch_is_applied(value: Json, patch: Json, expected: Json) -> None:
    assert merged(value, patch) == expected
