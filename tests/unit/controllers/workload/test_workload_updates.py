from typing import Any

import pytest
from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from unit.controllers.workload.native_cluster import NativeCluster, template

OLD, NEW = "game:1", "game:2"
STATE = "lifecycle.apps.kruise.io/state"


def rolling(**fields: object) -> dict[str, Any]:
    key = "game.kruise.io/gs-update-priority"
    order = {"priorityStrategy": {"orderPriority": [{"orderedKey": key}]}}
    return {"type": "RollingUpdate", "rollingUpdate": {"unorderedUpdate": order, **fields}}


def running(replicas: int = 4, **spec: object) -> NativeCluster:
    cluster = NativeCluster({"replicas": replicas, "template": template(OLD), **spec})
    cluster.settle()
    return cluster


def updated(cluster: NativeCluster) -> list[int]:
    return [number for number, image in cluster.images.items() if image == NEW]


def terminating(cluster: NativeCluster) -> list[int]:
    return [n for n, pod in cluster.pods.items() if pod.metadata.deletion_timestamp]


def test_a_changed_template_reaches_one_server_after_the_other() -> None:
    cluster = running(replicas=2, updateStrategy=rolling())

    cluster.edit(template=template(NEW))
    cluster.reconcile()
    first = terminating(cluster)
    cluster.reconcile()
    still = terminating(cluster)
    cluster.settle()

    assert (first, still) == ([1], [1])
    assert updated(cluster) == [0, 1]
    assert cluster.revisions == {OLD: 1, NEW: 2}
    assert cluster.status.current_revision == cluster.status.update_revision
    assert cluster.status.updated_ready_replicas == 2


def test_as_many_are_updated_at_a_time_as_may_be_unavailable() -> None:
    cluster = running(updateStrategy=rolling(maxUnavailable="50%"))

    cluster.edit(template=template(NEW))
    cluster.reconcile()

    assert terminating(cluster) == [2, 3]


def test_a_partition_keeps_servers_as_they_are_even_if_they_are_made_anew() -> None:
    cluster = running(updateStrategy=rolling(partition=3))

    cluster.edit(template=template(NEW))
    cluster.settle()
    first = updated(cluster)
    cluster.delete_pod(0)
    cluster.settle()

    assert first == [3]
    assert updated(cluster) == [3]
    assert cluster.status.updated_replicas == 1
    assert cluster.status.current_revision != cluster.status.update_revision


def test_a_partition_that_is_lowered_lets_the_update_go_on() -> None:
    cluster = running(updateStrategy=rolling(partition=3))
    cluster.edit(template=template(NEW))
    cluster.settle()

    cluster.edit(updateStrategy=rolling(partition=1))
    cluster.settle(20)

    assert updated(cluster) == [1, 2, 3]


def test_the_server_of_the_highest_priority_comes_first() -> None:
    cluster = running(updateStrategy=rolling())
    for number, pod in cluster.pods.items():
        priority = "9" if number == 1 else "0"
        cluster.merge(pod, metadata={"labels": {"game.kruise.io/gs-update-priority": priority}})

    cluster.edit(template=template(NEW))
    cluster.reconcile()

    assert terminating(cluster) == [1]


@pytest.mark.parametrize("strategy", [rolling(paused=True), {"type": "OnDelete"}])
def test_an_update_that_is_not_wanted_yet_reaches_who_is_made_anew(
    strategy: dict[str, Any],
) -> None:
    cluster = running(updateStrategy=strategy)

    cluster.edit(template=template(NEW))
    cluster.settle()
    before = updated(cluster)
    cluster.delete_pod(2)
    cluster.settle()

    assert before == []
    assert updated(cluster) == [2]


def test_a_server_that_cannot_start_stops_the_update() -> None:
    cluster = running(updateStrategy=rolling())
    cluster.edit(template=template(NEW))
    cluster.reconcile()
    cluster.run_kubelets()
    cluster.reconcile()

    for _ in range(5):
        cluster.reconcile()

    assert terminating(cluster) == []
    assert updated(cluster) == [3]


def test_a_template_that_mends_a_broken_one_goes_on_at_once() -> None:
    cluster = running(updateStrategy=rolling())
    cluster.edit(template=template(NEW))
    cluster.reconcile()
    cluster.run_kubelets()
    cluster.reconcile()

    cluster.edit(template=template("game:3"))
    cluster.settle(20)

    assert set(cluster.images.values()) == {"game:3"}
    assert cluster.revisions == {OLD: 1, NEW: 2, "game:3": 3}


