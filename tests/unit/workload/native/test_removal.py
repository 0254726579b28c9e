import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.workload.native.removal import held_back, in_service_again
from unit.fleet import NOW
from unit.workload.native.native_fleet import a_member, a_native

HOOK = {"labelsHandler": {"hold": "yes"}, "finalizersHandler": ["example.com/hold"]}
HOOKED = a_native({"lifecycle": {"preDelete": HOOK}})
STATE = "lifecycle.apps.kruise.io/state"


def with_finalizer(pod: Pod, name: str) -> Pod:
    return replace(pod, metadata=replace(pod.metadata, finalizers=(name,)))


@pytest.mark.parametrize(
    "pod",
    [a_member(0, labels={"hold": "yes"}), with_finalizer(a_member(0), "example.com/hold")],
)
def test_a_hook_holds_a_pod_back(pod: Pod) -> None:
    held = held_back(pod, HOOKED, NOW)

    assert held is not None
    assert held.metadata.labels[STATE] == "PreparingDelete"
    assert held.metadata.annotations["lifecycle.apps.kruise.io/timestamp"] == "2025-01-02T03:04:05Z"
    assert held_back(held, HOOKED, NOW) is held


@pytest.mark.parametrize(
    "pod", [a_member(0), a_member(0, labels={"hold": "no"}), with_finalizer(a_member(0), "other")]
)
def test_a_pod_that_no_hook_holds_may_go(pod: Pod) -> None:
    assert held_back(pod, HOOKED, NOW) is None
    assert held_back(with_finalizer(pod, "example.com/hold"), a_native(), NOW) is None


def test_a_pod_that_is_wanted_again_is_in_service_again() -> None:
    again = in_service_again(a_member(0, lifecycle="PreparingDelete"), NOW)

    assert again.metadata.labels[STATE] == "Normal"
    assert in_service_again(a_member(0, lifecycle="Updating"), NOW) == a_member(
        0, lifecycle="Updating"
    )
