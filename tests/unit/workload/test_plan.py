from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import ObjectMeta, OwnerReference
from okg.workload.plan import LiveSet, SetPlan, plan_set
from okg.workload.plan_updates import Templates
from okg.workload.scaling import Reservations, decide_scale
from okg.workload.statefulset import build_statefulset, update_statefulset
from unit.fleet import NOW, a_pod, a_server, a_set, pods

ROLLING = {"updateStrategy": {"rollingUpdate": {"podUpdatePolicy": "InPlaceIfPossible"}}}


LABELLED = [a_pod(f"xxx-{i}", labels={"game.kruise.io/gs-update-priority": "0"}) for i in range(3)]


def image(name: str, **fields: object) -> dict[str, object]:
    spec = {"containers": [{"name": "game", "image": name}]}
    return {"gameServerTemplate": {"spec": spec, **fields}}


def plan(
    new: GameServerSet,
    old: GameServerSet | None = None,
    there: Sequence[Pod] | None = None,
    servers: Sequence[GameServer] = (),
) -> SetPlan:
    """Plan for a set that is settled; pods without a revision are of its template."""
    if old is None:
        return plan_set(new, LiveSet(), None)
    workload = build_statefulset(old)
    there = LABELLED if there is None else there
    return plan_set(new, LiveSet(old, workload, there, servers), compared(workload, new))


def compared(workload: AdvancedStatefulSet, new: GameServerSet) -> Templates:
    target = update_statefulset(workload, new).spec.template
    return Templates(target, {"": workload.spec.template})


def told(plan: SetPlan) -> list[str]:
    return [f"{step.action} {step.id} [{step.batch}] {step.reason}" for step in plan.steps]


def test_an_unchanged_set_plans_nothing() -> None:
    found = plan(a_set(), a_set())

    assert found == SetPlan(namespace="games", name="xxx")
    assert not found.moves


def test_a_new_set_comes_whole_and_skips_reserved_ids() -> None:
    found = plan(a_set({"reserveGameServerIds": [1]}))

    assert told(found) == [
        "come 0 [1] the set is new",
        "come 2 [1] the set is new",
        "come 3 [1] the set is new",
    ]
    assert found.moves


def test_servers_come_so_many_at_a_time() -> None:
    found = plan(a_set({"scaleStrategy": {"maxUnavailable": 2}}))

    assert [step.batch for step in found.steps] == [1, 1, 2]


def test_servers_go_in_deletion_order_each_with_its_reason() -> None:
    there = [
        a_pod("xxx-0", ops_state="WaitToBeDeleted"),
        a_pod("xxx-1", ops_state="Allocated"),
        a_pod("xxx-2", priority="7"),
        a_pod("xxx-3"),
        a_pod("xxx-4"),
        a_pod("xxx-5", ops_state="WaitToBeDeleted", priority="3"),
        a_pod("xxx-6"),
    ]
    new = a_set({"replicas": 1, "reserveGameServerIds": [6]})

    assert told(plan(new, a_set({"replicas": 7}), there)) == [
        "go 6 [1] its id is reserved",
        "go 5 [1] opsState WaitToBeDeleted, deletionPriority 3",
        "go 0 [1] opsState WaitToBeDeleted",
        "go 2 [1] deletionPriority 7",
        "go 4 [1] highest id",
        "go 3 [1] highest id",
    ]


def test_a_reserved_id_is_replaced_by_the_lowest_free_one() -> None:
    assert told(plan(a_set({"reserveGameServerIds": [1]}), a_set())) == [
        "go 1 [1] its id is reserved",
        "come 3 [1] lowest free id",
    ]


def test_ids_that_are_not_used_again_are_written_into_the_list() -> None:
    strategy = {"scaleStrategy": {"scaleDownStrategyType": "ReserveIds"}}
    found = plan(a_set({**strategy, "replicas": 1}), a_set(strategy))

    assert found.notes == (
        "spec.reserveGameServerIds becomes 1,2: ids that went are not used again",
    )


