from datetime import timedelta

import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.kruise import StatefulSetStatus
from okg.api.meta import Condition
from okg.workload.native.counting import compute_status
from unit.fleet import NOW
from unit.workload.native.native_fleet import NEW, OLD, a_member, a_native, rolling

FLEET = [
    a_member(0),
    a_member(1, NEW),
    a_member(2, NEW, ready_for=5),
    a_member(3, NEW, ready="False"),
    a_member(4, terminating=True),
    a_member(5, lifecycle="Updating"),
    a_member(6, phase=""),
]


def counted(pods: list[Pod], **spec: object) -> StatefulSetStatus:
    workload = a_native({"replicas": 7, **rolling(**spec)})
    return compute_status(workload, pods, OLD, NEW, failures={}, now=NOW)


def test_every_counter_of_a_mixed_fleet() -> None:
    assert counted(FLEET, minReadySeconds=10) == StatefulSetStatus(
        observed_generation=1,
        replicas=6,
        ready_replicas=5,
        available_replicas=3,
        current_replicas=2,
        updated_replicas=3,
        updated_ready_replicas=2,
        updated_available_replicas=1,
        current_revision=OLD.metadata.name,
        update_revision=NEW.metadata.name,
        label_selector="game.kruise.io/owner-gss=xxx",
    )


def test_an_update_is_complete_when_every_pod_has_it_and_is_ready() -> None:
    status = counted([a_member(0, NEW), a_member(1, NEW)])

    assert status.current_revision == NEW.metadata.name
    assert status.current_replicas == 2


@pytest.mark.parametrize(
    "pod", [a_member(1), a_member(1, NEW, ready="False"), a_member(1, NEW, terminating=True)]
)
def test_an_update_is_not_complete_before(pod: Pod) -> None:
    assert counted([a_member(0, NEW), pod]).current_revision == OLD.metadata.name


def test_an_update_by_hand_never_completes() -> None:
    workload = a_native({"updateStrategy": {"type": "OnDelete"}})

    status = compute_status(workload, [a_member(0, NEW)], OLD, NEW, failures={}, now=NOW)

    assert status.current_revision == OLD.metadata.name


def test_a_failure_is_told_since_it_began_and_until_it_is_over() -> None:
    workload, earlier = a_native(), NOW - timedelta(minutes=1)

    failed = compute_status(workload, [], OLD, NEW, failures={"FailedCreatePod": "no"}, now=earlier)
    workload = replace(workload, status=failed)
    again = compute_status(workload, [], OLD, NEW, failures={"FailedCreatePod": "never"}, now=NOW)
    over = compute_status(replace(workload, status=again), [], OLD, NEW, failures={}, now=NOW)

    assert again.conditions == (
        Condition(
            type="FailedCreatePod", status="True", message="never", last_transition_time=earlier
        ),
    )
    assert over.conditions == ()
