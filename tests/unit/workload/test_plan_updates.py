from collections.abc import Mapping

import msgspec
import pytest

from okg.workload.plan_updates import Templates, plan_updates
from okg.workload.rolling_rules import Rules
from okg.workload.scaling import spec_of
from okg.workload.statefulset import update_strategy
from unit.fleet import a_pod, a_set, pods


def a_template(image: str, **spec: object) -> msgspec.Raw:
    containers = [{"name": "game", "image": image}]
    return msgspec.Raw(msgspec.json.encode({"spec": {"containers": containers, **spec}}))


NEW_IMAGE = Templates(a_template("game:2"), {"": a_template("game:1")})
NEW_ACCOUNT = Templates(a_template("game:1", serviceAccountName="a"), {"": a_template("game:1")})
IN_PLACE = Rules(3, policy="InPlaceIfPossible", by_priority=True, at_a_time=3)
LABELLED = [a_pod(f"xxx-{i}", labels={"game.kruise.io/gs-update-priority": "0"}) for i in range(3)]


def told(rules: Rules, templates: Templates = NEW_IMAGE, absent: int = 0) -> list[str]:
    updates = plan_updates(LABELLED, rules, templates, absent=absent)
    return [f"{u.action} {u.pod.metadata.name} [{u.batch}] {u.reason}" for u in updates]


@pytest.mark.parametrize(
    ("rules", "templates", "action", "reason"),
    [
        (IN_PLACE, NEW_IMAGE, "in-place", "highest id first"),
        (
            IN_PLACE,
            NEW_ACCOUNT,
            "recreate",
            "highest id first; not possible in place: spec.serviceAccountName",
        ),
        (Rules(3, at_a_time=3), NEW_IMAGE, "recreate", "highest id first"),
        (
            Rules(3, policy="InPlaceOnly", at_a_time=3),
            NEW_IMAGE,
            "in-place",
            "highest id first",
        ),
    ],
)
def test_policy_and_change_decide_how(
    rules: Rules, templates: Templates, action: str, reason: str
) -> None:
    assert told(rules, templates) == [f"{action} xxx-{id_} [1] {reason}" for id_ in (2, 1, 0)]


def amounts(cpu: str, *, native: bool = True, resizing: bool = True) -> Templates:
    """Return templates of which the newer has another amount of cpu."""

    def a_template(cpu: str) -> msgspec.Raw:
        resources = {"limits": {"cpu": cpu, "memory": "1Gi"}}
        containers = [{"name": "game", "image": "game:1", "resources": resources}]
        return msgspec.Raw(msgspec.json.encode({"spec": {"containers": containers}}))

    return Templates(a_template(cpu), {"": a_template("1")}, native=native, resizing=resizing)


@pytest.mark.parametrize(
    ("templates", "action"),
    [
        (amounts("2"), "in-place"),
        (amounts("2", resizing=False), "recreate"),
        (amounts("2", native=False), "recreate"),
    ],
)
def test_new_amounts_need_new_pods_unless_the_manager_can_give_them_to_running_ones(
    templates: Templates, action: str
) -> None:
    found = plan_updates(LABELLED, IN_PLACE, templates, absent=0)

    assert [update.action for update in found] == [action] * 3


def test_without_openkruise_what_its_webhook_had_filled_in_is_no_change() -> None:
    stored = a_template("game:1", dnsPolicy="ClusterFirst")

    assert not told(IN_PLACE, Templates(a_template("game:1"), {"": stored}, native=True))
    assert told(IN_PLACE, Templates(a_template("game:1"), {"": stored}))


@pytest.mark.parametrize(
    ("rules", "templates", "reason"),
    [
        (Rules(3, on_delete=True), NEW_IMAGE, "OnDelete: until somebody deletes its pod"),
        (Rules(3, paused=True), NEW_IMAGE, "paused"),
        (Rules(3, partition=3, paused=True), NEW_IMAGE, "partition 3"),
        (
            Rules(3, policy="InPlaceOnly"),
            NEW_ACCOUNT,
            "InPlaceOnly, and not possible: spec.serviceAccountName",
        ),
    ],
)
def test_servers_that_stay_as_they_are_say_why(
    rules: Rules, templates: Templates, reason: str
) -> None:
    assert told(rules, templates) == [f"keep xxx-{id_} [0] {reason}" for id_ in (2, 1, 0)]


def test_a_partition_keeps_the_last_in_the_order() -> None:
    assert told(Rules(3, partition=2)) == [
        "recreate xxx-2 [1] highest id first",
        "keep xxx-1 [0] partition 2",
        "keep xxx-0 [0] partition 2",
    ]


def test_servers_that_are_to_come_or_new_already_use_up_what_a_partition_leaves() -> None:
    some = Templates(a_template("game:2"), {"": a_template("game:1"), "n": a_template("game:2")})
    fleet = [*pods(0, 1, 2), a_pod("xxx-3", labels={"controller-revision-hash": "n"})]

    updates = list(plan_updates(fleet, Rules(5, partition=2), some, absent=1))

    assert [u.pod.metadata.name for u in updates if u.batch] == ["xxx-2"]
    assert [u.pod.metadata.name for u in updates if not u.batch] == ["xxx-1", "xxx-0"]


def test_so_many_go_together_as_may_be_unavailable() -> None:
    updates = plan_updates(pods(*range(5)), Rules(5, at_a_time=2), NEW_IMAGE, absent=0)

    assert [update.batch for update in updates] == [1, 1, 2, 2, 3]


def test_an_update_priority_goes_first_and_is_the_reason() -> None:
    urgent = a_pod("xxx-0", labels={"game.kruise.io/gs-update-priority": "9"})

    first, second = plan_updates([urgent, LABELLED[1]], IN_PLACE, NEW_IMAGE, absent=0)

    assert (first.pod, first.reason) == (urgent, "updatePriority 9")
    assert second.reason == "highest id first"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ({}, Rules(3)),
        ({"type": "OnDelete"}, Rules(3, on_delete=True)),
        ({"type": "OnDelete", "rollingUpdate": {}}, Rules(3, by_priority=True)),
        (
            {
                "rollingUpdate": {
                    "partition": 1,
                    "maxUnavailable": "67%",
                    "paused": True,
                    "podUpdatePolicy": "InPlaceOnly",
                }
            },
            Rules(
                3,
                policy="InPlaceOnly",
                paused=True,
                partition=1,
                at_a_time=2,
                by_priority=True,
            ),
        ),
    ],
)
def test_rules_are_those_of_openkruise(strategy: Mapping[str, object], expected: Rules) -> None:
    wanted = spec_of(a_set({"updateStrategy": strategy}))

    assert Rules.of(update_strategy(wanted), 3) == expected