def test_a_killed_server_shrinks_the_set_even_if_nothing_is_changed() -> None:
    there = [a_pod("xxx-0"), a_pod("xxx-1", ops_state="Kill"), a_pod("xxx-2")]
    found = plan(a_set(), a_set(), there)

    assert told(found) == ["go 1 [1] opsState Kill"]
    assert found.notes == ("spec.replicas becomes 2: 1 in opsState Kill",)


def test_a_killed_server_goes_after_a_scale_up_too() -> None:
    there = [a_pod("xxx-0"), a_pod("xxx-1", ops_state="Kill"), a_pod("xxx-2")]
    found = plan(a_set({"replicas": 5}), a_set(), there)

    assert told(found) == [
        "go 1 [1] opsState Kill",
        "come 3 [1] lowest free id",
        "come 4 [1] lowest free id",
    ]


def test_a_killed_server_goes_when_the_set_is_at_rest() -> None:
    there = [a_pod("xxx-0"), a_pod("xxx-1", ops_state="Kill"), a_pod("xxx-2", terminating=True)]

    assert told(plan(a_set(), a_set(), there)) == [
        "go 1 [1] opsState Kill",
        "come 2 [1] its old pod is going",
    ]


def test_servers_that_come_are_new_and_use_up_what_a_partition_leaves() -> None:
    canary = {"updateStrategy": {"rollingUpdate": {"partition": 3}}}
    found = plan(a_set({**canary, **image("game:2"), "replicas": 4}), a_set(canary))

    assert [(step.action, step.id) for step in found.steps] == [
        ("come", 3),
        ("keep", 2),
        ("keep", 1),
        ("keep", 0),
    ]


def test_a_pod_that_is_going_already_is_no_step_and_one_that_is_replaced_is() -> None:
    there = [
        a_pod("xxx-0"),
        a_pod("xxx-1", terminating=True),
        a_pod("xxx-2"),
        a_pod("xxx-3", lifecycle="PreparingDelete"),
    ]

    assert told(plan(a_set(), a_set(), there)) == ["come 1 [1] its old pod is going"]


def test_pods_of_another_form_of_name_are_left_out() -> None:
    assert told(plan(a_set(), a_set(), [*pods(0, 1, 2), a_pod("debug-9")])) == []


def with_settings(name: str, owner: str) -> GameServer:
    server = a_server({"spec": {"opsState": "Allocated"}}, name=name)
    reference = OwnerReference(api_version="v1", kind=owner, name=name, uid="u", controller=True)
    return replace(server, metadata=replace(server.metadata, owner_references=(reference,)))


def test_settings_go_with_a_server_and_with_the_pod_that_owns_it() -> None:
    servers = [
        with_settings("xxx-0", "Pod"),
        with_settings("xxx-1", "GameServerSet"),
        with_settings("xxx-2", "GameServerSet"),
        a_server(name="xxx-3"),
    ]
    there = [a_pod("xxx-0"), a_pod("xxx-1"), a_pod("xxx-2", priority="9"), a_pod("xxx-3")]
    found = plan(a_set({"replicas": 3, **image("game:2")}), a_set({"replicas": 4}), there, servers)

    assert [(step.action, step.id, step.loses_settings) for step in found.steps] == [
        ("go", 2, True),
        ("recreate", 3, False),
        ("recreate", 1, False),
        ("recreate", 0, True),
    ]


HOOKS = {
    "lifecycle": {
        "preDelete": {"labelsHandler": {"busy": "true"}},
        "inPlaceUpdate": {"labelsHandler": {"drain": "true"}},
    }
}


def test_servers_that_a_hook_holds_are_marked() -> None:
    there = [
        a_pod("xxx-0", labels={"busy": "true"}),
        a_pod("xxx-1", labels={"drain": "true"}),
        a_pod("xxx-2", labels={"busy": "true"}),
    ]
    new = a_set({**HOOKS, **ROLLING, **image("game:2"), "replicas": 2})

    found = plan(new, a_set({**HOOKS, **ROLLING}), there)

    assert [(step.action, step.id, step.held) for step in found.steps] == [
        ("go", 2, True),
        ("in-place", 1, True),
        ("in-place", 0, False),
    ]


