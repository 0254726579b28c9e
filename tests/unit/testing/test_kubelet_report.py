from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import Container, Pod, PodCondition, PodReadinessGate, PodSpec, PodStatus
from okg.api.meta import ObjectMeta
from okg.testing.kubelet import report_of, running_status

THEN = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
GATE = "example.com/open"


def a_pod(*conditions: PodCondition) -> Pod:
    """Return a pod with a gate that has run since THEN."""
    pod = Pod(
        metadata=ObjectMeta(name="a-0", namespace="games", uid="uid-1"),
        spec=PodSpec(
            containers=(Container(name="game", image="game:1"),),
            readiness_gates=(PodReadinessGate(condition_type=GATE),),
        ),
        status=PodStatus(conditions=conditions),
    )
    return replace(pod, status=running_status(pod, THEN, pod_ip="10.0.0.1"))


def test_a_report_has_what_is_new_and_no_condition_of_others() -> None:
    pod = a_pod()
    opened = PodCondition(type=GATE, status="True", last_transition_time=NOW)
    pod = replace(pod, status=replace(pod.status, conditions=(*pod.status.conditions, opened)))

    report = report_of(pod, running_status(pod, NOW))

    assert msgspec.json.decode(report) == {
        "metadata": {"uid": "uid-1"},
        "status": {
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": None,
                    "message": None,
                    "lastTransitionTime": "2026-01-01T12:00:30Z",
                }
            ]
        },
    }


def test_nothing_is_reported_twice_whatever_the_order_of_the_conditions() -> None:
    pod = a_pod()
    mixed = replace(pod, status=replace(pod.status, conditions=pod.status.conditions[::-1]))

    assert report_of(pod, running_status(pod, NOW)) == b""
    assert report_of(mixed, running_status(mixed, NOW)) == b""
