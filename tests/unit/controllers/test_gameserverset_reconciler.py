from datetime import timedelta

import pytest
from msgspec.structs import replace

from okg.api.game import GameServer, GameServerSet, GameServerSetStatus
from okg.api.kruise import AdvancedStatefulSet, StatefulSetStatus
from okg.api.resource import O, Object
from okg.client.rest import ApiClient
from okg.context import Context
from okg.controllers.gameserverset import GameServerSetReconciler, controller, watches
from okg.errors import ApiError, BadRequest, Conflict, Invalid
from okg.runtime.reconcile import Request, Result
from okg.testing.apiserver import FakeApiServer
from okg.workload.probe_marker import Markers, build_probe_marker
from okg.workload.statefulset import build_statefulset
from unit.controllers.host import Host
from unit.controllers.memory import MemoryClient, MemoryRecorder, SetClock, noted
from unit.fleet import NOW, a_pod, a_server, a_set, pods

XXX = Request("games", "xxx")
LABELS = {"game.kruise.io/owner-gss": "xxx"}


class Cluster:
    """A set and what belongs to it."""

    def __init__(self, *objects: Object) -> None:
        self.client = MemoryClient(*map(noted, objects))
        self.recorder = MemoryRecorder()
        self.clock = SetClock()
        self.reconciler = GameServerSetReconciler(self.client, self.recorder, clock=self.clock)
        self.next_look: timedelta | None = None

    def reconcile(self) -> list[str]:
        """Run one pass and return the writes it made."""
        done = len(self.client.writes)
        result = self.reconciler.reconcile(Context(), XXX)
        self.next_look = result.requeue_after if result else None
        return self.client.writes[done:]

    @property
    def gss(self) -> GameServerSet:
        return self.client.expect(GameServerSet, "games/xxx")

    @property
    def workload(self) -> AdvancedStatefulSet:
        return self.client.expect(AdvancedStatefulSet, "games/xxx")

    @property
    def status(self) -> GameServerSetStatus:
        assert self.gss.status is not None
        return self.gss.status


def a_built(gss: GameServerSet) -> AdvancedStatefulSet:
    return build_statefulset(gss)


def test_a_new_set_gets_a_workload_then_a_status_then_rest() -> None:
    cluster = Cluster(a_set())

    assert cluster.reconcile() == ["create StatefulSet xxx"]
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.reconcile() == []
    assert cluster.recorder.events == ["Normal CreateWorkload created Advanced StatefulSet"]
    assert cluster.status.replicas == 3
    assert cluster.status.observed_generation == 7


def test_who_makes_the_pods_is_noted_before_the_workload_is_made() -> None:
    cluster = Cluster()
    cluster.client.put(a_set())

    assert cluster.reconcile() == ["patch GameServerSet xxx", "create StatefulSet xxx"]
    assert cluster.gss.metadata.annotations == {"game.kruise.io/workload-backend": "kruise"}


def test_who_makes_the_pods_is_noted_on_a_set_that_is_taken_over() -> None:
    cluster = Cluster(a_built(a_set()), *pods(0, 1, 2))
    cluster.client.put(a_set())

    assert cluster.reconcile() == ["patch GameServerSet xxx", "patch GameServerSet/status xxx"]
    assert cluster.reconcile() == []
    assert cluster.gss.metadata.annotations == {"game.kruise.io/workload-backend": "kruise"}


def test_a_set_that_wants_another_back_end_scales_where_it_is_and_complains() -> None:
    wanted = a_set({"replicas": 5}, annotations={"game.kruise.io/workload-backend": "native"})
    cluster = Cluster(wanted, a_built(a_set()), *pods(0, 1, 2))

    writes = [*cluster.reconcile(), *cluster.reconcile()]

    assert writes == ["patch StatefulSet xxx", "patch GameServerSet/status xxx"]
    assert cluster.workload.spec.replicas == 5
    assert 'the servers are run by "kruise" and stay so' in cluster.recorder.events[-1]
    assert cluster.gss.metadata.annotations == {"game.kruise.io/workload-backend": "native"}


def test_a_set_that_is_gone_terminating_or_without_spec_is_left_alone() -> None:
    terminating = a_set()
    meta = replace(terminating.metadata, deletion_timestamp=NOW)

    assert Cluster().reconcile() == []
    assert Cluster(replace(terminating, metadata=meta)).reconcile() == []
    assert Cluster(replace(a_set(), spec=None)).reconcile() == []


