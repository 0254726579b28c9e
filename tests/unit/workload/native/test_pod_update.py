from datetime import timedelta

import pytest
from msgspec.structs import replace

from okg.api.core import Container, Pod, ResourceRequirements
from okg.workload.native.capability import InPlaceChange
from okg.workload.native.metadata_patch import MetadataPatch
from okg.workload.native.pod_step import PodStep
from okg.workload.native.pod_update import start_update
from unit.workload.native.native_pods import (
    CHANGED_AT,
    GRACE,
    LED_OUT,
    LIFECYCLE,
    NEW,
    NOW,
    OPEN,
    PLAIN,
    REPLACED,
    REVISION,
    STATE,
    a_container,
    a_native_workload,
    a_server_pod,
    annotated,
)

IMAGE = InPlaceChange(images={"game": "game:2"})


def started(pod: Pod, change: InPlaceChange = IMAGE, grace: int = 0) -> PodStep:
    step = start_update(pod, a_native_workload(grace=grace), NEW, change, NOW)
    assert step is not None
    return step


def test_a_pod_is_led_out_before_its_spec_changes() -> None:
    step = started(a_server_pod())

    ready, containers, gate, shared = step.after.status.conditions
    assert step.subresource == "status"
    assert (gate.type, gate.status, gate.reason, gate.last_transition_time) == (
        "InPlaceUpdateReady",
        "False",
        "StartInPlaceUpdate",
        NOW,
    )
    assert (ready.type, ready.status, ready.reason, ready.last_transition_time) == (
        "Ready",
        "False",
        "ReadinessGatesNotReady",
        NOW,
    )
    assert ready.message == (
        'the status of pod readiness gate "InPlaceUpdateReady" is not "True", but False'
    )
    assert (containers, shared) == (OPEN[1], OPEN[3])
    assert step.after.spec == a_server_pod().spec
    assert step.after.metadata == a_server_pod().metadata


def test_a_pod_that_is_led_out_gets_image_revision_and_state_in_one_write() -> None:
    step = started(a_server_pod(conditions=LED_OUT))

    meta = step.after.metadata
    assert (step.subresource, step.requeue_after) == ("", None)
    assert [(c.name, c.image) for c in step.after.spec.containers] == [("game", "game:2")]
    assert meta.labels == {REVISION: "xxx-new", LIFECYCLE: "Updating"}
    assert meta.annotations == {
        CHANGED_AT: "2026-01-01T12:00:30Z",
        STATE: (
            '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:30Z",'
            '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}},'
            '"updateImages":true,'
            '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:30Z","containers":["game"]}]}'
        ),
        REPLACED: (
            '{"revision":"xxx-new","containers":'
            '{"game":{"images":["game:1"],"containerID":"containerd://game-0"}}}'
        ),
    }


def test_a_grace_period_leaves_the_spec_alone_and_comes_back_when_it_is_over() -> None:
    step = started(a_server_pod(conditions=LED_OUT), grace=3)

    meta = step.after.metadata
    assert step.requeue_after == timedelta(seconds=3)
    assert step.after.spec == a_server_pod().spec
    assert meta.labels == {REVISION: "xxx-new", LIFECYCLE: "Updating"}
    assert meta.annotations[GRACE] == (
        '{"revision":"xxx-new","containerImages":{"game":"game:2"},"graceSeconds":3}'
    )
    assert meta.annotations[STATE] == (
        '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:30Z",'
        '"lastContainerStatuses":null,"updateImages":true}'
    )


def test_metadata_alone_neither_leads_a_pod_out_nor_waits() -> None:
    change = InPlaceChange(metadata=MetadataPatch(labels={"new": "1"}))

    step = started(a_server_pod(), change, grace=3)

    assert step.subresource == ""
    assert step.after.status == a_server_pod().status
    assert step.after.metadata.labels == {REVISION: "xxx-new", LIFECYCLE: "Updating", "new": "1"}
    assert step.after.metadata.annotations[STATE] == (
        '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:30Z",'
        '"lastContainerStatuses":null,'
        '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:30Z","containers":[]}]}'
    )


@pytest.mark.parametrize(
    "pod",
    [a_server_pod(revision=NEW), a_server_pod(revision="new"), a_server_pod(terminating=True)],
)
def test_nothing_starts_on_a_pod_that_is_new_or_going(pod: Pod) -> None:
    assert start_update(pod, PLAIN, NEW, IMAGE, NOW) is None


def test_without_the_gate_there_is_nothing_to_lead_out() -> None:
    step = started(a_server_pod(gates=(), conditions=OPEN[:2]))

    assert step.subresource == ""
    assert step.after.status == a_server_pod(gates=(), conditions=OPEN[:2]).status


def test_fractions_of_a_second_are_not_written() -> None:
    late = NOW.replace(microsecond=999999)

    step = start_update(a_server_pod(conditions=LED_OUT), PLAIN, NEW, IMAGE, late)

    assert step == started(a_server_pod(conditions=LED_OUT))


