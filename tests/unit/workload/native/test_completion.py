from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStateWaiting,
    Pod,
    PodCondition,
    ResourceRequirements,
)
from okg.workload.native.completion import is_complete, resize_obstacle
from unit.workload.native.native_pods import (
    OPEN,
    a_condition,
    a_container,
    a_server_pod,
    annotated,
)

STATE = (
    '{"revision":"xxx-new","updateTimestamp":"2026-01-01T11:30:00Z",'
    '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}},"updateImages":true,'
    '"containerBatchesRecord":[{"timestamp":"2026-01-01T12:00:00Z","containers":["game"]}]}'
)
NOTHING_REPLACED = (
    '{"revision":"a","updateTimestamp":"2026-01-01T12:00:00Z","lastContainerStatuses":null}'
)
WITH_OLD_NAME = STATE.replace('"revision":"xxx-new"', '"revision":"xxx-old"')
LONGER_AGO = (
    '{"revision":"xxx-new","updateTimestamp":"2026-01-01T12:00:00Z",'
    '"lastContainerStatuses":{"game":{"imageID":"game:1@sha256:aaa"}}}'
)
WITH_NEXT = STATE.replace('"updateImages"', '"nextContainerImages":{"side":"x"},"updateImages"')
REPLACED = (
    '{"revision":"xxx-new","containers":'
    '{"game":{"images":["game:1"],"containerID":"containerd://game-0","restartCount":1}}}'
)
TWICE = REPLACED.replace('["game:1"]', '["game:1","game:2"]')
LATER = datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)
RUNNING_SINCE = ContainerState(running=ContainerStateRunning(started_at=LATER))
PULLING = ContainerState(waiting=ContainerStateWaiting(reason="ErrImagePull"))


def a_pod_of(*, spec: str = "game:2", state: str = STATE, replaced: str = "", **status: Any) -> Pod:
    """Return a pod that was updated to an image, its container as told."""
    if "state_of_it" in status:
        status["state"] = status.pop("state_of_it")
    plain: dict[str, Any] = {
        "image": "game:1",
        "image_id": "game:1@sha256:aaa",
        "restart_count": 1,
    }
    pod = a_server_pod(
        images={"game": spec}, revision="xxx-new", containers=(a_container(**(plain | status)),)
    )
    return annotated(pod, state=state, replaced=replaced)


@pytest.mark.parametrize(
    "pod",
    [
        a_server_pod(),
        annotated(a_server_pod(), state=NOTHING_REPLACED),
        annotated(a_server_pod(), state="damaged"),
        a_pod_of(image_id="game:2@sha256:bbb"),
        a_pod_of(image_id="game:2@sha256:bbb", image="game:2", state=WITH_OLD_NAME),
        a_pod_of(image_id="game:2@sha256:bbb", image="sha256:bbb", replaced=REPLACED),
        a_pod_of(image="game:2"),
        a_pod_of(image="docker.io/library/game:2"),
        a_pod_of(spec="game", image="game:latest"),
        a_pod_of(spec="game@sha256:aaa", image="sha256:config"),
    ],
)
def test_an_update_is_complete_when_another_image_shows_up(pod: Pod) -> None:
    assert is_complete(pod)


@pytest.mark.parametrize(
    "pod",
    [
        a_pod_of(),
        a_pod_of(replaced=REPLACED),
        a_pod_of(image="docker.io/library/game:1"),
        a_pod_of(name="other"),
        a_pod_of(spec="game@sha256:a", image="sha256:config"),
        a_pod_of(image="game:1", image_id="", state=STATE.replace("game:1@sha256:aaa", "")),
        annotated(a_pod_of(image="game:2"), grace="{}"),
        a_pod_of(image="game:2", state=WITH_NEXT),
    ],
)
def test_an_update_is_not_complete_while_the_old_container_runs_or_more_is_to_come(
    pod: Pod,
) -> None:
    assert not is_complete(pod)


@pytest.mark.parametrize(
    ("pod", "complete"),
    [
        (a_pod_of(container_id="containerd://game-1", replaced=REPLACED), True),
        (a_pod_of(restart_count=2, replaced=REPLACED), True),
        (a_pod_of(restart_count=2, state_of_it=PULLING, replaced=REPLACED), False),
        (a_pod_of(container_id="containerd://game-1", state_of_it=None, replaced=REPLACED), False),
        (a_pod_of(state_of_it=RUNNING_SINCE, replaced=REPLACED), False),
        (a_pod_of(state_of_it=RUNNING_SINCE), True),
        (a_pod_of(state_of_it=RUNNING_SINCE, state=LONGER_AGO), True),
        (a_pod_of(restart_count=2), False),
    ],
)
def test_an_image_of_which_the_name_alone_is_new_is_there_when_its_container_started_again(
    *, pod: Pod, complete: bool
) -> None:
    assert is_complete(pod) is complete


