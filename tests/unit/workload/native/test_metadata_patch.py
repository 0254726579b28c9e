import pytest

from okg.api.meta import ObjectMeta
from okg.workload.native.metadata_patch import (
    MetadataPatch,
    decode_patch,
    encode_patch,
    metadata_patch,
)

BEFORE = ObjectMeta(
    labels={"gone": "1", "same": "1", "other": "1"},
    annotations={"gone": "1"},
    finalizers=("x/gone", "x/same"),
)
AFTER = ObjectMeta(labels={"same": "1", "other": "2", "new": "<1>"}, finalizers=("x/same", "x/new"))
DOCUMENT = (
    b'{"metadata":{"$deleteFromPrimitiveList/finalizers":["x/gone"],'
    b'"$setElementOrder/finalizers":["x/same","x/new"],'
    b'"annotations":{"gone":null},"finalizers":["x/new"],'
    b'"labels":{"gone":null,"new":"\\u003c1\\u003e","other":"2"}}}'
)


def test_what_changes_between_two_templates_is_a_strategic_merge_patch() -> None:
    assert encode_patch(metadata_patch(BEFORE, AFTER)) == DOCUMENT


def test_a_patch_that_was_written_is_read_back() -> None:
    assert decode_patch(DOCUMENT) == metadata_patch(BEFORE, AFTER)


def test_equal_metadata_make_no_patch() -> None:
    assert encode_patch(metadata_patch(BEFORE, BEFORE)) == b""
    assert not metadata_patch(BEFORE, BEFORE)


def test_what_others_gave_a_pod_stays() -> None:
    pod = ObjectMeta(
        name="xxx-0",
        labels={"gone": "7", "same": "7", "theirs": "7"},
        annotations={"theirs": "7"},
        finalizers=("x/theirs", "x/gone"),
    )

    assert metadata_patch(BEFORE, AFTER).apply(pod) == ObjectMeta(
        name="xxx-0",
        labels={"same": "7", "theirs": "7", "other": "2", "new": "<1>"},
        annotations={"theirs": "7"},
        finalizers=("x/theirs", "x/new"),
    )


@pytest.mark.parametrize("document", [b"", b"[]", b'{"metadata":{"labels":[]}}', b"{}"])
def test_what_cannot_be_read_changes_nothing(document: bytes) -> None:
    assert not decode_patch(document)


def test_a_map_that_went_as_a_whole_takes_nothing_of_others_away() -> None:
    patch = decode_patch(b'{"metadata":{"annotations":null,"labels":null,"finalizers":null}}')

    assert patch.apply(BEFORE) == BEFORE
    assert patch.then(metadata_patch(BEFORE, AFTER)).apply(BEFORE) == AFTER


def test_two_patches_in_one_do_what_both_would_do() -> None:
    there, back = metadata_patch(BEFORE, AFTER), metadata_patch(AFTER, BEFORE)

    assert there.then(back).apply(BEFORE) == BEFORE
    assert back.then(there).apply(BEFORE) == AFTER
    assert there.then(MetadataPatch()).apply(BEFORE) == AFTER
    assert MetadataPatch().then(there).apply(BEFORE) == AFTER
