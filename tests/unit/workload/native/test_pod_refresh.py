from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from okg.api.core import Container, Pod, PodCondition, ResourceRequirements
from okg.workload.native.pod_refresh import refresh
from okg.workload.native.pod_step import PodStep
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
    a_condition,
    a_container,
    a_native_workload,
    a_server_pod,
    annotated,
)

WAITING = (
    '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:20Z",'
    '"lastContainerStatuses":null,"updateImages":true}'
)
RUNNING = (
    '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:20Z",'
    '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}},"updateImages":true}'
)


def updating(image: str = "game:2") -> Pod:
    """Return a pod that is being updated to ``game:2`` and runs an image."""
    pod = a_server_pod(
        revision=NEW,
        lifecycle="Updating",
        images={"game": "game:2"},
        containers=(a_container(image=image),),
        conditions=LED_OUT,
    )
    return annotated(pod, state=RUNNING)


LED_IN = PodCondition(type="InPlaceUpdateReady", status="True", last_transition_time=NOW)
READY_AGAIN = (a_condition("Ready"), LED_OUT[1], LED_IN, LED_OUT[3])


def with_conditions(pod: Pod, conditions: tuple[PodCondition, ...]) -> Pod:
    return replace(pod, status=replace(pod.status, conditions=conditions))


def refreshed(pod: Pod, now: datetime = NOW) -> PodStep | None:
    return refresh(pod, PLAIN, NEW, now)


def test_a_new_pod_gets_both_its_gates_opened_in_one_write() -> None:
    conditions = (a_condition("PodScheduled"), a_condition("Ready", "False"))
    pod = a_server_pod(conditions=conditions, phase="Pending", containers=())

    step = refreshed(pod)

    assert step is not None
    assert (step.subresource, step.lock) == ("status", False)
    assert step.after.status.conditions == (
        *conditions,
        PodCondition(type="InPlaceUpdateReady", status="True", last_transition_time=NOW),
        PodCondition(type="KruisePodReady", status="True", last_transition_time=NOW),
    )
    assert refreshed(step.after) is None


def test_a_pod_that_is_as_it_shall_be_is_left_alone() -> None:
    assert refreshed(a_server_pod()) is None
    assert refreshed(a_server_pod(revision=NEW)) is None


def test_a_pod_that_is_being_updated_is_left_alone_until_that_is_complete() -> None:
    assert refreshed(updating(image="game:1")) is None


def test_a_complete_update_leads_the_pod_in_and_ends_when_the_kubelet_says_ready() -> None:
    first = refreshed(updating())
    assert first is not None
    waiting = refreshed(first.after)
    assert waiting is not None
    second = refreshed(with_conditions(first.after, READY_AGAIN))
    assert second is not None

    assert (first.subresource, first.lock) == ("status", True)
    assert first.after.status.conditions == (*LED_OUT[:2], LED_IN, LED_OUT[3])
    assert first.after.metadata == updating().metadata
    assert waiting.after is first.after
    assert waiting.requeue_after == timedelta(seconds=3)
    assert second.subresource == ""
    assert second.after.metadata.labels == {REVISION: NEW, LIFECYCLE: "Normal"}
    assert second.after.metadata.annotations == {
        STATE: RUNNING,
        CHANGED_AT: "2026-01-01T12:00:30Z",
    }
    assert refreshed(second.after) is None


def test_an_update_ends_without_the_kubelet_after_a_moment() -> None:
    led_in = with_conditions(updating(), (*LED_OUT[:2], LED_IN, LED_OUT[3]))

    soon = refreshed(led_in, NOW + timedelta(seconds=2))
    later = refreshed(led_in, NOW + timedelta(seconds=3))

    assert soon is not None
    assert (soon.after, soon.requeue_after) == (led_in, timedelta(seconds=1))
    assert later is not None
    assert later.after.metadata.labels[LIFECYCLE] == "Normal"


