from msgspec.structs import replace

from okg.api.core import Pod, PodCondition, PodReadinessGate
from okg.workload.native.gates import open_gates
from unit.fleet import NOW
from unit.workload.native.native_fleet import a_member


def gated(pod: Pod, *gates: str) -> Pod:
    listed = tuple(PodReadinessGate(condition_type=gate) for gate in gates)
    return replace(pod, spec=replace(pod.spec, readiness_gates=listed))


def told(pod: Pod) -> list[tuple[str, str]]:
    return [(c.type, c.status) for c in pod.status.conditions]


def test_both_of_our_gates_are_opened_at_once_and_those_of_others_left() -> None:
    pod = gated(a_member(0, ready=""), "InPlaceUpdateReady", "own", "KruisePodReady")

    opened = open_gates(pod, NOW)

    assert told(opened) == [("InPlaceUpdateReady", "True"), ("KruisePodReady", "True")]
    assert open_gates(opened, NOW) is opened


def test_a_gate_that_somebody_has_closed_stays_closed() -> None:
    closed = PodCondition(type="KruisePodReady", status="False")
    pod = gated(a_member(0, ready=""), "KruisePodReady")
    pod = replace(pod, status=replace(pod.status, conditions=(closed,)))

    assert open_gates(pod, NOW) is pod


def test_a_pod_without_gates_is_left_alone() -> None:
    pod = a_member(0)

    assert open_gates(pod, NOW) is pod
