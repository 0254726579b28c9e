from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.resource import O, Object
from okg.context import Context
from okg.controllers.workload import WorkloadReconciler, WorkPool
from okg.errors import Conflict, Forbidden, ServerError, TerminalError
from okg.runtime.reconcile import Result
from okg.testing.apiserver.faults import LoseAnswer, Refuse
from okg.workload.native.membership import adopted, released
from unit.controllers.workload.native_cluster import (
    DATA,
    XXX,
    NativeCluster,
    ServedClient,
    template,
)

POSTED = "(POST /api/v1/namespaces/games/pods)"
QUOTA = Refuse(status=403, reason="Forbidden", message="exceeded quota")
TEN_IN_ORDER = [f"Normal SuccessfulCreate created pod xxx-{number}" for number in range(10)]


def test_a_new_record_becomes_pods_that_can_be_ready() -> None:
    cluster = NativeCluster({"replicas": 3})

    cluster.settle()

    assert sorted(cluster.pods) == [0, 1, 2]
    assert {p.status.phase for p in cluster.pods.values()} == {"Running"}
    ready = [p.status.condition("Ready") for p in cluster.pods.values()]
    assert [c.status for c in ready if c] == ["True"] * 3
    assert cluster.revisions == {"game:1": 1}
    owner = cluster.pods[0].metadata.controller
    assert owner is not None
    assert owner.uid == cluster.gss.metadata.uid


def test_the_gates_of_a_new_pod_are_opened_by_one_write() -> None:
    cluster = NativeCluster({"replicas": 1})

    cluster.reconcile()

    assert cluster.server.requests.count(verb="patch", resource="pods/status") == 1
    told = {c.type: c.status for c in cluster.pods[0].status.conditions}
    assert told == {"InPlaceUpdateReady": "True", "KruisePodReady": "True"}


def test_the_gates_of_a_new_pod_are_opened_though_others_write_it_at_the_same_time() -> None:
    cluster = NativeCluster({"replicas": 1})
    cluster.client.made = lambda made: cluster.merge(
        made,
        spec={"nodeName": "node-1"},
        status={"conditions": [{"type": "PodScheduled", "status": "True"}]},
    )

    cluster.reconcile()

    assert cluster.server.requests.count(verb="patch", resource="pods/status") == 1
    told = {c.type: c.status for c in cluster.pods[0].status.conditions}
    assert told == {"PodScheduled": "True", "InPlaceUpdateReady": "True", "KruisePodReady": "True"}


def test_gates_that_could_not_be_opened_at_once_are_opened_by_the_next_pass() -> None:
    cluster = NativeCluster({"replicas": 1})
    cluster.server.faults.inject(Refuse(status=500), resource="pods/status", times=1)
    cluster.reconcile()
    before = cluster.pods[0].status.conditions

    cluster.reconcile()

    assert before == ()
    assert len(cluster.pods[0].status.conditions) == 2


def test_a_large_set_grows_and_shrinks_around_reserved_ids() -> None:
    cluster = NativeCluster({"replicas": 0})
    cluster.settle()

    cluster.edit(replicas=20)
    cluster.settle()
    grown = sorted(cluster.pods)
    uids = {number: pod.metadata.uid for number, pod in cluster.pods.items()}
    cluster.edit(replicas=5, reserveOrdinals=["0-2", 5])
    cluster.settle()

    assert grown == list(range(20))
    assert sorted(cluster.pods) == [3, 4, 6, 7, 8]
    assert {n: p.metadata.uid for n, p in cluster.pods.items()} == {
        n: uids[n] for n in cluster.pods
    }


def test_pods_are_made_in_the_order_of_their_ids() -> None:
    cluster = NativeCluster({"replicas": 10})

    cluster.reconcile()

    assert cluster.recorder.events == TEN_IN_ORDER


def test_a_pod_that_somebody_deletes_comes_back_when_it_is_gone() -> None:
    cluster = NativeCluster({"replicas": 2})
    cluster.settle()
    before = cluster.pods[1].metadata.uid

    cluster.delete_pod(1)
    cluster.reconcile()
    still = cluster.pods[1].metadata.uid
    cluster.settle()

    assert still == before
    assert sorted(cluster.pods) == [0, 1]
    assert cluster.pods[1].metadata.uid != before


def test_a_pod_that_has_ended_is_replaced_and_no_other() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.settle()
    before = {number: pod.metadata.uid for number, pod in cluster.pods.items()}

    cluster.fail(1)
    cluster.settle()

    after = {number: pod.metadata.uid for number, pod in cluster.pods.items()}
    assert after[1] != before[1]
    assert (after[0], after[2]) == (before[0], before[2])


