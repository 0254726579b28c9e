from datetime import UTC, datetime

import pytest

from okg.api.core import ResourceRequirements
from okg.workload.native.in_place_state import (
    Batch,
    ContainerRecord,
    GracePeriod,
    InPlaceState,
    ReadyCheck,
    RefMetadata,
    ReplacedContainer,
    is_in_grace,
    read_grace,
    read_replaced,
    read_state,
    state_annotations,
)
from unit.workload.native.native_pods import GRACE, REPLACED, STATE, a_server_pod, annotated

TIME = datetime(2026, 1, 1, tzinfo=UTC)

FULL_STATE = (
    '{"revision":"mygame-7c9b","updateTimestamp":"2026-01-01T00:00:00Z",'
    '"lastContainerStatuses":{"game":{"imageID":"registry/game@sha256:aaa"}},'
    '"updateEnvFromMetadata":true,"updateResources":true,"updateImages":true,'
    '"nextContainerImages":{"sidecar":"img:v2"},'
    '"nextContainerRefMetadata":{"sidecar":{"labels":{"k":"v"}}},'
    '"nextContainerResources":{"sidecar":{"limits":{"cpu":"1"}}},'
    '"preCheckBeforeNext":{"containersRequiredReady":["game"]},'
    '"containerBatchesRecord":[{"timestamp":"2026-01-01T00:00:00Z","containers":["game"]}]}'
)
EMPTY_STATE = (
    '{"revision":"mygame-7c9b","updateTimestamp":"2026-01-01T00:00:00Z",'
    '"lastContainerStatuses":null}'
)
FULL_GRACE = (
    '{"revision":"mygame-7c9b","containerImages":{"game":"img:v2"},'
    '"containerRefMetadata":{"game":{"annotations":{"k":"v"}}},'
    '"containerResources":{"game":{"requests":{"cpu":"1"}}},'
    '"metaDataPatch":"eyJtZXRhZGF0YSI6e319","updateEnvFromMetadata":true,"graceSeconds":30}'
)

STATE_VALUE = InPlaceState(
    revision="mygame-7c9b",
    update_timestamp=TIME,
    last_container_statuses={"game": ContainerRecord(image_id="registry/game@sha256:aaa")},
    update_env_from_metadata=True,
    update_resources=True,
    update_images=True,
    next_container_images={"sidecar": "img:v2"},
    next_container_ref_metadata={"sidecar": RefMetadata(labels={"k": "v"})},
    next_container_resources={"sidecar": ResourceRequirements(limits={"cpu": "1"})},
    pre_check_before_next=ReadyCheck(containers_required_ready=("game",)),
    container_batches_record=(Batch(timestamp=TIME, containers=("game",)),),
)
GRACE_VALUE = GracePeriod(
    revision="mygame-7c9b",
    container_images={"game": "img:v2"},
    container_ref_metadata={"game": RefMetadata(annotations={"k": "v"})},
    container_resources={"game": ResourceRequirements(requests={"cpu": "1"})},
    meta_data_patch=b'{"metadata":{}}',
    update_env_from_metadata=True,
    grace_seconds=30,
)
EMPTY_VALUE = InPlaceState(
    revision="mygame-7c9b", update_timestamp=TIME, last_container_statuses=None
)


def test_state_and_grace_period_are_written_as_openkruise_writes_them() -> None:
    replaced = {"game": ReplacedContainer(images=("img:v1",), container_id="c", restart_count=2)}

    written = state_annotations(a_server_pod(), STATE_VALUE, grace=GRACE_VALUE, replaced=replaced)

    assert written == {
        STATE: FULL_STATE,
        GRACE: FULL_GRACE,
        REPLACED: (
            '{"revision":"mygame-7c9b","containers":'
            '{"game":{"images":["img:v1"],"containerID":"c","restartCount":2}}}'
        ),
    }


def test_what_is_empty_is_left_out_but_for_the_containers() -> None:
    assert state_annotations(a_server_pod(), EMPTY_VALUE, replaced={}) == {STATE: EMPTY_STATE}


def test_what_openkruise_wrote_is_read() -> None:
    pod = annotated(a_server_pod(), state=FULL_STATE, grace=FULL_GRACE)

    assert read_state(pod) == STATE_VALUE
    assert read_grace(pod) == GRACE_VALUE


def test_fields_of_newer_releases_and_odd_spaces_are_no_obstacle() -> None:
    spaced = EMPTY_STATE.replace(":null", ': null, "more": [1]')

    assert read_state(annotated(a_server_pod(), state=spaced)) == EMPTY_VALUE


def test_old_names_of_the_annotations_are_read_and_the_wait_goes_with_the_next_write() -> None:
    pod = a_server_pod(
        annotations={
            "inplace-update-state": FULL_STATE,
            "inplace-update-grace": FULL_GRACE,
            "other": "stays",
        }
    )

    assert (read_state(pod), read_grace(pod), is_in_grace(pod)) == (STATE_VALUE, GRACE_VALUE, True)
    assert state_annotations(pod, EMPTY_VALUE, replaced={}) == {
        "inplace-update-state": FULL_STATE,
        "other": "stays",
        STATE: EMPTY_STATE,
    }


def test_a_new_name_goes_before_an_old_one() -> None:
    old = a_server_pod(annotations={"inplace-update-state": FULL_STATE})

    assert read_state(annotated(old, state=EMPTY_STATE)) == EMPTY_VALUE


@pytest.mark.parametrize("text", ["", "{", "[]", '{"revision":1}', '{"revision":"a"}'])
def test_a_state_that_cannot_be_read_is_none(text: str) -> None:
    assert read_state(annotated(a_server_pod(), state=text)) is None


def test_a_wait_that_cannot_be_read_is_a_wait() -> None:
    pod = annotated(a_server_pod(), grace="{")

    assert read_grace(pod) is None
    assert is_in_grace(pod)
    assert not is_in_grace(a_server_pod())


def test_what_is_known_of_replaced_containers_is_of_one_update() -> None:
    text = '{"revision":"a","containers":{"game":{"images":["img:v1"]}}}'
    pod = annotated(a_server_pod(), replaced=text)

    assert read_replaced(pod, "a") == {"game": ReplacedContainer(images=("img:v1",))}
    assert read_replaced(pod, "b") == {}
    assert read_replaced(a_server_pod(), "a") == {}
