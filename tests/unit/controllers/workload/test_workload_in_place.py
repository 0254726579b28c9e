from datetime import timedelta
from typing import Any

import msgspec
import pytest

from okg.api.resource import Object
from okg.errors import Forbidden
from okg.runtime.reconcile import Result
from okg.testing.apiserver.faults import Refuse
from unit.controllers.workload.native_cluster import NativeCluster, template

STATE = "lifecycle.apps.kruise.io/state"
BLOCKER = "game.kruise.io/inplace-update-not-ready-blocker"


def in_place(policy: str = "InPlaceIfPossible", **fields: object) -> dict[str, Any]:
    order = {"priorityStrategy": {"orderPriority": [{"orderedKey": "x"}]}}
    rolling = {"podUpdatePolicy": policy, "unorderedUpdate": order, **fields}
    return {"type": "RollingUpdate", "rollingUpdate": rolling}


def running(**spec: object) -> NativeCluster:
    cluster = NativeCluster({"replicas": 3, "updateStrategy": in_place(), **spec})
    cluster.settle()
    return cluster


def uids(cluster: NativeCluster) -> dict[int, str]:
    return {number: pod.metadata.uid for number, pod in cluster.pods.items()}


def states(cluster: NativeCluster) -> list[str]:
    return [pod.metadata.labels[STATE] for pod in cluster.pods.values()]


def other(**spec: object) -> dict[str, Any]:
    changed = template("game:1")
    return {**changed, "spec": {**changed["spec"], **spec}}  # type: ignore[dict-item] # JSON


def test_a_new_image_reaches_the_servers_one_after_the_other_and_none_is_made_anew() -> None:
    cluster = running()
    before = uids(cluster)

    cluster.edit(template=template("game:2"))
    cluster.reconcile()
    first = (cluster.images, states(cluster))
    cluster.settle(30)

    assert first == (
        {0: "game:1", 1: "game:1", 2: "game:2"},
        ["Normal", "Normal", "Updating"],
    )
    assert cluster.images == {0: "game:2", 1: "game:2", 2: "game:2"}
    assert states(cluster) == ["Normal"] * 3
    assert uids(cluster) == before
    assert [p.status.container_statuses[0].restart_count for p in cluster.pods.values()] == [1] * 3
    assert cluster.status.current_revision == cluster.status.update_revision
    assert cluster.status.updated_ready_replicas == 3


def test_a_server_is_led_out_before_its_image_changes_and_in_again_after() -> None:
    cluster = running()

    cluster.edit(template=template("game:2"))
    cluster.server.requests.clear()
    cluster.reconcile()
    written = [c.resource for c in cluster.server.requests.calls if c.verb == "patch"]
    gate = cluster.pods[2].status.condition("InPlaceUpdateReady")
    ready = cluster.pods[2].status.condition("Ready")
    cluster.settle(30)
    again = cluster.pods[2].status.condition("InPlaceUpdateReady")

    assert written == ["pods/status", "pods", "configmaps"]
    assert gate is not None
    assert ready is not None
    assert again is not None
    assert (gate.status, ready.status, again.status) == ("False", "False", "True")
    assert "Normal SuccessfulUpdatePodInPlace updated pod xxx-2 in place" in cluster.recorder.events


def test_a_server_that_others_write_while_it_is_led_out_is_updated_in_the_same_pass() -> None:
    cluster = running()
    cluster.edit(template=template("game:2"))
    cluster.server.requests.clear()

    def label(stored: Object) -> None:
        cluster.client.reaction = repr
        cluster.merge(stored, metadata={"labels": {"seen": "yes"}})

    cluster.client.reaction = label
    cluster.reconcile()

    assert cluster.images == {0: "game:1", 1: "game:1", 2: "game:2"}
    assert cluster.pods[2].metadata.labels["seen"] == "yes"
    gate = cluster.pods[2].status.condition("InPlaceUpdateReady")
    assert gate is not None
    assert gate.status == "False"


def test_metadata_alone_reaches_all_servers_without_a_restart() -> None:
    cluster = running(updateStrategy=in_place(maxUnavailable="100%"))
    changed = template("game:1")
    changed["metadata"] = {"labels": {"game.kruise.io/owner-gss": "xxx", "season": "2"}}

    cluster.edit(template=changed)
    cluster.settle(30)

    assert [p.metadata.labels.get("season") for p in cluster.pods.values()] == ["2"] * 3
    assert [p.status.container_statuses[0].restart_count for p in cluster.pods.values()] == [0] * 3