def test_an_update_whose_containers_are_not_ready_ends_at_once() -> None:
    starting = (LED_OUT[0], a_condition("ContainersReady", "False"), LED_IN, LED_OUT[3])

    step = refreshed(with_conditions(updating(), starting))

    assert step is not None
    assert step.after.metadata.labels[LIFECYCLE] == "Normal"


def test_a_hook_that_was_not_set_back_keeps_the_pod_updated() -> None:
    workload = a_native_workload({"inPlaceUpdate": {"labelsHandler": {"block": "true"}}})
    inside = replace(updating(), status=replace(updating().status, conditions=OPEN))

    step = refresh(inside, workload, NEW, NOW)

    assert step is not None
    assert step.after.metadata.labels[LIFECYCLE] == "Updated"
    assert refresh(step.after, workload, NEW, NOW) is None


SHARED = '[{"userAgent":"Lifecycle","key":"preUpdateHook"}]'
KEPT_OUT = (*OPEN[:3], a_condition("KruisePodReady", "False", message=SHARED))
MARKING = a_native_workload(
    {"inPlaceUpdate": {"labelsHandler": {"block": "true"}, "markPodNotReady": True}}
)


@pytest.mark.parametrize(
    ("lifecycle", "revision", "labels"),
    [
        ("Normal", NEW, {}),
        ("", NEW, {}),
        ("Updated", NEW, {}),
        ("Updating", NEW, {}),
        ("Updating", NEW, {"block": "true"}),
        ("PreparingUpdate", NEW, {}),
        ("PreparingUpdate", NEW, {"block": "true"}),
    ],
)
def test_the_mark_of_an_update_goes_when_the_update_is_over(
    lifecycle: str, revision: str, labels: dict[str, str]
) -> None:
    pod = a_server_pod(lifecycle=lifecycle, revision=revision, labels=labels, conditions=KEPT_OUT)

    step = refresh(pod, MARKING, NEW, NOW)

    assert step is not None
    assert step.subresource == "status"
    assert step.after.status.condition("KruisePodReady") == PodCondition(
        type="KruisePodReady", status="True", message="[]", last_transition_time=NOW
    )


def test_the_mark_of_an_update_stays_while_the_pod_waits_or_is_updated() -> None:
    waiting = a_server_pod(
        lifecycle="PreparingUpdate", labels={"block": "true"}, conditions=KEPT_OUT
    )
    conditions = (*LED_OUT[:3], KEPT_OUT[3])
    running = updating(image="game:1")
    running = replace(running, status=replace(running.status, conditions=conditions))

    assert refresh(waiting, MARKING, NEW, NOW) is None
    assert refresh(running, MARKING, NEW, NOW) is None


def test_a_mark_that_a_waiting_pod_lacks_is_set() -> None:
    pod = a_server_pod(lifecycle="PreparingUpdate", labels={"block": "true"})

    step = refresh(pod, MARKING, NEW, NOW)

    assert step is not None
    assert [(c.type, c.status) for c in step.after.status.conditions] == [
        ("Ready", "False"),
        ("ContainersReady", "True"),
        ("InPlaceUpdateReady", "True"),
        ("KruisePodReady", "False"),
    ]


def grace(**more: str) -> Pod:
    text = '{"revision":"xxx-new","containerImages":{"game":"game:2"},"graceSeconds":30}'
    pod = a_server_pod(revision=NEW, lifecycle="Updating", conditions=LED_OUT)
    return annotated(pod, **({"state": WAITING, "grace": text} | more))


@pytest.mark.parametrize(
    ("passed", "rest"),
    [(0, 30), (10, 20), (29, 1), (29.5, 1)],
)
def test_a_grace_period_is_waited_for_in_whole_seconds(passed: float, rest: float) -> None:
    began = datetime(2026, 1, 1, 12, 0, 20, tzinfo=UTC)

    step = refreshed(grace(), began + timedelta(seconds=passed))

    assert step == PodStep(grace(), requeue_after=timedelta(seconds=rest))