def test_only_containers_that_change_get_another_image_and_are_waited_for() -> None:
    images = {"game": "game:1", "side": "side:2", "other": "other:1"}
    change = InPlaceChange(images={"side": "side:2", "game": "game:2"})

    step = started(a_server_pod(images=images, conditions=LED_OUT), change)

    assert [c.image for c in step.after.spec.containers] == ["game:2", "side:2", "other:1"]
    assert (
        '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}}'
        in (step.after.metadata.annotations[STATE])
    )
    assert '"containers":["game","side"]' in step.after.metadata.annotations[STATE]


def test_an_image_that_a_server_has_already_restarts_nothing() -> None:
    step = started(a_server_pod(images={"game": "game:2"}), grace=3)

    assert step.subresource == ""
    assert step.after.status == a_server_pod(images={"game": "game:2"}).status
    assert step.after.metadata.annotations[STATE] == (
        '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:30Z",'
        '"lastContainerStatuses":null,"updateImages":true,'
        '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:30Z","containers":["game"]}]}'
    )


def test_a_container_that_nobody_has_started_is_not_waited_for() -> None:
    step = started(a_server_pod(containers=(), conditions=LED_OUT))

    assert '"lastContainerStatuses":null' in step.after.metadata.annotations[STATE]
    assert REPLACED not in step.after.metadata.annotations


def test_a_grace_period_keeps_metadata_and_amounts_for_later() -> None:
    change = InPlaceChange(
        images={"game": "game:2"},
        resources={"game": ResourceRequirements(limits={"cpu": "2"})},
        metadata=MetadataPatch(labels={"new": "1", "gone": None}),
    )

    step = started(a_server_pod(conditions=LED_OUT, labels={"gone": "1"}), change, grace=30)

    assert step.subresource == ""
    assert step.after.metadata.labels == {REVISION: "xxx-new", LIFECYCLE: "Updating", "gone": "1"}
    assert step.after.metadata.annotations[GRACE] == (
        '{"revision":"xxx-new","containerImages":{"game":"game:2"},'
        '"containerResources":{"game":{"limits":{"cpu":"2"}}},'
        '"metaDataPatch":"eyJtZXRhZGF0YSI6eyJsYWJlbHMiOnsiZ29uZSI6bnVsbCwibmV3IjoiMSJ9fX0=",'
        '"graceSeconds":30}'
    )


def with_amounts(pod: Pod, **limits: str) -> Pod:
    container = Container(
        name="game", image="game:1", resources=ResourceRequirements(limits=limits)
    )
    return replace(pod, spec=replace(pod.spec, containers=(container,)))


MORE = InPlaceChange(resources={"game": ResourceRequirements(limits={"cpu": "2"})})


def test_amounts_go_through_the_resize_subresource_before_anything_else_is_written() -> None:
    pod = with_amounts(a_server_pod(), cpu="1", memory="1Gi")

    first = started(pod, MORE)
    second = started(first.after, MORE)

    assert first.subresource == "resize"
    assert first.after == with_amounts(pod, cpu="2", memory="1Gi")
    assert second.subresource == ""
    assert second.after.spec == first.after.spec
    assert second.after.metadata.annotations[STATE] == (
        '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:30Z",'
        '"lastContainerStatuses":null,"updateResources":true,'
        '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:30Z","containers":["game"]}]}'
    )


def test_amounts_that_may_be_refused_come_before_the_pod_is_led_out() -> None:
    pod = with_amounts(a_server_pod(), cpu="1")

    both = replace(MORE, images={"game": "game:2"})

    assert started(pod, both).subresource == "resize"
    assert started(started(pod, both).after, both).subresource == "status"


def test_amounts_that_the_server_writes_in_another_way_are_there() -> None:
    assert started(with_amounts(a_server_pod(), cpu="2000m"), MORE).subresource == ""


def test_a_resize_that_restarts_a_container_leads_the_pod_out() -> None:
    pod = with_amounts(a_server_pod(), cpu="1")

    assert started(pod, replace(MORE, resize_restarts=True)).subresource == "status"
    assert started(pod, replace(MORE, resize_restarts=True), grace=5).subresource == "status"


def test_a_second_update_in_a_grace_period_brings_what_the_first_would_have() -> None:
    first = InPlaceChange(
        images={"game": "game:2", "side": "side:2"}, metadata=MetadataPatch(labels={"first": "1"})
    )
    both = a_server_pod(images={"game": "game:1", "side": "side:1"}, conditions=LED_OUT)
    waiting = started(both, first, grace=30).after
    second = InPlaceChange(images={"side": "side:3"}, metadata=MetadataPatch(labels={"b": "2"}))

    step = start_update(waiting, PLAIN, "xxx-newer", second, NOW)

    assert step is not None
    assert [c.image for c in step.after.spec.containers] == ["game:2", "side:3"]
    assert GRACE not in step.after.metadata.annotations
    assert step.after.metadata.labels == {
        REVISION: "xxx-newer",
        LIFECYCLE: "Updating",
        "first": "1",
        "b": "2",
    }