def test_what_is_not_possible_in_place_makes_new_pods_if_it_may() -> None:
    cluster = running()
    before = uids(cluster)

    cluster.edit(template=other(hostNetwork=True))
    cluster.settle(30)

    assert all(uids(cluster)[number] != before[number] for number in before)


def test_what_is_possible_only_with_a_new_pod_is_told_if_it_must_not_be() -> None:
    cluster = running(updateStrategy=in_place("InPlaceOnly"))
    before = uids(cluster)

    cluster.edit(template=other(hostNetwork=True))
    result = cluster.reconcile()

    assert uids(cluster) == before
    assert result == Result(requeue_after=timedelta(minutes=5))
    why = "only a new pod can have another spec.hostNetwork, and the policy is InPlaceOnly"
    assert [(c.type, c.message) for c in cluster.status.conditions] == [
        ("FailedUpdatePod", f"pod xxx-2: {why}")
    ]


def test_players_have_a_grace_period_before_the_image_changes() -> None:
    grace = {"gracePeriodSeconds": 30}
    cluster = running(updateStrategy=in_place(inPlaceUpdateStrategy=grace))

    cluster.edit(template=template("game:2"))
    begun = cluster.reconcile()
    waiting = cluster.reconcile()
    during = cluster.images[2]
    cluster.clock.advance(30)
    cluster.reconcile()

    assert begun == Result(requeue_after=timedelta(seconds=30))
    assert waiting == Result(requeue_after=timedelta(seconds=29))
    assert (during, cluster.images[2]) == ("game:1", "game:2")


def test_a_hook_holds_an_update_until_it_is_released() -> None:
    hook = {"inPlaceUpdate": {"labelsHandler": {BLOCKER: "true"}}}
    blocked = template("game:1")
    blocked["metadata"] = {"labels": {"game.kruise.io/owner-gss": "xxx", BLOCKER: "true"}}
    cluster = running(lifecycle=hook, template=blocked)

    cluster.edit(template={**blocked, "spec": template("game:2")["spec"]})
    cluster.settle()
    held = (states(cluster), cluster.images[2])
    cluster.merge(cluster.pods[2], metadata={"labels": {BLOCKER: "false"}})
    cluster.reconcile()

    assert held == (["Normal", "Normal", "PreparingUpdate"], "game:1")
    assert (cluster.pods[2].metadata.labels[STATE], cluster.images[2]) == ("Updating", "game:2")


def test_a_hook_may_take_a_server_out_of_service_before_it_goes() -> None:
    hook = {"preDelete": {"labelsHandler": {"hold": "yes"}, "markPodNotReady": True}}
    held = template("game:1")
    held["metadata"] = {"labels": {"game.kruise.io/owner-gss": "xxx", "hold": "yes"}}
    cluster = running(lifecycle=hook, template=held)

    cluster.edit(replicas=2)
    cluster.settle()
    told = cluster.pods[2].status.condition("KruisePodReady")
    ready = cluster.status.ready_replicas
    cluster.edit(replicas=3)
    cluster.settle()
    again = cluster.pods[2].status.condition("KruisePodReady")

    assert told is not None
    assert again is not None
    assert (told.status, told.message) == (
        "False",
        '[{"userAgent":"Lifecycle","key":"preDeleteHook"}]',
    )
    assert (ready, again.status, states(cluster)[2]) == (2, "True", "Normal")


@pytest.mark.parametrize("stage", range(1, 6))
def test_an_update_goes_on_whenever_the_controller_starts_again(stage: int) -> None:
    cluster = running()
    before = uids(cluster)
    cluster.edit(template=template("game:2"))
    cluster.settle_some(stage)

    cluster.restart()
    cluster.settle(30)

    assert cluster.images == {0: "game:2", 1: "game:2", 2: "game:2"}
    assert uids(cluster) == before
    assert cluster.status.updated_ready_replicas == 3