def test_the_workload_of_an_earlier_set_of_this_name_is_waited_for() -> None:
    earlier = replace(a_set(), metadata=replace(a_set().metadata, uid="another"))
    leaving = a_built(a_set())
    meta = replace(leaving.metadata, deletion_timestamp=NOW)

    assert Cluster(a_set(), a_built(earlier)).reconcile() == []
    assert Cluster(a_set(), replace(leaving, metadata=meta)).reconcile() == []


def test_a_workload_without_owner_is_taken_on() -> None:
    orphan = a_built(a_set())
    meta = replace(orphan.metadata, owner_references=())
    cluster = Cluster(a_set(), replace(orphan, metadata=meta))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]


def test_a_smaller_set_is_scaled_and_noted_in_two_writes() -> None:
    cluster = Cluster(
        a_set({"replicas": 2, "reserveGameServerIds": [1]}), a_built(a_set()), *pods(0, 1, 2, 3)
    )

    writes = cluster.reconcile()

    assert writes == ["patch StatefulSet xxx", "patch GameServerSet xxx"]
    assert cluster.workload.spec.replicas == 2
    assert cluster.workload.spec.reserve_ordinals == (1, 3)
    assert cluster.gss.metadata.annotations["game.kruise.io/reserve-ids"] == "1"
    assert cluster.recorder.events == ["Normal Scale scale from 3 to 2"]
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]


def test_a_size_alone_needs_one_write() -> None:
    cluster = Cluster(a_set({"replicas": 5}), a_built(a_set()), *pods(0, 1, 2))

    assert cluster.reconcile() == ["patch StatefulSet xxx"]


def test_pods_that_only_carry_the_label_count_in_the_status_but_not_for_scaling() -> None:
    cluster = Cluster(a_set({"replicas": 2}), a_built(a_set()), *pods(0, 1, 2), a_pod("debug-9"))

    cluster.reconcile()
    cluster.reconcile()

    assert cluster.workload.spec.reserve_ordinals == (2,)
    assert cluster.status.current_replicas == 4


def test_nothing_is_told_of_a_scale_that_lost_the_race() -> None:
    cluster = Cluster(a_set({"replicas": 2}), a_built(a_set()), *pods(0, 1, 2))
    cluster.client.conflicts.add(AdvancedStatefulSet)

    with pytest.raises(Conflict):
        cluster.reconcile()

    assert cluster.recorder.events == []


RECLAIMING = {
    "gameServerTemplate": {
        "spec": {"containers": [{"name": "game"}]},
        "reclaimPolicy": "Delete",
    }
}


def a_member(id_: int, *, owner: str = "GameServerSet", **labels: str) -> GameServer:
    marks = {f"game.kruise.io/{key.replace('_', '-')}": value for key, value in labels.items()}
    meta = {
        "name": f"xxx-{id_}",
        "namespace": "games",
        "labels": {**LABELS, **marks},
        "ownerReferences": [
            {
                "apiVersion": "game.kruise.io/v1alpha1",
                "kind": owner,
                "name": "xxx",
                "uid": "u",
                "controller": True,
            }
        ],
    }
    return a_server({"metadata": meta})


def test_servers_that_outlive_pods_are_marked_before_the_workload_is_scaled() -> None:
    gss = a_set({**RECLAIMING, "replicas": 2})
    servers = [a_member(0), a_member(1, gs_deleting="true"), a_member(2), a_member(3)]
    cluster = Cluster(gss, a_built(a_set(RECLAIMING)), *pods(0, 1, 2), *servers)

    writes = cluster.reconcile()

    assert writes == [
        "patch GameServer xxx-1",
        "patch GameServer xxx-2",
        "patch GameServer xxx-3",
        "patch StatefulSet xxx",
    ]


def test_servers_that_die_with_their_pods_are_not_marked() -> None:
    server = a_member(1, owner="Pod")
    cluster = Cluster(a_set({"replicas": 1}), a_built(a_set()), *pods(0, 1), server)

    assert cluster.reconcile() == ["patch StatefulSet xxx"]


def test_a_killed_server_shrinks_the_set_and_goes_first() -> None:
    cluster = Cluster(
        a_set(), a_built(a_set()), a_pod("xxx-0"), a_pod("xxx-1", ops_state="Kill"), a_pod("xxx-2")
    )

    assert cluster.reconcile() == ["patch GameServerSet xxx"]
    assert cluster.reconcile() == ["patch StatefulSet xxx"]
    assert cluster.workload.spec.replicas == 2
    assert cluster.workload.spec.reserve_ordinals == (1,)
    assert cluster.gss.spec is not None
    assert cluster.gss.spec.reserve_game_server_ids == ()