def test_a_second_update_waits_for_what_the_first_has_yet_to_replace() -> None:
    both = a_server_pod(images={"game": "game:1", "side": "side:1"}, conditions=LED_OUT)
    first = started(both).after
    second = InPlaceChange(images={"side": "side:2"})

    step = start_update(first, PLAIN, "xxx-newer", second, NOW)

    assert step is not None
    assert step.subresource == ""
    assert step.after.metadata.annotations[STATE] == (
        '{"revision":"xxx-newer","updateTimestamp":"2026-01-01T12:00:30Z",'
        '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"},'
        '"side":{"imageID":"side:1@sha256:aaa"}},"updateImages":true,'
        '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:30Z","containers":["side"]}]}'
    )
    assert step.after.metadata.annotations[REPLACED] == (
        '{"revision":"xxx-newer","containers":'
        '{"game":{"images":["game:1"],"containerID":"containerd://game-0"},'
        '"side":{"images":["side:1"],"containerID":"containerd://side-0"}}}'
    )


def test_a_second_update_keeps_in_mind_which_image_it_overtook() -> None:
    first = started(a_server_pod(conditions=LED_OUT)).after

    step = start_update(first, PLAIN, "xxx-newer", InPlaceChange(images={"game": "game:3"}), NOW)

    assert step is not None
    assert '"images":["game:1","game:2"]' in step.after.metadata.annotations[REPLACED]


def test_what_a_complete_update_replaced_is_forgotten_by_the_next() -> None:
    first = started(a_server_pod(conditions=LED_OUT)).after
    done = replace(
        first, status=replace(first.status, container_statuses=(a_container(image="game:2"),))
    )

    step = start_update(done, PLAIN, "xxx-newer", InPlaceChange(images={"game": "game:3"}), NOW)

    assert step is not None
    assert '"images":["game:2"]' in step.after.metadata.annotations[REPLACED]


def test_an_update_takes_over_the_batches_that_openkruise_had_still_to_make() -> None:
    state = (
        '{"revision":"xxx-old","updateTimestamp":"2026-01-01T00:00:00Z",'
        '"lastContainerStatuses":{"game":{"imageID":"x"}},"nextContainerImages":{"side":"side:2"}}'
    )
    both = a_server_pod(images={"game": "game:1", "side": "side:1"}, conditions=LED_OUT)

    step = started(annotated(both, state=state))

    assert [c.image for c in step.after.spec.containers] == ["game:2", "side:2"]
    assert "nextContainerImages" not in step.after.metadata.annotations[STATE]


def test_a_hook_that_marks_a_pod_not_ready_does_so_before_the_pod_waits() -> None:
    hook = {"labelsHandler": {"block": "true"}, "markPodNotReady": True}
    workload = a_native_workload({"inPlaceUpdate": hook})

    first = start_update(a_server_pod(labels={"block": "true"}), workload, NEW, IMAGE, NOW)
    assert first is not None
    second = start_update(first.after, workload, NEW, IMAGE, NOW)

    assert first.subresource == "status"
    shared = first.after.status.condition("KruisePodReady")
    assert shared is not None
    assert shared.message == '[{"userAgent":"Lifecycle","key":"preUpdateHook"}]'
    assert second is not None
    assert second.after.metadata.labels[LIFECYCLE] == "PreparingUpdate"
    assert second.after.metadata.annotations == {CHANGED_AT: "2026-01-01T12:00:30Z"}
    assert start_update(second.after, workload, NEW, IMAGE, NOW) is None


def test_a_pod_that_waits_again_is_marked_first_and_gets_the_hook_with_its_state() -> None:
    hook = {"finalizersHandler": ["x/block"], "markPodNotReady": True}
    workload = a_native_workload({"inPlaceUpdate": hook})

    first = start_update(a_server_pod(lifecycle="Updated"), workload, NEW, IMAGE, NOW)
    assert first is not None
    second = start_update(first.after, workload, NEW, IMAGE, NOW)

    assert first.subresource == "status"
    assert first.after.metadata == a_server_pod(lifecycle="Updated").metadata
    assert second is not None
    assert second.after.metadata.labels[LIFECYCLE] == "PreparingUpdate"
    assert second.after.metadata.finalizers == ("x/block",)


def test_the_time_of_a_state_is_when_it_was_entered() -> None:
    then = {CHANGED_AT: "2025-01-01T00:00:00Z"}
    pod = a_server_pod(lifecycle="Updating", conditions=LED_OUT, annotations=then)

    assert started(pod).after.metadata.annotations[CHANGED_AT] == "2025-01-01T00:00:00Z"