def test_when_nothing_is_to_be_done_nothing_is_written() -> None:
    cluster = NativeCluster({"replicas": 3, **DATA})
    cluster.settle()
    cluster.server.requests.clear()

    assert cluster.reconcile() is None

    assert cluster.server.requests.calls == []


def test_a_restart_changes_nothing() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.settle()
    before = cluster.server.revision

    cluster.restart()
    cluster.reconcile()

    assert cluster.server.revision == before


def test_a_quota_that_is_used_up_is_found_with_one_attempt_and_does_not_keep_what_must_go() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.settle()
    cluster.server.faults.inject(QUOTA, verbs=["create"], resource="pods")
    cluster.server.requests.clear()
    cluster.edit(replicas=6, reserveOrdinals=[0])

    with pytest.raises(Forbidden):
        cluster.reconcile()

    assert cluster.server.requests.count(verb="create", resource="pods") == 1
    assert cluster.pods[0].metadata.deletion_timestamp is not None
    assert [(c.type, c.message) for c in cluster.status.conditions] == [
        (
            "FailedCreatePod",
            f"pod xxx-3: 403 Forbidden: exceeded quota {POSTED}",
        )
    ]
    assert cluster.recorder.events[-2:] == [
        f"Warning FailedCreate pod xxx-3: 403 Forbidden: exceeded quota {POSTED}",
        "Normal SuccessfulDelete deleted pod xxx-0",
    ]


def test_a_failure_is_no_longer_told_when_it_is_over() -> None:
    cluster = NativeCluster({"replicas": 1})
    cluster.server.faults.inject(Refuse(status=500), verbs=["create"], resource="pods", times=1)
    with pytest.raises(ServerError):
        cluster.reconcile()

    cluster.settle()

    assert cluster.status.conditions == ()


def test_what_the_server_does_not_accept_is_tried_again_only_after_a_while() -> None:
    cluster = NativeCluster({"replicas": 3})
    refusal = Refuse(status=422, reason="Invalid", message="no such field")
    cluster.server.faults.inject(refusal, verbs=["create"], resource="pods")

    result = cluster.reconcile()

    assert result == Result(requeue_after=timedelta(minutes=5))
    assert cluster.server.requests.count(verb="create", resource="pods") == 1


def test_a_creation_whose_answer_is_lost_makes_no_second_pod() -> None:
    cluster = NativeCluster({"replicas": 2})
    cluster.server.faults.inject(LoseAnswer(), verbs=["create"], resource="pods", times=1)
    with pytest.raises(Exception, match="lost"):
        cluster.reconcile()
    uid = cluster.pods[0].metadata.uid
    cluster.client.hidden.add("xxx-0")

    assert cluster.reconcile() is None
    cluster.client.hidden.clear()
    cluster.settle()

    assert sorted(cluster.pods) == [0, 1]
    assert cluster.pods[0].metadata.uid == uid


def test_orphaned_pods_and_revisions_are_taken_in_and_go_on_running() -> None:
    cluster = NativeCluster({"replicas": 2})
    cluster.settle()
    uids = {number: pod.metadata.uid for number, pod in cluster.pods.items()}
    for pod in cluster.pods.values():
        cluster.server.put(released(pod, cluster.gss))

    cluster.settle()

    assert {n: p.metadata.uid for n, p in cluster.pods.items()} == uids
    owners = [p.metadata.controller for p in cluster.pods.values()]
    assert [o.uid for o in owners if o] == [cluster.gss.metadata.uid] * 2


def test_nobody_is_taken_in_by_a_set_that_is_gone_already() -> None:
    cluster = NativeCluster({"replicas": 1})
    cluster.settle()
    cluster.server.put(released(cluster.pods[0], cluster.gss))
    cluster.server.put(released(cluster.record, cluster.gss))
    cluster.client.yesterday["xxx"] = cluster.gss
    cluster.server.remove(cluster.gss)

    cluster.reconcile()

    assert cluster.pods[0].metadata.owner_references == ()


