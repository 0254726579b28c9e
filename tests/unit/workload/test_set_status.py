from msgspec.structs import replace

from okg.api.game import GameServerSetStatus
from okg.api.kruise import StatefulSetStatus
from okg.api.meta import Condition
from okg.workload.invalid import InvalidField
from okg.workload.pod_counts import PodCounts, count_pods
from okg.workload.set_status import compute_set_status
from unit.fleet import LONG_AGO, NOW, a_pod, a_set

WORKLOAD = StatefulSetStatus(
    replicas=9,
    ready_replicas=2,
    available_replicas=1,
    updated_replicas=4,
    updated_ready_replicas=5,
    label_selector="game.kruise.io/owner-gss=xxx",
)
PROBLEM = InvalidField("spec.reserveGameServerIds[0]", "makes no sense")


def test_pods_are_counted_by_their_labels_terminating_ones_too() -> None:
    counts = count_pods(
        [
            a_pod("xxx-0", ops_state="Maintaining"),
            a_pod("xxx-1", ops_state="WaitToBeDeleted", terminating=True),
            a_pod("xxx-2", ops_state="WaitToBeDeleted"),
            a_pod("xxx-3", labels={"game.kruise.io/gs-state": "PreDelete"}),
            a_pod("xxx-4", ops_state="Allocated"),
        ]
    )

    assert counts == PodCounts(total=5, maintaining=1, wait_to_be_deleted=2, pre_delete=1)


def test_a_status_is_what_is_asked_for_what_the_workload_reports_and_what_was_counted() -> None:
    counts = PodCounts(total=4, maintaining=1, wait_to_be_deleted=2, pre_delete=3)

    status = compute_set_status(a_set(), WORKLOAD, counts, (), NOW)

    assert status == GameServerSetStatus(
        replicas=3,
        ready_replicas=2,
        available_replicas=1,
        current_replicas=4,
        updated_replicas=4,
        observed_generation=7,
        updated_ready_replicas=5,
        maintaining_replicas=1,
        wait_to_be_deleted_replicas=2,
        pre_delete_replicas=3,
        label_selector="game.kruise.io/owner-gss=xxx",
    )


def test_counters_of_an_empty_set_are_zero_and_not_absent() -> None:
    status = compute_set_status(a_set(), StatefulSetStatus(), PodCounts(), (), NOW)

    assert status.maintaining_replicas == 0
    assert status.wait_to_be_deleted_replicas == 0
    assert status.pre_delete_replicas == 0
    assert status.updated_ready_replicas == 0


def test_what_has_to_be_changed_is_said_in_a_condition() -> None:
    status = compute_set_status(a_set(), WORKLOAD, PodCounts(), (PROBLEM, PROBLEM), NOW)

    assert status.conditions == (
        Condition(
            type="Ready",
            status="False",
            reason="InvalidSpec",
            message="spec.reserveGameServerIds[0]: makes no sense; "
            "spec.reserveGameServerIds[0]: makes no sense",
            observed_generation=7,
            last_transition_time=NOW,
        ),
    )


def test_a_standing_problem_keeps_its_time() -> None:
    first = compute_set_status(a_set(), WORKLOAD, PodCounts(), (PROBLEM,), LONG_AGO)
    gss = replace(a_set(), status=first)

    assert compute_set_status(gss, WORKLOAD, PodCounts(), (PROBLEM,), NOW) == first


def test_a_solved_problem_leaves_the_conditions_of_others() -> None:
    other = Condition(type="Other", status="True")
    first = compute_set_status(a_set(), WORKLOAD, PodCounts(), (PROBLEM,), LONG_AGO)
    gss = replace(a_set(), status=replace(first, conditions=(other, *first.conditions)))

    assert compute_set_status(gss, WORKLOAD, PodCounts(), (), NOW).conditions == (other,)