@pytest.mark.parametrize(
    ("image", "complete"), [("game:1", False), ("game:2", False), ("game:3", True)]
)
def test_an_image_that_was_overtaken_is_not_the_one_that_was_asked_for(
    *, image: str, complete: bool
) -> None:
    pod = a_pod_of(spec="game:3", image=image, image_id="another", replaced=TWICE)

    assert is_complete(pod) is complete


@pytest.mark.parametrize(
    ("container_id", "seen", "complete"),
    [
        # The kubelet's hash of container "game" with image "game:2".
        ("containerd://game-0", 0xE8BF8FB8, True),
        ("containerd://game-0", 1, False),
        ("containerd://game-9", 0xE8BF8FB8, False),
    ],
)
def test_the_daemon_of_openkruise_is_believed(
    *, container_id: str, seen: int, complete: bool
) -> None:
    container = {"name": "game", "containerID": container_id, "hashes": {"plainHash": seen}}
    text = msgspec.json.encode({"containers": [container]}).decode()
    meta = a_pod_of().metadata
    annotations = {**meta.annotations, "apps.kruise.io/runtime-containers-meta": text}

    pod = replace(a_pod_of(), metadata=replace(meta, annotations=annotations))

    assert is_complete(pod) is complete


@pytest.mark.parametrize("text", ["", "{", '{"containers":null}', '{"containers":[]}'])
def test_a_daemon_that_says_nothing_is_no_proof(text: str) -> None:
    meta = a_pod_of().metadata
    annotations = {**meta.annotations, "apps.kruise.io/runtime-containers-meta": text}

    assert not is_complete(replace(a_pod_of(), metadata=replace(meta, annotations=annotations)))


def resized(
    wanted: ResourceRequirements | None,
    actual: ResourceRequirements | None,
    *conditions: PodCondition,
) -> Pod:
    status = a_container(resources=actual)
    pod = a_server_pod(containers=(status,), conditions=(*OPEN, *conditions))
    spec = replace(pod.spec, containers=(Container(name="game", image="game:1", resources=wanted),))
    state = NOTHING_REPLACED.replace("null", 'null,"updateResources":true')
    return annotated(replace(pod, spec=spec), state=state)


ONE = ResourceRequirements(limits={"cpu": "1", "x/gpu": "1"}, requests={"memory": "1Gi"})
SAME = ResourceRequirements(limits={"cpu": "1000m"}, requests={"memory": "1024Mi"})
LESS = ResourceRequirements(limits={"cpu": "1"}, requests={"memory": "1Mi"})


@pytest.mark.parametrize(
    ("pod", "complete"),
    [
        (resized(ONE, SAME), True),
        (resized(None, None), True),
        (resized(ONE, LESS), False),
        (resized(ONE, None), False),
        (resized(ONE, SAME, a_condition("PodResizePending")), False),
        (resized(ONE, SAME, a_condition("PodResizeInProgress")), False),
        (resized(ONE, SAME, a_condition("PodResizeInProgress", "False")), True),
    ],
)
def test_amounts_are_there_when_the_kubelet_says_so(*, pod: Pod, complete: bool) -> None:
    assert is_complete(pod) is complete


def test_a_pod_that_no_kubelet_has_seen_yet_has_nothing_to_replace() -> None:
    pod = a_server_pod(images={"game": "game:2"}, containers=())

    assert is_complete(annotated(pod, state=NOTHING_REPLACED))
    assert not is_complete(annotated(pod, state=STATE))


INFEASIBLE = a_condition("PodResizePending", reason="Infeasible", message="too much cpu")


def test_a_node_that_does_not_give_the_new_amounts_says_why() -> None:
    assert resize_obstacle(resized(ONE, SAME, INFEASIBLE)) == (
        "its node does not give it the new resources (Infeasible): too much cpu"
    )


@pytest.mark.parametrize(
    "pod",
    [
        resized(ONE, LESS),
        resized(ONE, LESS, a_condition("PodResizePending", "False")),
        a_server_pod(conditions=(*OPEN, INFEASIBLE)),
        annotated(a_server_pod(conditions=(*OPEN, INFEASIBLE)), state=NOTHING_REPLACED),
    ],
)
def test_what_is_under_way_or_no_part_of_an_update_is_no_obstacle(pod: Pod) -> None:
    assert resize_obstacle(pod) == ""
