from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.api.game import GameServer, ServiceQuality, ServiceQualityCondition
from okg.workload.service_quality import Evaluation, evaluate_qualities
from unit.fleet import NOW, a_pod, a_server

PROBED = NOW - timedelta(seconds=30)
EARLIER = NOW - timedelta(hours=1)


def a_quality(*actions: Mapping[str, Any], permanent: bool = True) -> ServiceQuality:
    document = {
        "name": "idle",
        "containerName": "game",
        "permanent": permanent,
        "serviceQualityAction": [*actions],
    }
    return msgspec.convert(document, ServiceQuality)


def probed(status: str, message: str = "", *, type_: str = "game.kruise.io/idle") -> Pod:
    seen = PodCondition(type=type_, status=status, message=message, last_probe_time=PROBED)
    pod = a_pod()
    return replace(pod, status=replace(pod.status, conditions=(*pod.status.conditions, seen)))


def having_heard(
    status: str = "", result: str = "", *, acted_at: datetime | None = None
) -> GameServer:
    heard = ServiceQualityCondition(
        name="idle", status=status, result=result, last_action_transition_time=acted_at
    )
    server = a_server()
    return replace(server, status=replace(server.status, service_qualities_conditions=(heard,)))


def evaluated(quality: ServiceQuality, pod: Pod, server: GameServer) -> Evaluation:
    return evaluate_qualities([quality], pod, server, NOW)


UP_20 = {"state": True, "updatePriority": 20}
DP_10 = {"state": False, "deletionPriority": 10}


def test_a_first_result_takes_its_action() -> None:
    outcome = evaluated(a_quality(UP_20, DP_10), probed("True"), a_server())

    assert outcome.server.spec.update_priority == 20
    assert outcome.server.spec.deletion_priority == 0
    assert outcome.conditions == (
        ServiceQualityCondition(
            name="idle",
            status="True",
            last_probe_time=PROBED,
            last_transition_time=NOW,
            last_action_transition_time=NOW,
        ),
    )


def test_a_permanent_quality_that_has_acted_only_notes_the_result() -> None:
    server = having_heard("False", acted_at=EARLIER)

    outcome = evaluated(a_quality(UP_20, DP_10), probed("True"), server)

    assert outcome.server is server
    assert outcome.conditions[0].status == "True"
    assert outcome.conditions[0].last_action_transition_time == EARLIER
    assert outcome.conditions[0].last_transition_time == PROBED


def test_without_a_result_there_is_an_entry_with_a_name_only() -> None:
    outcome = evaluated(a_quality(UP_20), a_pod(), a_server())

    assert outcome.conditions == (ServiceQualityCondition(name="idle"),)
    assert outcome.server == a_server()


def test_a_condition_that_vanished_is_forgotten_with_its_action() -> None:
    outcome = evaluated(a_quality(UP_20), a_pod(), having_heard("True", acted_at=EARLIER))

    assert outcome.conditions == (ServiceQualityCondition(name="idle"),)


def test_a_result_without_action_leaves_the_action_time_unset() -> None:
    outcome = evaluated(a_quality(UP_20), probed("False"), a_server())

    assert outcome.server.spec.update_priority == 0
    assert outcome.conditions[0].status == "False"
    assert outcome.conditions[0].last_action_transition_time is None
    assert outcome.conditions[0].last_transition_time == PROBED


def test_a_permanent_quality_that_has_not_acted_yet_acts_on_a_change() -> None:
    outcome = evaluated(a_quality(UP_20), probed("True"), having_heard("False"))

    assert outcome.server.spec.update_priority == 20


def test_a_quality_that_is_not_permanent_acts_on_every_change() -> None:
    action = {**UP_20, "annotations": {"busy": "no"}}
    server = having_heard("False", acted_at=EARLIER)

    outcome = evaluated(a_quality(action, permanent=False), probed("True"), server)

    assert outcome.server.spec.update_priority == 20
    assert outcome.server.metadata.annotations == {"busy": "no"}
    assert outcome.conditions[0].last_action_transition_time == NOW


def test_a_change_on_which_nothing_follows_erases_the_action_time() -> None:
    server = having_heard("True", acted_at=EARLIER)

    outcome = evaluated(a_quality(UP_20, permanent=False), probed("False"), server)

    assert outcome.conditions[0].last_action_transition_time is None


def test_a_result_that_stands_is_not_acted_on_again() -> None:
    server = having_heard("True", "A", acted_at=EARLIER)

    outcome = evaluated(a_quality(UP_20, permanent=False), probed("True", "A"), server)

    assert outcome.server is server
    assert outcome.conditions[0].last_action_transition_time == EARLIER


BY_RESULT = (
    {"state": True, "result": "A", "opsState": "A"},
    {"state": True, "result": "B", "opsState": "B"},
    {"state": True, "result": "C", "opsState": "C"},
)


def test_the_result_chooses_the_action() -> None:
    outcome = evaluated(a_quality(*BY_RESULT), probed("True", "B"), a_server())

    assert outcome.server.spec.ops_state == "B"
    assert outcome.conditions[0].result == "B"


def test_another_result_of_the_same_outcome_is_a_change() -> None:
    server = having_heard("True", "B", acted_at=EARLIER)

    outcome = evaluated(a_quality(*BY_RESULT, permanent=False), probed("True", "A"), server)

    assert outcome.server.spec.ops_state == "A"


@pytest.mark.parametrize("status", ["Unknown", "", "true"])
def test_what_is_neither_true_nor_false_takes_no_action(status: str) -> None:
    outcome = evaluated(a_quality(UP_20, DP_10), probed(status), a_server())

    assert outcome.server == a_server()
    assert outcome.conditions[0].status == status


def test_bars_and_line_ends_are_not_part_of_a_result() -> None:
    outcome = evaluated(a_quality(*BY_RESULT), probed("True", "|B\n"), a_server())

    assert outcome.conditions[0].result == "B"
    assert outcome.server.spec.ops_state == "B"


def test_all_actions_of_a_result_are_taken_and_the_last_one_wins() -> None:
    first = {"state": True, "opsState": "first", "labels": {"a": "1"}}
    second = {"state": True, "opsState": "second"}

    outcome = evaluated(a_quality(first, second), probed("True"), a_server())

    assert outcome.server.spec.ops_state == "second"
    assert outcome.server.metadata.labels == {"a": "1"}


def test_a_value_that_cannot_be_used_is_told_and_counts_as_an_action() -> None:
    action = {"state": True, "deletionPriority": "{{.Result}}"}

    outcome = evaluated(a_quality(action), probed("True", "many"), a_server())

    assert outcome.server.spec.deletion_priority == 0
    assert [notice.reason for notice in outcome.notices] == ["InvalidDeletionPriority"]
    assert outcome.conditions[0].last_action_transition_time == NOW


def test_entries_of_qualities_that_are_no_more_vanish() -> None:
    outcome = evaluate_qualities([], probed("True"), having_heard("True"), NOW)

    assert outcome.conditions == ()
