from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from okg.api.game import GameServerSet, GameServerSetStatus
from okg.api.kruise import AdvancedStatefulSet, StatefulSetStatus
from okg.api.meta import Condition
from okg.workload.invalid import InvalidField
from okg.workload.pod_counts import PodCounts
from okg.workload.rollout import Rollout
from okg.workload.set_status import compute_set_status, is_news, is_urgent
from unit.fleet import LONG_AGO, NOW, a_set, a_workload

WORKLOAD = replace(
    a_workload(),
    status=StatefulSetStatus(
        replicas=9,
        ready_replicas=2,
        available_replicas=1,
        updated_replicas=4,
        updated_ready_replicas=5,
        label_selector="game.kruise.io/owner-gss=xxx",
    ),
)
PROBLEM = InvalidField("spec.reserveGameServerIds[0]", "makes no sense")
READY = Condition(type="Ready", status="True", message="3 of 3")
INVALID = Condition(type="Ready", status="False", reason="InvalidSpec", message="write 3-9")


def a_status(
    gss: GameServerSet | None = None,
    workload: AdvancedStatefulSet | None = WORKLOAD,
    counts: PodCounts = PodCounts(),  # noqa: B008 - frozen
    problems: Sequence[InvalidField] = (),
    now: datetime = NOW,
) -> GameServerSetStatus:
    gss = gss or a_set()
    return compute_set_status(gss, workload, counts, Rollout(replicas=3), problems, now=now)


def told(*conditions: Condition, ready: int = 1) -> GameServerSetStatus:
    return GameServerSetStatus(
        replicas=3,
        ready_replicas=ready,
        available_replicas=1,
        current_replicas=3,
        updated_replicas=3,
        conditions=conditions,
    )


def test_a_status_is_what_is_asked_for_what_the_workload_reports_and_what_was_counted() -> None:
    counts = PodCounts(total=4, maintaining=1, wait_to_be_deleted=2, pre_delete=3)

    status = a_status(counts=counts)

    assert replace(status, conditions=()) == GameServerSetStatus(
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
    assert [condition.type for condition in status.conditions] == ["Ready", "Progressing"]


def test_counters_of_a_set_without_a_workload_are_zero_and_not_absent() -> None:
    status = a_status(workload=None)

    assert status.maintaining_replicas == 0
    assert status.wait_to_be_deleted_replicas == 0
    assert status.pre_delete_replicas == 0
    assert status.updated_ready_replicas == 0


def test_what_has_to_be_changed_is_said_in_all_conditions() -> None:
    status = a_status(problems=(PROBLEM, PROBLEM))

    message = "; ".join(["spec.reserveGameServerIds[0]: makes no sense"] * 2)
    assert status.conditions == tuple(
        Condition(
            type=type_,
            status=value,
            reason="InvalidSpec",
            message=message,
            observed_generation=7,
            last_transition_time=NOW,
        )
        for type_, value in (("Ready", "False"), ("Progressing", "False"), ("Stalled", "True"))
    )


def test_a_standing_problem_keeps_its_time() -> None:
    first = a_status(problems=(PROBLEM,), now=LONG_AGO)

    assert a_status(replace(a_set(), status=first), problems=(PROBLEM,)) == first


def test_the_conditions_of_others_stay() -> None:
    other = Condition(type="Other", status="True")
    first = a_status(problems=(PROBLEM,))
    gss = replace(a_set(), status=replace(first, conditions=(*first.conditions, other)))

    conditions = a_status(gss).conditions

    assert [condition.type for condition in conditions] == ["Other", "Ready", "Progressing"]


def test_the_first_status_is_urgent_news() -> None:
    assert is_news(None, told(), conditions_kept=True)
    assert is_news(None, told(), conditions_kept=False)
    assert is_urgent(None, told())


def test_an_equal_status_is_no_news() -> None:
    assert not is_news(told(READY), told(READY), conditions_kept=True)


def test_a_counter_and_a_condition_are_news_that_can_wait() -> None:
    assert is_news(told(READY), told(READY, ready=2), conditions_kept=True)
    assert is_news(told(READY), told(replace(READY, status="False")), conditions_kept=True)
    assert not is_urgent(told(READY), told(READY, ready=2))


def test_another_message_alone_is_no_news() -> None:
    assert not is_news(told(READY), told(replace(READY, message="more")), conditions_kept=True)


def test_another_problem_is_urgent_news() -> None:
    another = replace(INVALID, message="write 4-9")

    assert is_news(told(INVALID), told(another), conditions_kept=True)
    assert is_urgent(told(INVALID), told(another))
    assert is_urgent(told(READY), told(INVALID))
    assert is_urgent(told(INVALID), told(READY))


def test_conditions_that_the_server_drops_are_no_news() -> None:
    assert is_news(told(), told(READY), conditions_kept=True)
    assert not is_news(told(), told(READY), conditions_kept=False)
    assert is_news(told(), told(READY, ready=2), conditions_kept=False)