def test_hooks_that_come_with_the_template_hold_its_update_and_no_server_that_goes() -> None:
    there = [a_pod("xxx-0", labels={"busy": "true"}), a_pod("xxx-1", labels={"busy": "true"})]
    new = a_set({**HOOKS, **image("game:2"), "replicas": 1})

    found = plan(new, a_set({"replicas": 2}), there)

    assert [(step.action, step.id, step.held) for step in found.steps] == [
        ("go", 1, False),
        ("recreate", 0, True),
    ]


def test_a_set_that_is_being_deleted_is_left_to_that() -> None:
    old = a_set()
    going = replace(old, metadata=replace(old.metadata, deletion_timestamp=NOW))

    found = plan(a_set({"replicas": 5}), going)

    assert found.steps == ()
    assert found.notes == ("the set is being deleted, and its servers with it",)


def test_a_new_image_is_brought_one_after_another_highest_id_first() -> None:
    assert told(plan(a_set(ROLLING | image("game:2")), a_set(ROLLING))) == [
        "in-place 2 [1] highest id first",
        "in-place 1 [2] highest id first",
        "in-place 0 [3] highest id first",
    ]


def test_changes_of_the_spec_are_listed() -> None:
    found = plan(a_set(ROLLING | image("game:2")), a_set(ROLLING))

    assert found.changes == ("spec.gameServerTemplate.spec.containers[0].image: game:1 -> game:2",)


def test_a_list_that_cannot_be_read_sizes_nothing_and_still_updates() -> None:
    new = a_set({"replicas": 1, "reserveGameServerIds": ["9-2"], **ROLLING, **image("game:2")})
    found = plan(new, a_set(ROLLING))

    assert len(found.problems) == 1
    assert [step.action for step in found.steps] == ["in-place"] * 3


def test_a_template_that_makes_no_pod_updates_nothing() -> None:
    new = a_set({"gameServerTemplate": {"spec": {"containers": []}}, "replicas": 2})
    old = a_set()
    found = plan_set(new, LiveSet(old, build_statefulset(old), pods(0, 1, 2)), None)

    assert told(found) == ["go 2 [1] highest id"]
    assert len(found.problems) == 1
    assert told(plan_set(new, LiveSet(), None)) == []


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        (
            {},
            {"serviceName": "other"},
            "spec.serviceName is read once, when the workload is made: the change does nothing",
        ),
        (
            {},
            {"lifecycle": {"preDelete": {"finalizersHandler": ["a/b"]}}},
            "spec.lifecycle: applied with the next change of template, strategy or networkConf",
        ),
        (
            {},
            {"scaleStrategy": {"maxUnavailable": 2}},
            "spec.scaleStrategy.maxUnavailable: applied with the next scale or update",
        ),
        (
            {},
            {
                "serviceQualities": [
                    {
                        "name": "a",
                        "containerName": "game",
                        "permanent": True,
                        "exec": {"command": ["a"]},
                    }
                ]
            },
            "spec.serviceQualities: the probes are changed, no server is touched",
        ),
        (
            {},
            image("game:1", reclaimPolicy="Delete"),
            "reclaimPolicy holds for GameServers made from now on; existing ones keep theirs",
        ),
    ],
)
def test_what_does_nothing_to_servers_is_noted(
    old: Mapping[str, object], new: Mapping[str, object], note: str
) -> None:
    found = plan(a_set(new), a_set(old))

    assert found.notes == (note,)
    assert not found.moves


def test_what_validation_refuses_is_a_problem_and_its_warnings_are_notes() -> None:
    before = {"network": {"networkType": "A"}}
    after = {"network": {"networkType": "B"}, "reserveGameServerIds": [1, 1]}
    found = plan(a_set(after), a_set(before))

    (problem,) = found.problems
    assert problem.startswith(
        "refused where the validating webhook is in use: spec.network.networkType: change network"
        " type is not allowed"
    )
    assert found.notes == ("spec.reserveGameServerIds[1]: 1 is listed already; once is enough",)


