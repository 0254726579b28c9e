import json

from okg.cmd.plan_report import as_document, as_text
from okg.workload.plan import SetPlan, Step
from okg.workload.plan_updates import Action

PLAN = SetPlan(
    namespace="games",
    name="lobby",
    changes=("spec.replicas: 60 -> 58", "spec.gameServerTemplate: " + "x" * 200),
    steps=(
        Step(59, Action.GO, 1, "opsState WaitToBeDeleted", loses_settings=True, held=True),
        *(Step(id_, Action.IN_PLACE, 58 - id_, "highest id first") for id_ in range(57, 2, -1)),
        *(Step(id_, Action.KEEP, 0, "partition 3") for id_ in range(2, -1, -1)),
    ),
    notes=("spec.serviceName is read once",),
)


def test_a_plan_is_a_table_with_long_runs_folded() -> None:
    assert as_text([PLAN]).splitlines() == [
        "GameServerSet games/lobby: 1 go, 55 updated in place, 3 kept as they are",
        "  spec.replicas: 60 -> 58",
        "  spec.gameServerTemplate: " + "x" * 75 + "…",
        "",
        "  ACTION    IDS   BATCH  REASON",
        "  go        59    1      opsState WaitToBeDeleted; a hook holds it; its settings are lost",
        "  in-place  3-57  1-55   highest id first",
        "  keep      0-2   -      partition 3",
        "",
        "  note: spec.serviceName is read once",
    ]


def test_a_refused_set_and_one_with_problems_say_so() -> None:
    refused = SetPlan(namespace="games", name="a", refusal="no such field")
    odd = SetPlan(namespace="games", name="b", problems=("spec.x: write 1",))

    assert as_text([refused, odd]).splitlines() == [
        "GameServerSet games/a: no server is touched",
        "  refused: no such field",
        "",
        "GameServerSet games/b: no server is touched",
        "  problem: spec.x: write 1",
    ]


def test_programs_get_one_document() -> None:
    document = json.loads(as_document([PLAN]))

    assert [found["name"] for found in document["sets"]] == ["lobby"]
    assert document["sets"][0]["steps"][0] == {
        "id": 59,
        "action": "go",
        "batch": 1,
        "reason": "opsState WaitToBeDeleted",
        "losesSettings": True,
        "held": True,
    }