def test_going_back_renumbers_the_revision_and_keeps_who_has_it() -> None:
    cluster = running(updateStrategy=rolling())
    cluster.edit(template=template(NEW))
    cluster.reconcile()
    cluster.run_kubelets()
    cluster.reconcile()
    uids = {number: pod.metadata.uid for number, pod in cluster.pods.items()}

    cluster.edit(template=template(OLD))
    cluster.settle()

    after = {number: pod.metadata.uid for number, pod in cluster.pods.items()}
    assert updated(cluster) == []
    assert {n for n in after if after[n] != uids[n]} == {3}
    assert cluster.revisions == {OLD: 3, NEW: 2}


def test_revisions_that_nobody_has_go_when_there_are_too_many() -> None:
    cluster = running(replicas=1, updateStrategy=rolling(), revisionHistoryLimit=1)
    cluster.edit(template=template(NEW))
    cluster.settle()
    cluster.edit(template=template("game:3"))
    cluster.settle()

    assert cluster.revisions == {NEW: 2, "game:3": 3}


def test_a_server_that_somebody_wants_replaced_is() -> None:
    cluster = running(updateStrategy=rolling())
    before = cluster.pods[1].metadata.uid
    cluster.merge(cluster.pods[1], metadata={"labels": {"apps.kruise.io/specified-delete": ""}})

    cluster.settle()

    assert sorted(cluster.pods) == [0, 1, 2, 3]
    assert cluster.pods[1].metadata.uid != before


HOOK = {"lifecycle": {"preDelete": {"labelsHandler": {"hold": "yes"}}}}


def hooked(**spec: object) -> NativeCluster:
    held = template(OLD)
    held["metadata"] = {"labels": {"game.kruise.io/owner-gss": "xxx", "hold": "yes"}}
    return running(replicas=3, **{"updateStrategy": rolling(), **HOOK, "template": held, **spec})


def states(cluster: NativeCluster) -> list[str]:
    return [pod.metadata.labels[STATE] for pod in cluster.pods.values()]


def test_a_hook_holds_a_server_back_until_it_is_released() -> None:
    cluster = hooked()

    cluster.edit(replicas=2)
    cluster.settle()
    held = states(cluster)
    counted = cluster.status.replicas
    cluster.merge(cluster.pods[2], metadata={"labels": {"hold": "no"}})
    cluster.settle()

    assert held == ["Normal", "Normal", "PreparingDelete"]
    assert counted == 3
    assert sorted(cluster.pods) == [0, 1]


def test_a_server_that_is_wanted_again_is_in_service_again() -> None:
    cluster = hooked()
    cluster.edit(replicas=2)
    cluster.settle()

    cluster.edit(replicas=3)
    cluster.settle()

    assert states(cluster) == ["Normal", "Normal", "Normal"]
    assert cluster.status.available_replicas == 3


def test_a_hook_holds_a_server_back_that_would_come_back_updated() -> None:
    cluster = hooked()

    cluster.edit(template=template(NEW))
    cluster.settle()
    held = states(cluster)
    cluster.merge(cluster.pods[2], metadata={"labels": {"hold": None}})
    cluster.reconcile()

    assert held == ["Normal", "Normal", "PreparingDelete"]
    assert terminating(cluster) == [2]


def test_a_revision_that_the_cache_does_not_show_yet_is_not_made_again() -> None:
    cluster = NativeCluster({"replicas": 2})
    cluster.settle()
    (made,) = cluster.server.objects(ControllerRevision, "games")
    cluster.server.remove(made)
    theirs = replace(made.metadata, name="xxx-theirs", owner_references=(), uid="")
    cluster.server.put(replace(made, metadata=theirs))
    labels = {"controller-revision-hash": "xxx-theirs"}
    cluster.merge(cluster.pods[0], metadata={"labels": labels})
    cluster.merge(cluster.pods[1], metadata={"labels": labels})
    before = {number: pod.metadata.uid for number, pod in cluster.pods.items()}

    cluster.client.hidden = {"xxx-theirs"}
    cluster.settle()

    revisions = cluster.server.objects(ControllerRevision, "games")
    assert [revision.metadata.name for revision in revisions] == ["xxx-theirs"]
    assert {number: pod.metadata.uid for number, pod in cluster.pods.items()} == before
    assert cluster.status.updated_replicas == 2