def test_amounts_that_a_node_does_not_give_are_told() -> None:
    cluster = running()
    state = (
        '{"revision":"a","updateTimestamp":"2025-01-01T00:00:00Z","lastContainerStatuses":null,'
        '"updateResources":true}'
    )
    pending = {"type": "PodResizePending", "status": "True", "reason": "Infeasible", "message": "x"}
    pod = cluster.pods[1]
    conditions = [*msgspec.to_builtins(pod.status.conditions), pending]

    cluster.merge(
        pod,
        metadata={"annotations": {"apps.kruise.io/inplace-update-state": state}},
        status={"conditions": conditions},
    )
    result = cluster.reconcile()

    words = "pod xxx-1: its node does not give it the new resources (Infeasible): x"
    assert [(c.type, c.message) for c in cluster.status.conditions] == [("FailedUpdatePod", words)]
    assert f"Warning FailedUpdatePodInPlace {words}" in cluster.recorder.events
    assert result == Result(requeue_after=timedelta(minutes=5))


def sized(cpu: str, image: str) -> dict[str, Any]:
    changed = template(image)
    resources = {"limits": {"cpu": cpu}}
    game = {"name": "game", "image": image, "resources": resources}
    return {**changed, "spec": {**changed["spec"], "containers": [game]}}  # type: ignore[dict-item] # JSON


def test_a_server_whose_resize_is_refused_stays_in_service() -> None:
    cluster = running(template=sized("1", "game:1"))
    cluster.restart(resizing=True)
    cluster.client.refusals["resize"] = Forbidden(403, "Forbidden", "at most 1")

    cluster.edit(template=sized("2", "game:2"))
    cluster.reconcile()

    gate = cluster.pods[2].status.condition("InPlaceUpdateReady")
    assert gate is not None
    assert gate.status == "True"
    assert cluster.images == {0: "game:1", 1: "game:1", 2: "game:1"}
    assert [c.message for c in cluster.status.conditions] == ["pod xxx-2: 403 Forbidden: at most 1"]


def led_out(cluster: NativeCluster) -> int:
    """How often a pod's status was written by the controller."""
    return cluster.server.requests.count(verb="patch", resource="pods/status")


@pytest.mark.parametrize(
    ("fault", "patience"),
    [
        (Refuse(status=400, reason="BadRequest", message="no such image"), 300),
        (Refuse(status=403, reason="Forbidden", message="denied"), 300),
        (Refuse(status=500, reason="InternalError", message="webhook timed out"), 10),
    ],
)
def test_a_server_whose_update_is_refused_is_not_led_out_again_and_again(
    fault: Refuse, patience: int
) -> None:
    cluster = running()
    cluster.server.faults.inject(fault, verbs=["patch"], resource="pods")
    cluster.edit(template=template("game:2"))

    cluster.attempt()
    cluster.server.requests.clear()
    cluster.settle_some(5)
    quiet = led_out(cluster)
    message = [condition.message for condition in cluster.status.conditions]
    cluster.clock.advance(patience)
    cluster.attempt()

    assert quiet == 1  # into service again
    assert len(message) == 1
    assert message[0].startswith(f"pod xxx-2: {fault.status} {fault.reason}: {fault.message}")
    assert led_out(cluster) == 2
    assert states(cluster) == ["Normal"] * 3


def test_what_is_refused_is_asked_for_at_once_when_the_record_asks_for_something_else() -> None:
    cluster = running()
    refusal = Refuse(status=400, reason="BadRequest", message="no such image")
    rule = cluster.server.faults.inject(refusal, verbs=["patch"], resource="pods")
    cluster.edit(template=template("game:2"))
    cluster.attempt()
    cluster.server.faults.remove(rule)

    cluster.edit(template=template("game:3"))
    cluster.settle(30)

    assert cluster.images == {0: "game:3", 1: "game:3", 2: "game:3"}
    assert cluster.status.conditions == ()


def test_a_grace_period_that_cannot_end_keeps_no_other_server_from_what_it_needs() -> None:
    cluster = running(updateStrategy=in_place(inPlaceUpdateStrategy={"gracePeriodSeconds": 5}))
    cluster.edit(template=template("game:2"))
    cluster.settle_some(2)
    refusal = Refuse(status=400, reason="BadRequest", message="no such image")
    cluster.server.faults.inject(refusal, verbs=["patch"], resource="pods")
    cluster.clock.advance(5)

    cluster.edit(replicas=4, template=template("game:2"))
    cluster.settle_some(2)

    assert sorted(cluster.pods) == [0, 1, 2, 3]
    assert [condition.type for condition in cluster.status.conditions] == ["FailedUpdatePod"]
