import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.workload.native.pod_step import PodStep
from okg.workload.native.removal import held_back, in_service_again
from unit.workload.native.native_pods import (
    CHANGED_AT,
    LIFECYCLE,
    NOW,
    OPEN,
    REVISION,
    a_condition,
    a_native_workload,
    a_server_pod,
)

HOOK = {"labelsHandler": {"hold": "yes"}, "finalizersHandler": ["example.com/hold"]}
HOOKED = a_native_workload({"preDelete": HOOK})
MARKED = a_native_workload({"preDelete": {**HOOK, "markPodNotReady": True}})
HELD = a_server_pod(labels={"hold": "yes"})
LEAVING = a_server_pod(labels={"hold": "yes"}, lifecycle="PreparingDelete")
KEPT_OUT = (
    a_condition("Ready", "False"),
    a_condition("ContainersReady"),
    a_condition("InPlaceUpdateReady"),
    a_condition(
        "KruisePodReady", "False", message='[{"userAgent":"Lifecycle","key":"preDeleteHook"}]'
    ),
)


@pytest.mark.parametrize("pod", [HELD, a_server_pod(finalizers=("example.com/hold",))])
def test_a_hook_holds_a_pod_back(pod: Pod) -> None:
    step = held_back(pod, HOOKED, NOW)

    assert step is not None
    assert step.subresource == ""
    assert step.after.metadata.labels[LIFECYCLE] == "PreparingDelete"
    assert step.after.metadata.annotations == {CHANGED_AT: "2026-01-01T12:00:30Z"}
    assert held_back(step.after, HOOKED, NOW) == PodStep(step.after)


def test_a_pod_that_is_held_is_taken_out_of_service_first_where_the_hook_says_so() -> None:
    step = held_back(HELD, MARKED, NOW)

    assert step is not None
    assert step.subresource == "status"
    assert [(c.type, c.status, c.message) for c in step.after.status.conditions] == [
        (
            "Ready",
            "False",
            'the status of pod readiness gate "KruisePodReady" is not "True", but False',
        ),
        ("ContainersReady", "True", ""),
        ("InPlaceUpdateReady", "True", ""),
        ("KruisePodReady", "False", '[{"userAgent":"Lifecycle","key":"preDeleteHook"}]'),
    ]
    assert step.after.metadata == HELD.metadata


@pytest.mark.parametrize(
    "pod",
    [a_server_pod(), a_server_pod(labels={"hold": "no"}), a_server_pod(finalizers=("other",))],
)
def test_a_pod_that_no_hook_holds_may_go(pod: Pod) -> None:
    assert held_back(pod, HOOKED, NOW) is None


def test_without_hooks_every_pod_may_go() -> None:
    assert held_back(LEAVING, a_native_workload(), NOW) is None


def test_a_pod_that_is_wanted_again_is_ready_first_and_then_in_service_again() -> None:
    kept_out = replace(LEAVING, status=replace(LEAVING.status, conditions=KEPT_OUT))

    first = in_service_again(kept_out, MARKED, NOW)

    assert first is not None
    assert first.subresource == "status"
    assert first.after.status.condition("KruisePodReady") == replace(
        OPEN[3], message="[]", last_transition_time=NOW
    )
    second = in_service_again(first.after, MARKED, NOW)
    assert second is not None
    assert second.after.metadata.labels == {
        REVISION: "xxx-old",
        LIFECYCLE: "Normal",
        "hold": "yes",
    }
    assert in_service_again(second.after, MARKED, NOW) is None


@pytest.mark.parametrize("lifecycle", ["", "Normal", "Updating", "PreparingUpdate", "Updated"])
def test_only_a_pod_that_was_to_go_comes_back(lifecycle: str) -> None:
    assert in_service_again(a_server_pod(lifecycle=lifecycle), MARKED, NOW) is None