def test_what_waited_is_written_when_the_grace_period_is_over() -> None:
    patch = "eyJtZXRhZGF0YSI6eyJsYWJlbHMiOnsibmV3IjoiMSJ9fX0="
    text = (
        '{"revision":"xxx-new","containerImages":{"game":"game:2"},'
        f'"metaDataPatch":"{patch}","graceSeconds":10}}'
    )

    step = refreshed(grace(grace=text))

    assert step is not None
    assert (step.subresource, step.requeue_after) == ("", None)
    assert [c.image for c in step.after.spec.containers] == ["game:2"]
    assert step.after.metadata.labels == {REVISION: NEW, LIFECYCLE: "Updating", "new": "1"}
    assert step.after.metadata.annotations == {
        STATE: (
            '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:20Z",'
            '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}},'
            '"updateImages":true,'
            '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:30Z","containers":["game"]}]}'
        ),
        REPLACED: (
            '{"revision":"xxx-new","containers":'
            '{"game":{"images":["game:1"],"containerID":"containerd://game-0"}}}'
        ),
    }


def test_amounts_that_waited_are_written_first() -> None:
    text = (
        '{"revision":"xxx-new","containerImages":{"game":"game:2"},'
        '"containerResources":{"game":{"limits":{"cpu":"2"}}},"graceSeconds":10}'
    )
    more = ResourceRequirements(limits={"cpu": "2"})

    first = refreshed(grace(grace=text))
    assert first is not None
    second = refreshed(first.after)
    assert second is not None

    assert first.subresource == "resize"
    assert first.after.spec.containers == (Container(name="game", image="game:1", resources=more),)
    assert second.subresource == ""
    assert second.after.spec.containers == (Container(name="game", image="game:2", resources=more),)


def test_a_grace_period_of_another_revision_is_dropped() -> None:
    text = '{"revision":"xxx-other","graceSeconds":30}'

    step = refreshed(grace(grace=text))

    assert step is not None
    assert step.after.metadata.annotations == {STATE: WAITING}
    assert step.after.spec == grace().spec


def test_a_grace_period_of_which_nobody_knows_when_it_began_is_over() -> None:
    step = refreshed(grace(state=""))

    assert step is not None
    assert GRACE not in step.after.metadata.annotations
    assert [c.image for c in step.after.spec.containers] == ["game:2"]


def test_a_grace_period_that_cannot_be_read_lasts_until_the_next_update() -> None:
    assert refreshed(grace(grace="{")) is None


NEXT = (
    '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:00Z",'
    '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}},"updateImages":true,'
    '"nextContainerImages":{"side":"side:2"},'
    '"nextContainerRefMetadata":{"side":{"labels":{"mode":"b"},"creationTimestamp":null}},'
    '"preCheckBeforeNext":{"containersRequiredReady":["game"]},'
    '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:00Z","containers":["game"]}]}'
)


def in_batches(game: str = "game:2", *, ready: bool = True) -> Pod:
    pod = a_server_pod(
        revision=NEW,
        lifecycle="Updating",
        images={"game": "game:2", "side": "side:1"},
        containers=(a_container(image=game, ready=ready), a_container("side", "side:1")),
        conditions=LED_OUT,
    )
    return annotated(pod, state=NEXT)


def test_a_batch_that_openkruise_had_still_to_make_is_made() -> None:
    step = refreshed(in_batches())

    assert step is not None
    assert [c.image for c in step.after.spec.containers] == ["game:2", "side:2"]
    assert step.after.metadata.labels["mode"] == "b"
    assert step.after.metadata.annotations[STATE] == (
        '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:00Z",'
        '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"},'
        '"side":{"imageID":"side:1@sha256:aaa"}},"updateImages":true,'
        '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:00Z","containers":["game"]},'
        '{"timestamp":"2026-01-01T12:00:30Z","containers":["side"]}]}'
    )


@pytest.mark.parametrize("pod", [in_batches("game:1"), in_batches(ready=False)])
def test_a_batch_waits_until_the_one_before_is_there_and_ready(pod: Pod) -> None:
    assert refreshed(pod) is None