def test_a_pod_of_somebody_else_in_the_place_of_ours_is_told_and_left_alone() -> None:
    cluster = NativeCluster({"replicas": 2})
    other = replace(cluster.gss, metadata=replace(cluster.gss.metadata, name="other", uid="uid-2"))
    cluster.server.put(other)
    labels = {"game.kruise.io/owner-gss": "xxx"}
    pod = Pod(metadata=replace(cluster.gss.metadata, name="xxx-0", uid="", labels=labels))
    cluster.server.put(adopted(pod, other))

    result = cluster.reconcile()

    assert result == Result(requeue_after=timedelta(seconds=30))
    assert [c.message for c in cluster.status.conditions] == [
        "pod xxx-0: one of this name exists and is managed by GameServerSet other; delete it"
    ]
    assert cluster.pods[0].metadata.deletion_timestamp is None
    assert sorted(cluster.pods) == [0, 1]


def test_a_pod_that_no_longer_matches_is_let_go() -> None:
    cluster = NativeCluster({"replicas": 1})
    cluster.settle()
    cluster.merge(cluster.pods[0], metadata={"labels": {"game.kruise.io/owner-gss": None}})

    cluster.reconcile()

    assert cluster.pods[0].metadata.owner_references == ()


def test_a_pod_that_no_longer_matches_is_let_go_even_if_its_id_is_not_wanted_any_more() -> None:
    cluster = NativeCluster({"replicas": 2})
    cluster.settle()
    cluster.merge(cluster.pods[1], metadata={"labels": {"game.kruise.io/owner-gss": "other"}})
    cluster.edit(replicas=1)

    cluster.reconcile()

    assert sorted(cluster.pods) == [0, 1]
    assert cluster.pods[1].metadata.owner_references == ()
    assert cluster.pods[1].metadata.deletion_timestamp is None


def test_a_template_that_was_refused_is_not_sent_again_before_it_changes() -> None:
    cluster = NativeCluster({"replicas": 2})
    refusal = Refuse(status=422, reason="Invalid", message="no such field")
    rule = cluster.server.faults.inject(refusal, verbs=["create"], resource="pods")

    cluster.settle_some(6)
    sent = rule.hits
    cluster.clock.advance(300)
    cluster.reconcile()
    again = rule.hits
    cluster.server.faults.remove(rule)
    cluster.edit(template=template("game:2"))
    cluster.reconcile()

    assert (sent, again) == (1, 2)
    assert sorted(cluster.pods) == [0, 1]
    assert cluster.status.conditions == ()
    assert len([event for event in cluster.recorder.events if "FailedCreate" in event]) == 2


@pytest.mark.parametrize(
    "spec", [{"replicas": 1}, {"replicas": 9}, {"template": template("game:0")}]
)
def test_nobody_comes_goes_or_changes_by_a_record_of_yesterday(spec: dict[str, Any]) -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.settle()
    cluster.edit(**spec)
    cluster.client.yesterday["xxx-workload"] = cluster.record
    cluster.edit(replicas=3, template=template("game:1"))
    cluster.restart()
    before = cluster.server.revision

    with pytest.raises(Conflict, match="workload record games/xxx-workload has changed"):
        cluster.reconcile()

    assert cluster.server.revision == before


def test_a_reserved_list_that_makes_no_sense_removes_nobody() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.settle()
    before = cluster.server.revision
    cluster.edit(reserveOrdinals=["5-3"])

    with pytest.raises(TerminalError, match=r"spec\.reserveOrdinals\[0\]"):
        cluster.reconcile()

    assert cluster.server.revision == before + 1


def test_a_record_that_cannot_be_read_removes_nobody() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.settle()
    cluster.server.put(replace(cluster.record, data={}))

    with pytest.raises(TerminalError, match="workload record: cannot be read"):
        cluster.reconcile()

    assert sorted(cluster.pods) == [0, 1, 2]


def test_the_record_of_an_earlier_set_of_the_name_is_waited_for() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.client.yesterday["xxx-workload"] = cluster.record
    cluster.server.remove(cluster.gss)
    cluster.replace_set(uid="another")

    assert cluster.reconcile() is None
    assert cluster.pods == {}


def test_without_a_set_or_a_record_there_is_nothing_to_do() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.client.hidden.add("xxx-workload")

    assert cluster.reconcile() is None
    assert cluster.pods == {}


def test_a_set_that_is_being_deleted_gets_no_more_pods() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.replace_set(deletion_timestamp=cluster.clock.now(), finalizers=("foregroundDeletion",))

    assert cluster.reconcile() is None
    assert cluster.pods == {}


def test_a_burst_of_events_makes_one_pass() -> None:
    cluster = NativeCluster({"replicas": 3})
    cluster.reconcile()
    revision = cluster.server.revision
    cluster.clock.advance(0.02)

    again = cluster.reconciler.reconcile(Context(), XXX)

    assert again is not None
    assert again.requeue_after == pytest.approx(
        timedelta(seconds=0.03), abs=timedelta(milliseconds=1)
    )
    assert cluster.server.revision == revision