def test_a_changed_template_is_written_once() -> None:
    changed = {"gameServerTemplate": {"spec": {"containers": [{"name": "game", "image": "new"}]}}}
    cluster = Cluster(a_set(changed), a_built(a_set()), *pods(0, 1, 2))

    assert cluster.reconcile() == ["patch StatefulSet xxx"]
    assert b'"image":"new"' in bytes(cluster.workload.spec.template)
    assert cluster.recorder.events == ["Normal UpdateWorkload updated Advanced StatefulSet"]
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]


def test_scaling_comes_before_a_changed_template() -> None:
    changed = {
        "replicas": 4,
        "gameServerTemplate": {"spec": {"containers": [{"name": "game", "image": "new"}]}},
    }
    cluster = Cluster(a_set(changed), a_built(a_set()), *pods(0, 1, 2))

    cluster.reconcile()

    assert cluster.workload.spec.replicas == 4
    assert b'"image":"new"' not in bytes(cluster.workload.spec.template)


def test_the_status_repeats_what_the_workload_reports() -> None:
    reported = StatefulSetStatus(ready_replicas=2, available_replicas=1, updated_replicas=3)
    workload = replace(a_built(a_set()), status=reported)
    cluster = Cluster(a_set(), workload, *pods(0, 1, 2))

    cluster.reconcile()

    assert cluster.status.ready_replicas == 2
    assert cluster.status.available_replicas == 1
    assert cluster.status.updated_replicas == 3
    assert cluster.status.current_replicas == 3
    assert cluster.status.wait_to_be_deleted_replicas == 0


UNREADABLE = {"replicas": 1, "reserveGameServerIds": ["9-2"]}
NO_CONTAINERS = "spec.gameServerTemplate.spec.containers: must list at least one container"
COMPLAINT = 'spec.reserveGameServerIds[0]: "9-2" ends before it starts; write "2-9"'


def test_a_list_that_cannot_be_read_never_scales_and_says_so_once() -> None:
    cluster = Cluster(a_set(UNREADABLE), a_built(a_set()), *pods(0, 1, 2))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.reconcile() == []
    assert cluster.workload.spec.replicas == 3
    assert {c.message for c in cluster.status.conditions} == {COMPLAINT}
    assert cluster.recorder.events == [f"Warning InvalidSpec {COMPLAINT}"]


def test_a_standing_problem_is_not_told_again_with_other_news() -> None:
    cluster = Cluster(a_set(UNREADABLE), a_built(a_set()), *pods(0, 1, 2))
    cluster.reconcile()
    cluster.client.put(a_pod("xxx-3"))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.recorder.events == [f"Warning InvalidSpec {COMPLAINT}"]


def test_nobody_is_killed_while_the_list_cannot_be_read() -> None:
    gss = a_set({**UNREADABLE, "replicas": 3})
    cluster = Cluster(gss, a_built(a_set()), *pods(0, 1), a_pod("xxx-2", ops_state="Kill"))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]


def test_a_list_that_cannot_be_read_stops_no_new_template() -> None:
    changed = {"gameServerTemplate": {"spec": {"containers": [{"name": "game", "image": "new"}]}}}
    cluster = Cluster(a_set({**UNREADABLE, **changed}), a_built(a_set()), *pods(0, 1, 2))

    assert cluster.reconcile() == ["patch StatefulSet xxx"]
    assert b'"image":"new"' in bytes(cluster.workload.spec.template)


def test_a_condition_goes_when_the_list_is_corrected() -> None:
    cluster = Cluster(a_set(UNREADABLE), a_built(a_set()), *pods(0, 1, 2))
    cluster.reconcile()
    corrected = replace(cluster.gss, spec=a_set().spec)
    cluster.client.put(corrected)

    cluster.reconcile()

    assert [c.reason for c in cluster.status.conditions] == ["Creating", "Creating"]


REFUSED = 'admission webhook "vstatefulset.kb.io" denied the request: only images may change'


