"""Service qualities and networks in the passes over a game server."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from msgspec.structs import replace

from okg.api.core import Node, Pod, PodCondition
from okg.api.game import GameServer, GameServerSet
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.context import Context
from okg.controllers.gameserver import GameServerReconciler
from okg.errors import Conflict, Forbidden
from okg.runtime.reconcile import Request, Result
from unit.controllers.memory import MemoryClient, MemoryRecorder, SetClock
from unit.fleet import NOW, a_pod, a_set

XXX_0 = Request("games", "xxx-0")
NODE = Node(metadata=ObjectMeta(name="node-1"))


class Cluster:
    """A server, its pod and what both belong to."""

    def __init__(self, *objects: Object) -> None:
        self.client = MemoryClient(NODE, *objects)
        self.recorder = MemoryRecorder()
        self.clock = SetClock()
        self.reconciler = GameServerReconciler(self.client, self.recorder, clock=self.clock)
        self.result: Result | None = None

    def reconcile(self, *, after: float = 0) -> list[str]:
        """Run one pass so many seconds later and return the writes it made."""
        done = len(self.client.writes)
        self.clock.time += timedelta(seconds=after)
        self.result = self.reconciler.reconcile(Context(), XXX_0)
        return self.client.writes[done:]

    @property
    def server(self) -> GameServer:
        return self.client.expect(GameServer, "games/xxx-0")

    @property
    def pod(self) -> Pod:
        return self.client.expect(Pod, "games/xxx-0")

    def probe(self, status: str, message: str = "") -> None:
        """Report a result as OpenKruise does."""
        pod = self.pod
        others = tuple(c for c in pod.status.conditions if c.type != "game.kruise.io/idle")
        seen = PodCondition(type="game.kruise.io/idle", status=status, message=message)
        changed = replace(pod.status, conditions=(*others, seen))
        self.client.put(replace(pod, status=changed))

    def annotate(self, **texts: str) -> None:
        """Note something on the pod as a plugin does."""
        noted = {f"game.kruise.io/{key.replace('_', '-')}": text for key, text in texts.items()}
        meta = self.pod.metadata
        annotations = {**meta.annotations, **noted}
        self.client.put(replace(self.pod, metadata=replace(meta, annotations=annotations)))


def probed_set(*actions: Mapping[str, object], permanent: bool = False) -> GameServerSet:
    quality = {
        "name": "idle",
        "containerName": "game",
        "permanent": permanent,
        "serviceQualityAction": [*actions],
    }
    return a_set({"serviceQualities": [quality]})


IDLE = {"state": True, "opsState": "WaitToBeDeleted", "labels": {"idle": "{{.Result}}"}}
BUSY = {"state": False, "opsState": "None"}
ALL_THREE = ["patch GameServer xxx-0", "patch Pod xxx-0", "patch GameServer/status xxx-0"]


def a_settled(gss: GameServerSet, pod: Pod | None = None) -> Cluster:
    cluster = Cluster(gss, pod or a_pod())
    cluster.reconcile()
    cluster.clock.time += timedelta(seconds=10)
    return cluster


def test_a_result_reaches_server_pod_and_status_in_one_pass_and_then_there_is_rest() -> None:
    cluster = a_settled(probed_set(IDLE, BUSY))
    cluster.probe("True", "yes")

    assert cluster.reconcile() == ALL_THREE
    assert cluster.server.spec.ops_state == "WaitToBeDeleted"
    assert cluster.server.metadata.labels["idle"] == "yes"
    assert cluster.pod.metadata.labels["game.kruise.io/gs-opsState"] == "WaitToBeDeleted"
    [condition] = cluster.server.status.service_qualities_conditions
    assert (condition.status, condition.result) == ("True", "yes")
    assert condition.last_action_transition_time == NOW + timedelta(seconds=10)
    assert cluster.recorder.events == [
        "Normal GsStateChanged OpsState turn from None to WaitToBeDeleted "
    ]
    assert cluster.reconcile() == []


def test_a_users_change_stays_until_the_result_changes() -> None:
    cluster = a_settled(probed_set(IDLE, BUSY))
    cluster.probe("True", "yes")
    cluster.reconcile()
    cluster.client.put(
        replace(cluster.server, spec=replace(cluster.server.spec, ops_state="Allocated"))
    )

    cluster.reconcile()
    kept = cluster.server.spec.ops_state
    cluster.probe("False")
    cluster.reconcile()

    assert kept == "Allocated"
    assert cluster.server.spec.ops_state == "None"


def test_a_user_who_changes_the_server_meanwhile_is_not_overwritten() -> None:
    cluster = a_settled(probed_set(IDLE))
    cluster.probe("True", "yes")
    cluster.client.lag(GameServer)
    edited = replace(cluster.server.spec, ops_state="Maintaining")
    cluster.client.put(replace(cluster.server, spec=edited))

    with pytest.raises(Conflict):
        cluster.reconcile()

    stored = cluster.client.objects[GameServer, "games/xxx-0"]
    assert isinstance(stored, GameServer)
    assert stored.spec.ops_state == "Maintaining"
    assert stored.status.service_qualities_conditions[0].status == ""
    assert cluster.recorder.events == []


def test_a_pod_that_cannot_be_written_does_not_keep_an_action_from_counting() -> None:
    cluster = a_settled(probed_set(IDLE))
    cluster.probe("True", "yes")
    cluster.client.refusals[Pod] = Forbidden(403, "Forbidden", "no address is left")

    with pytest.raises(Forbidden):
        cluster.reconcile()
    edited = replace(cluster.server.spec, ops_state="Allocated")
    cluster.client.put(replace(cluster.server, spec=edited))
    with pytest.raises(Forbidden):
        cluster.reconcile()

    assert cluster.server.spec.ops_state == "Allocated"
    assert cluster.server.status.service_qualities_conditions[0].status == "True"
    assert cluster.recorder.events == []


def test_what_a_plugin_refuses_is_a_condition_until_it_refuses_no_more() -> None:
    cluster = a_settled(probed_set(IDLE))
    cluster.probe("True", "yes")
    said = 'admission webhook "mgameserverset.kb.io" denied the request: no port is left'
    cluster.client.refusals[Pod] = Forbidden(403, "Forbidden", said)

    with pytest.raises(Forbidden):
        cluster.reconcile()
    told = {c.type: c.message for c in cluster.server.status.conditions if c.status == "False"}
    cluster.client.refusals.clear()
    cluster.reconcile()

    assert told == {"NetworkNormal": "no port is left"}
    assert [c.type for c in cluster.server.status.conditions if c.status == "False"] == []


def test_a_new_image_by_an_action_is_put_into_the_pod() -> None:
    action = {"state": True, "containers": [{"name": "game", "image": "game:{{.Result}}"}]}
    cluster = a_settled(probed_set(action))
    cluster.probe("True", "2")

    assert cluster.reconcile() == ALL_THREE
    assert [container.image for container in cluster.pod.spec.containers] == ["game:2"]


def test_a_value_that_cannot_be_used_is_told_once_and_freezes_nothing() -> None:
    action = {"state": True, "opsState": "{{.Result}}", "deletionPriority": 5}
    cluster = a_settled(probed_set(action))
    cluster.probe("True", "in use")

    writes = cluster.reconcile()
    again = cluster.reconcile()

    assert (writes, again) == (ALL_THREE, [])
    assert cluster.server.spec.deletion_priority == 5
    told = '"in use" cannot be the value of a label, which is left out'
    assert cluster.recorder.events == [
        "Normal GsStateChanged DeletionPriority turn from 0 to 5 ",
        f'Warning InvalidLabelValue service quality "idle", opsState: {told}',
    ]


def test_results_of_qualities_that_were_taken_out_go_from_the_status() -> None:
    cluster = a_settled(probed_set(IDLE))
    cluster.probe("True", "yes")
    cluster.reconcile()
    cluster.client.put(a_set())

    assert cluster.reconcile() == ["patch GameServer/status xxx-0"]
    assert cluster.server.status.service_qualities_conditions == ()


NETWORK = {
    "game.kruise.io/network-type": "Kubernetes-NodePort",
    "game.kruise.io/network-conf": "[]",
}


def networked() -> Pod:
    return a_pod(annotations=NETWORK)


READY = '{"currentNetworkState":"Ready","createTime":null,"lastTransitionTime":null}'
NOT_READY = '{"currentNetworkState":"NotReady","createTime":null,"lastTransitionTime":null}'
SOON = Result(requeue_after=timedelta(seconds=5))


def test_the_plugin_is_called_with_the_first_labels() -> None:
    cluster = Cluster(a_set(), networked())

    writes = cluster.reconcile()

    assert writes == [
        "create GameServer xxx-0",
        "patch Pod xxx-0",
        "patch GameServer/status xxx-0",
    ]
    triggered = cluster.pod.metadata.annotations["game.kruise.io/network-trigger-time"]
    assert triggered == "2025-01-02T03:04:05Z"
    network = cluster.server.status.network_status
    assert (network.desired_network_state, network.current_network_state) == ("Ready", "NotReady")
    assert cluster.result == SOON


def test_a_pod_that_starts_is_not_kept_from_its_network() -> None:
    young = a_pod(phase="Pending", ready="", created=NOW, annotations=NETWORK)
    cluster = Cluster(a_set(), young)

    assert "patch Pod xxx-0" in cluster.reconcile()


def test_a_wait_costs_one_write_each_time_and_ends() -> None:
    cluster = Cluster(a_set(), networked())
    cluster.reconcile()

    waiting = cluster.reconcile(after=5), cluster.result
    cluster.annotate(network_status=READY)
    ready = cluster.reconcile(after=5), cluster.result
    settled = cluster.reconcile(after=5), cluster.result

    assert waiting == (["patch Pod xxx-0"], SOON)
    assert ready == (["patch GameServer/status xxx-0"], None)
    assert settled == ([], None)
    assert cluster.recorder.events == []


def test_a_wait_that_was_in_vain_is_told_once_and_goes_on_slowly() -> None:
    cluster = Cluster(a_set(), networked())
    cluster.annotate(network_status=NOT_READY)
    cluster.reconcile()

    before = cluster.reconcile(after=59), cluster.result
    over = cluster.reconcile(after=1), cluster.result
    early = cluster.reconcile(after=58), cluster.result
    later = cluster.reconcile(after=1), cluster.result

    seldom = Result(requeue_after=timedelta(seconds=60))
    assert before == (["patch Pod xxx-0"], Result(requeue_after=timedelta(seconds=1)))
    assert over == early == ([], seldom)
    assert later == (["patch Pod xxx-0"], seldom)
    assert cluster.recorder.events == [
        "Warning GsNetworkState Network wait timeout: waited 1m0s, max 1m0s"
    ]


def test_a_plugin_that_gives_in_after_the_wait_is_called_at_the_pace_of_the_beginning() -> None:
    cluster = Cluster(a_set(), networked())
    cluster.annotate(network_status=NOT_READY)
    cluster.reconcile()
    said = 'admission webhook "mgameserverset.kb.io" denied the request: no port is left'
    cluster.client.refusals[Pod] = Forbidden(403, "Forbidden", said)
    for _ in range(2):
        with pytest.raises(Forbidden):
            cluster.reconcile(after=600)
    cluster.client.refusals.clear()

    given_in = cluster.reconcile(after=60), cluster.result
    again = cluster.reconcile(after=5), cluster.result

    assert given_in == (["patch Pod xxx-0", "patch GameServer/status xxx-0"], SOON)
    assert again == (["patch Pod xxx-0"], SOON)


def test_a_network_that_fails_later_is_waited_for_anew() -> None:
    cluster = Cluster(a_set(), networked())
    cluster.annotate(network_status=READY)
    cluster.reconcile()
    cluster.annotate(network_status=NOT_READY)

    failed = cluster.reconcile(after=3600), cluster.result
    again = cluster.reconcile(after=5), cluster.result

    assert failed == (["patch Pod xxx-0", "patch GameServer/status xxx-0"], SOON)
    assert again == (["patch Pod xxx-0"], SOON)


def test_disabling_a_network_is_told_with_the_label() -> None:
    cluster = Cluster(a_set(), networked())
    cluster.annotate(network_status=READY)
    cluster.reconcile()
    spec = replace(cluster.server.spec, network_disabled=True)
    cluster.client.put(replace(cluster.server, spec=spec))

    writes = cluster.reconcile(after=30)

    assert writes == ["patch Pod xxx-0", "patch GameServer/status xxx-0"]
    assert cluster.pod.metadata.labels["game.kruise.io/network-disabled"] == "true"
    assert cluster.server.status.network_status.desired_network_state == "NotReady"
    assert cluster.result == SOON