def test_a_budget_lets_servers_come_one_after_the_other() -> None:
    cluster = NativeCluster({"replicas": 8, "scaleStrategy": {"maxUnavailable": 3}})

    cluster.reconcile()
    cluster.reconcile()
    first = sorted(cluster.pods)
    cluster.run_kubelets([0])
    cluster.reconcile()
    second = sorted(cluster.pods)
    cluster.edit(scaleStrategy={})
    cluster.reconcile()

    assert first == [0, 1, 2]
    assert second == [0, 1, 2, 3]
    assert sorted(cluster.pods) == list(range(8))


def test_the_status_follows_the_pods() -> None:
    cluster = NativeCluster({"replicas": 2})

    cluster.reconcile()
    made = cluster.status
    cluster.settle()

    assert (made.replicas, made.ready_replicas, made.updated_replicas) == (2, 0, 2)
    assert made.observed_generation == cluster.workload.metadata.generation
    assert cluster.status.ready_replicas == 2
    assert cluster.status.available_replicas == 2
    assert cluster.status.updated_ready_replicas == 2
    assert cluster.status.current_revision == cluster.status.update_revision
    assert cluster.status.label_selector == "game.kruise.io/owner-gss=xxx"


def test_a_pod_that_must_stay_ready_for_a_while_is_looked_at_again() -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"minReadySeconds": 60}}
    cluster = NativeCluster({"replicas": 1, "updateStrategy": rolling})
    cluster.reconcile()
    cluster.reconcile()
    cluster.run_kubelets()

    result = cluster.reconcile()

    assert result == Result(requeue_after=timedelta(seconds=59))
    assert cluster.status.available_replicas == 0


def test_the_status_is_written_twice_a_second_at_most() -> None:
    cluster = NativeCluster({"replicas": 2})
    cluster.settle()
    cluster.delete_pod(0)
    cluster.reconcile()
    cluster.run_kubelets()
    cluster.clock.advance(0.25)

    early = cluster.reconciler.reconcile(Context(), XXX)
    told = cluster.status.updated_replicas
    cluster.reconcile()

    assert early == Result(requeue_after=timedelta(seconds=0.25))
    assert (told, cluster.status.updated_replicas) == (1, 2)


def test_a_pass_is_followed_by_a_rest_as_long_as_the_work_it_was() -> None:
    cluster = NativeCluster({"replicas": 2})
    used = iter([10.0, 12.0])
    reconciler = WorkloadReconciler(
        cluster.client,
        cluster.client.api,
        cluster.recorder,
        WorkPool(0),
        clock=cluster.clock,
        processor=lambda: next(used),
    )

    reconciler.reconcile(Context(), XXX)
    early = reconciler.reconcile(Context(), XXX)

    assert early == Result(requeue_after=timedelta(seconds=2.05), tried=False)


class MeddlingClient(ServedClient):
    """Lets somebody ask for another size while pods are made."""

    def __init__(self, cluster: NativeCluster) -> None:
        super().__init__(cluster.server)
        self._cluster = cluster

    def create_from(self, draft: Object, kind: type[O]) -> O:
        self._cluster.edit(replicas=5)
        return super().create_from(draft, kind)


def test_a_status_does_not_undo_what_is_asked_for_meanwhile() -> None:
    cluster = NativeCluster({"replicas": 1})
    cluster.client = MeddlingClient(cluster)
    cluster.restart()

    cluster.reconcile()

    assert cluster.workload.spec.replicas == 5
    assert cluster.workload.metadata.generation == 3
    assert cluster.status.observed_generation == 2


def test_what_a_new_spec_comes_to_is_told_at_once() -> None:
    cluster = NativeCluster({"replicas": 2})
    cluster.reconcile()
    cluster.edit(replicas=3)
    cluster.clock.advance(0.25)

    cluster.reconciler.reconcile(Context(), XXX)

    assert cluster.status.observed_generation == cluster.workload.metadata.generation
    assert cluster.status.replicas == 3


def test_each_version_of_a_record_is_looked_up_once() -> None:
    cluster = NativeCluster({"replicas": 1})
    cluster.reconcile()
    cluster.edit(replicas=2)

    cluster.reconcile()
    cluster.settle()

    assert cluster.server.requests.count(verb="get", resource="configmaps") == 2