@pytest.mark.parametrize("refusal", [Invalid, BadRequest])
@pytest.mark.parametrize(
    ("workload", "attempt"),
    [((), "create StatefulSet xxx"), ((a_built(a_set()),), "patch StatefulSet xxx")],
)
def test_what_openkruise_refuses_is_told_and_tried_again_later(
    refusal: type[ApiError], workload: tuple[Object, ...], attempt: str
) -> None:
    cluster = Cluster(a_set({"replicas": 5}), *workload)
    cluster.client.refusals[AdvancedStatefulSet] = refusal(422, "", REFUSED)

    results = [cluster.reconciler.reconcile(Context(), XXX) for _ in range(2)]

    assert results == [Result(requeue_after=timedelta(minutes=5))] * 2
    assert cluster.client.writes == [attempt, "patch GameServerSet/status xxx", attempt]
    assert {c.message for c in cluster.status.conditions} == {f"the workload: {REFUSED}"}
    assert cluster.recorder.events == [f"Warning InvalidSpec the workload: {REFUSED}"]


def test_what_was_refused_is_not_asked_again_for_every_pod_that_moves() -> None:
    cluster = Cluster(a_set({"replicas": 5}), a_built(a_set()))
    cluster.client.refusals[AdvancedStatefulSet] = Invalid(422, "", REFUSED)
    cluster.clock.lap = 1.0
    cluster.reconcile()
    cluster.client.put(a_pod("xxx-9"))

    again = cluster.reconcile()
    edited = replace(cluster.gss.metadata, generation=8)
    cluster.client.put(replace(cluster.gss, metadata=edited))
    after_an_edit = cluster.reconcile()

    assert again == ["patch GameServerSet/status xxx"]
    assert after_an_edit[0] == "patch StatefulSet xxx"
    assert {c.message for c in cluster.status.conditions} == {f"the workload: {REFUSED}"}


def test_a_quality_without_a_result_keeps_no_server_away() -> None:
    quality = {"name": "a", "containerName": "b", "permanent": True, "exec": {"command": ["c"]}}
    gss = a_set({"serviceQualities": [quality]})
    cluster = Cluster(gss, build_probe_marker(gss))

    assert cluster.reconcile() == ["create StatefulSet xxx"]
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert {c.reason for c in cluster.status.conditions} == {"InvalidSpec"}


def test_a_quality_that_openkruise_refuses_keeps_the_set_from_being_begun() -> None:
    quality = {"name": "a#b", "containerName": "game", "permanent": True}
    cluster = Cluster(a_set({"serviceQualities": [quality]}))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert {c.reason for c in cluster.status.conditions} == {"InvalidSpec"}


def test_a_template_that_makes_no_sense_makes_no_workload() -> None:
    cluster = Cluster(a_set({"gameServerTemplate": {"spec": {"containers": []}}}))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.recorder.events == [f"Warning InvalidSpec {NO_CONTAINERS}"]


def test_a_template_that_makes_no_sense_stops_no_scaling() -> None:
    broken = {"gameServerTemplate": {"metadata": {"labels": {"a": 1}}}, "replicas": 4}
    cluster = Cluster(a_set(broken), a_built(a_set()), *pods(0, 1, 2))

    assert cluster.reconcile() == ["patch StatefulSet xxx"]
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.workload.spec.replicas == 4


def a_complete(gss: GameServerSet) -> AdvancedStatefulSet:
    reported = StatefulSetStatus(
        observed_generation=1, ready_replicas=3, available_replicas=3, updated_replicas=3
    )
    return replace(a_built(gss), status=reported)


def test_a_complete_set_is_ready_and_left_in_peace() -> None:
    cluster = Cluster(a_set(), a_complete(a_set()), *pods(0, 1, 2))

    cluster.reconcile()

    assert [(c.type, c.status, c.reason) for c in cluster.status.conditions] == [
        ("Ready", "True", "Complete"),
        ("Progressing", "True", "Complete"),
    ]
    assert cluster.next_look is None
    assert cluster.reconcile() == []


def test_a_set_that_does_not_come_up_is_looked_at_again_and_stalls() -> None:
    cluster = Cluster(a_set(), a_built(a_set()), *pods(0, 1, 2))
    cluster.reconcile()
    first = cluster.next_look
    cluster.clock.time += timedelta(minutes=10)

    assert first == timedelta(seconds=30)
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert [c.reason for c in cluster.status.conditions][1:] == ["ProgressDeadlineExceeded"] * 2
    assert cluster.next_look is None
    assert cluster.reconcile() == []