def test_a_mistake_that_is_stored_already_is_told_as_one_that_cannot_be_acted_on() -> None:
    odd = {"reserveGameServerIds": ["9-2"]}
    found = plan(a_set({**odd, "replicas": 1}), a_set(odd))

    words = '"9-2" ends before it starts; write "2-9"'
    assert found.problems == (
        f"spec.reserveGameServerIds[0]: {words}",
        f"the workload's spec.reserveOrdinals[0]: {words}",
    )
    assert found.notes == ()
    assert found.steps == ()


def test_what_waits_for_the_next_update_is_not_noted_when_one_comes() -> None:
    hook = {"lifecycle": {"preDelete": {"finalizersHandler": ["a/b"]}}}

    assert plan(a_set(hook | image("game:2")), a_set()).notes == ()


ids = st.frozensets(st.integers(0, 12), max_size=8)
states = st.sampled_from(["None", "WaitToBeDeleted", "Maintaining", "Allocated"])


@given(
    there=st.dictionaries(st.integers(0, 12), states, max_size=10),
    want=st.integers(0, 10),
    explicit=ids,
    reserved=ids,
)
def test_the_ids_of_a_plan_are_those_that_scaling_decides(
    there: Mapping[int, str], want: int, explicit: frozenset[int], reserved: frozenset[int]
) -> None:
    members = [a_pod(f"xxx-{id_}", ops_state=state) for id_, state in there.items()]
    old = a_set({"replicas": len(members) + 1})
    new = a_set({"replicas": want, "reserveGameServerIds": sorted(explicit)})
    workload = build_statefulset(old)
    workload = replace(
        workload, spec=replace(workload.spec, reserve_ordinals=tuple(sorted(reserved)))
    )
    scale = decide_scale(want, members, Reservations(explicit=explicit, workload=reserved))

    found = plan_set(new, LiveSet(old, workload, members), compared(workload, new))

    after = set(there)
    after -= {step.id for step in found.steps if step.action == "go"}
    after |= {step.id for step in found.steps if step.action == "come"}
    needed = want != len(members) + 1 or bool(explicit)
    assert not needed or after == scale.managed


@given(there=st.frozensets(st.integers(0, 12), max_size=8), explicit=ids)
def test_a_plan_of_what_a_plan_led_to_is_empty(
    there: frozenset[int], explicit: frozenset[int]
) -> None:
    new = a_set({"replicas": len(there), "reserveGameServerIds": sorted(explicit)})
    workload = build_statefulset(new)
    scale = decide_scale(len(there), pods(*sorted(there)), Reservations(explicit=explicit))
    settled = replace(
        workload, spec=replace(workload.spec, reserve_ordinals=tuple(sorted(scale.reserved)))
    )
    seen = replace(
        new,
        metadata=replace(
            new.metadata,
            annotations={"game.kruise.io/reserve-ids": ",".join(map(str, sorted(explicit)))},
        ),
    )

    found = plan_set(
        seen, LiveSet(seen, settled, pods(*sorted(scale.managed))), compared(settled, seen)
    )

    assert found.steps == ()


def test_a_workload_of_unknown_pods_is_updated_from_nothing_known() -> None:
    old = a_set(ROLLING)
    stranger = Pod(
        metadata=ObjectMeta(name="xxx-0", labels={"controller-revision-hash": "xxx-lost"})
    )

    found = plan(a_set(ROLLING | {"replicas": 1}), a_set(ROLLING | {"replicas": 1}), [stranger])

    assert old.spec is not None
    assert told(found) == [
        "recreate 0 [1] no updatePriority yet; not possible in place: its revision is unknown"
    ]


def test_a_plan_has_a_stable_form() -> None:
    found = plan(a_set({"replicas": 2}), a_set())

    assert msgspec.json.decode(msgspec.json.encode(found)) == {
        "namespace": "games",
        "name": "xxx",
        "refusal": "",
        "problems": [],
        "changes": ["spec.replicas: 3 -> 2"],
        "steps": [
            {
                "id": 2,
                "action": "go",
                "batch": 1,
                "reason": "highest id",
                "losesSettings": False,
                "held": False,
            }
        ],
        "notes": [],
    }