def test_the_status_is_written_twice_a_second_at_most() -> None:
    cluster = Cluster(a_set(), a_built(a_set()), *pods(0, 1))
    cluster.clock.lap = 0.125
    cluster.reconcile()
    cluster.client.put(a_pod("xxx-2"))

    assert cluster.reconcile() == []
    assert cluster.next_look == timedelta(seconds=0.125)
    cluster.clock.lap = 0.375
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.status.current_replicas == 3


def test_a_problem_does_not_wait_for_its_turn() -> None:
    cluster = Cluster(a_set(), a_built(a_set()), *pods(0, 1, 2))
    cluster.clock.lap = 0.0
    cluster.reconcile()
    cluster.client.put(replace(cluster.gss, spec=a_set(UNREADABLE).spec))

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]


class Pruned(MemoryClient):
    """A server whose definition of sets knows no conditions."""

    def put(self, obj: O) -> O:
        if isinstance(obj, GameServerSet) and obj.status is not None:
            obj = replace(obj, status=replace(obj.status, conditions=()))
        return super().put(obj)


def test_conditions_that_the_server_drops_are_written_once() -> None:
    cluster = Cluster()
    client = Pruned(noted(a_set()), a_built(a_set()), *pods(0, 1, 2))
    cluster.client = client
    cluster.reconciler = GameServerSetReconciler(client, cluster.recorder, clock=cluster.clock)

    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]
    assert cluster.next_look is None
    assert cluster.reconcile() == []
    client.put(a_pod("xxx-3"))
    assert cluster.reconcile() == ["patch GameServerSet/status xxx"]


def test_a_mistake_is_told_once_and_at_its_pace_where_conditions_are_dropped() -> None:
    cluster = Cluster()
    client = Pruned(a_set(UNREADABLE), a_built(a_set()), *pods(0, 1, 2))
    cluster.client = client
    cluster.reconciler = GameServerSetReconciler(client, cluster.recorder, clock=cluster.clock)
    cluster.reconcile()
    cluster.clock.lap = 0.0
    cluster.reconcile()
    client.put(a_pod("xxx-3"))

    assert cluster.reconcile() == []
    assert cluster.recorder.events == [f"Warning InvalidSpec {COMPLAINT}"]


def test_the_controller_has_the_name_and_workers_people_know() -> None:
    host = Host()

    made = controller(host)

    assert host.components == [made.name]
    assert (made.name, made.workers) == ("gameserverset-controller", 10)


def test_a_set_is_looked_at_for_itself_its_pods_its_workload_and_its_probes() -> None:
    kinds = [watch.resource.resource_type.kind for watch in watches()]

    assert kinds == ["GameServerSet", "Pod", "StatefulSet", "PodProbeMarker"]


def test_probes_are_not_watched_where_they_do_not_exist() -> None:
    kinds = [
        watch.resource.resource_type.kind
        for watch in controller(Host(), markers=Markers.ABSENT).watches
    ]

    assert kinds == ["GameServerSet", "Pod", "StatefulSet"]


def test_servers_that_a_new_workload_has_no_use_for_are_marked() -> None:
    cluster = Cluster(a_set({**RECLAIMING, "replicas": 2}), a_member(0), a_member(2))

    assert cluster.reconcile() == ["create StatefulSet xxx", "patch GameServer xxx-2"]


def stored(gss: GameServerSet, generation: int) -> ApiClient:
    """Return a server's own word about a set."""
    server = FakeApiServer()
    server.put(replace(gss, metadata=replace(gss.metadata, generation=generation)))
    return ApiClient(server)


def test_nobody_is_removed_by_a_size_of_yesterday() -> None:
    live = stored(a_set({"replicas": 3}), 8)
    cluster = Cluster(a_set({"replicas": 1}), a_built(a_set()), *pods(0, 1, 2))
    reconciler = GameServerSetReconciler(
        cluster.client, cluster.recorder, clock=cluster.clock, live=live
    )

    with pytest.raises(Conflict, match="GameServerSet games/xxx has changed"):
        reconciler.reconcile(Context(), XXX)

    assert cluster.client.writes == []


def test_a_size_that_is_the_latest_is_acted_on() -> None:
    cluster = Cluster(a_set({"replicas": 1}), a_built(a_set()), *pods(0, 1, 2))
    reconciler = GameServerSetReconciler(
        cluster.client, cluster.recorder, clock=cluster.clock, live=stored(cluster.gss, 7)
    )

    reconciler.reconcile(Context(), XXX)

    assert cluster.client.writes[0] == "patch StatefulSet xxx"
