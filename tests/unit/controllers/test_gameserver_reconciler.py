from datetime import timedelta

import msgspec
from msgspec.structs import replace

from okg.api.core import (
    Container,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource,
    Pod,
    ResourceRequirements,
    Volume,
)
from okg.api.game import GameServer
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.context import Context
from okg.controllers.backends import Backends, NativeBackend
from okg.controllers.gameserver import GameServerReconciler, controller, watches
from okg.controllers.gameserver.watches import node_health_changed
from okg.errors import Invalid
from okg.runtime.reconcile import Request, Result
from okg.workload.backend_choice import BackendName
from okg.workload.ownership import controlled_by
from okg.workload.statefulset import build_statefulset
from unit.controllers.host import Host
from unit.controllers.memory import MemoryClient, MemoryRecorder, SetClock
from unit.fleet import NOW, a_pod, a_server, a_set

XXX_0 = Request("games", "xxx-0")
NOBODYS = ObjectMeta(name="xxx-0", namespace="games")
NODE = Node(metadata=ObjectMeta(name="node-1"))
YOUNG = NOW - timedelta(seconds=1)
REST = Result(requeue_after=timedelta(seconds=2))
LONG_REST = Result(requeue_after=timedelta(seconds=9))


class Cluster:
    """A server, its pod and what both belong to."""

    def __init__(self, *objects: Object) -> None:
        self.client = MemoryClient(*objects)
        self.recorder = MemoryRecorder()
        self.clock = SetClock()
        self.reconciler = GameServerReconciler(self.client, self.recorder, clock=self.clock)
        native = {BackendName.NATIVE: NativeBackend(self.client)}
        self.resizer = GameServerReconciler(
            self.client,
            self.recorder,
            clock=self.clock,
            backends=Backends(native, lambda _: BackendName.NATIVE),
            resizing=True,
        )
        self.result: Result | None = None

    def reconcile(self) -> list[str]:
        """Run one pass and return the writes it made."""
        done = len(self.client.writes)
        self.result = self.reconciler.reconcile(Context(), XXX_0)
        return self.client.writes[done:]

    @property
    def server(self) -> GameServer:
        return self.client.expect(GameServer, "games/xxx-0")

    @property
    def pod(self) -> Pod:
        return self.client.expect(Pod, "games/xxx-0")


def test_a_server_costs_three_writes_from_its_pods_creation_until_it_is_ready() -> None:
    cluster = Cluster(a_set(), NODE)

    cluster.client.put(a_pod(phase="Pending", ready="", node="", ops_state="", created=YOUNG))
    unscheduled = cluster.reconcile(), cluster.result
    cluster.client.put(a_pod(phase="Pending", ready="", ops_state="", created=YOUNG))
    scheduled = cluster.reconcile(), cluster.result
    cluster.client.put(a_pod(ready="False", ops_state="", created=YOUNG))
    starting = cluster.reconcile(), cluster.result
    cluster.client.put(a_pod(ops_state="", created=YOUNG))
    ready = cluster.reconcile(), cluster.result

    assert unscheduled == ([], REST)
    assert scheduled == (["create GameServer xxx-0"], LONG_REST)
    assert starting == ([], LONG_REST)
    assert ready == (["patch Pod xxx-0", "patch GameServer/status xxx-0"], None)
    assert cluster.recorder.events == []
    assert cluster.server.status.current_state == "Ready"
    assert cluster.server.metadata.labels["game.kruise.io/node-name"] == "node-1"


def test_a_pod_that_takes_its_time_is_shown_creating() -> None:
    cluster = Cluster(a_set(), NODE, a_pod(phase="Pending", ready="", ops_state=""))

    writes = cluster.reconcile()

    assert writes == [
        "create GameServer xxx-0",
        "patch Pod xxx-0",
        "patch GameServer/status xxx-0",
    ]
    assert cluster.server.status.current_state == "Creating"


def test_progress_of_a_starting_pod_is_gathered_into_one_write() -> None:
    cluster = Cluster(a_set(), NODE, a_pod(phase="Pending", ready="", ops_state=""))
    cluster.reconcile()
    pod = cluster.pod
    cluster.client.put(replace(pod, status=replace(pod.status, pod_ip="10.0.0.1")))

    at_once = cluster.reconcile(), cluster.result
    cluster.clock.time = NOW + timedelta(seconds=3)
    later = cluster.reconcile(), cluster.result

    assert at_once == ([], Result(requeue_after=timedelta(seconds=3)))
    assert later == (["patch GameServer/status xxx-0"], None)


def test_a_settled_server_costs_nothing() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.reconcile()

    assert cluster.reconcile() == []
    assert cluster.result is None


def test_times_are_written_in_whole_seconds() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())

    cluster.reconcile()

    assert cluster.server.status.last_transition_time == NOW


def test_a_users_change_reaches_pod_and_status_in_one_pass() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.reconcile()
    changed = replace(cluster.server.spec, deletion_priority="100", ops_state="Maintaining")
    cluster.client.put(replace(cluster.server, spec=changed))

    writes = cluster.reconcile()

    assert writes == ["patch Pod xxx-0", "patch GameServer/status xxx-0"]
    assert cluster.server.status.deletion_priority == "100"
    assert cluster.recorder.events == [
        "Normal GsStateChanged DeletionPriority turn from 0 to 100 ",
        "Warning GsStateChanged OpsState turn from None to Maintaining ",
    ]


def test_nothing_is_told_of_a_pod_that_is_gone_by_now() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.reconcile()
    cluster.client.put(replace(cluster.pod, status=replace(cluster.pod.status, phase="Failed")))
    cluster.client.lag(Pod)
    cluster.client.remove(Pod, "games/xxx-0")

    writes = cluster.reconcile()

    assert writes == ["patch Pod xxx-0"]
    assert cluster.recorder.events == []


def test_a_change_of_the_templates_metadata_costs_one_write() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.reconcile()
    labelled = {
        "metadata": {"labels": {"app": "lobby"}},
        "spec": {"containers": [{"name": "game"}]},
    }
    cluster.client.put(a_set({"gameServerTemplate": labelled}))

    assert cluster.reconcile() == ["patch GameServer xxx-0"]
    assert cluster.server.metadata.labels["app"] == "lobby"
    assert cluster.reconcile() == []


def test_a_template_that_makes_no_sense_harms_no_server() -> None:
    broken = {"metadata": {"labels": {"a": 1}}, "spec": {"containers": []}}
    cluster = Cluster(a_set({"gameServerTemplate": broken}), NODE, a_pod())

    cluster.reconcile()

    assert cluster.server.status.current_state == "Ready"
    assert "game.kruise.io/gsTemplate-metadata-hash" not in cluster.server.metadata.annotations


def test_a_value_that_cannot_be_a_label_is_complained_about_once() -> None:
    cluster = Cluster(a_set(), NODE, a_pod(), a_server({"spec": {"opsState": "in use"}}))

    cluster.reconcile()
    cluster.reconcile()

    [event] = cluster.recorder.events
    assert event.startswith('Warning InvalidLabelValue spec.opsState: "in use" cannot be a label')
    assert cluster.pod.metadata.labels["game.kruise.io/gs-state"] == "Ready"


def test_a_missing_node_is_a_condition_and_an_event() -> None:
    cluster = Cluster(a_set(), a_pod())

    cluster.reconcile()

    assert [(c.type, c.status) for c in cluster.server.status.conditions] == [
        ("PodNormal", "True"),
        ("NodeNormal", "False"),
        ("PersistentVolumeNormal", "True"),
    ]
    assert cluster.recorder.events == [
        "Warning Node Not Found There is no node named node-1 in cluster"
    ]


def test_claims_are_followed_to_their_volumes() -> None:
    pod = a_pod()
    source = PersistentVolumeClaimVolumeSource(claim_name="data-xxx-0")
    volumes = (Volume(name="tmp"), Volume(name="data", persistent_volume_claim=source))
    claim = PersistentVolumeClaim(
        metadata=ObjectMeta(name="data-xxx-0", namespace="games"),
        spec=PersistentVolumeClaimSpec(volume_name="pv-1"),
    )
    lost = msgspec.convert(
        {"metadata": {"name": "pv-1"}, "status": {"reason": "Lost", "message": "disk gone"}},
        PersistentVolume,
    )
    with_volume = replace(pod, spec=replace(pod.spec, volumes=volumes))
    cluster = Cluster(a_set(), NODE, with_volume, claim, lost)

    cluster.reconcile()

    assert cluster.recorder.events == ["Warning Lost disk gone"]


def test_a_pod_without_a_set_gets_no_server() -> None:
    assert Cluster(a_pod()).reconcile() == []
    assert Cluster(a_pod(), replace(a_set(), spec=None)).reconcile() == []


def test_nothing_new_is_made_for_what_is_terminating() -> None:
    meta = replace(a_set().metadata, deletion_timestamp=NOW)

    assert Cluster(a_set(), a_pod(terminating=True)).reconcile() == []
    assert Cluster(replace(a_set(), metadata=meta), a_pod()).reconcile() == []


def test_a_terminating_pod_is_shown_deleting() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.reconcile()
    meta = replace(cluster.pod.metadata, deletion_timestamp=NOW)
    cluster.client.put(replace(cluster.pod, metadata=meta))

    cluster.reconcile()

    assert cluster.server.status.current_state == "Deleting"
    assert cluster.recorder.events == ["Normal GsStateChanged State turn from Ready to Deleting "]


def test_a_state_that_somebody_else_wrote_on_the_pod_is_told() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.reconcile()
    meta = cluster.pod.metadata
    labels = {
        "lifecycle.apps.kruise.io/state": "Updating",
        "game.kruise.io/gs-state": "Updating",
    }
    cluster.client.put(
        replace(cluster.pod, metadata=replace(meta, labels={**meta.labels, **labels}))
    )

    writes = cluster.reconcile()

    assert writes == ["patch GameServer/status xxx-0"]
    assert cluster.recorder.events == ["Normal GsStateChanged State turn from Ready to Updating "]


def test_the_server_of_an_earlier_pod_is_waited_for() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.reconcile()
    cluster.client.put(replace(a_pod(), metadata=replace(a_pod().metadata, uid="another")))

    assert cluster.reconcile() == []


def test_a_server_that_outlives_its_pod_serves_the_next_one() -> None:
    reclaiming = {
        "gameServerTemplate": {
            "spec": {"containers": [{"name": "game"}]},
            "reclaimPolicy": "Delete",
        }
    }
    cluster = Cluster(a_set(reclaiming), NODE, a_pod())
    cluster.reconcile()
    changed = replace(cluster.server.spec, deletion_priority=100)
    cluster.client.put(replace(cluster.server, spec=changed))
    cluster.client.put(replace(a_pod(), metadata=replace(a_pod().metadata, uid="another")))

    cluster.reconcile()

    assert cluster.server.status.deletion_priority == "100"
    assert cluster.pod.metadata.labels["game.kruise.io/gs-delete-priority"] == "100"


def a_lone_server(mark: str) -> GameServer:
    labels = {"game.kruise.io/gs-deleting": mark}
    return a_server({"metadata": {"name": "xxx-0", "namespace": "games", "labels": labels}})


def test_a_server_without_pod_goes_only_if_its_id_was_scaled_away() -> None:
    assert Cluster(a_set(), a_lone_server("true")).reconcile() == ["delete GameServer xxx-0"]
    assert Cluster(a_set(), a_lone_server("false")).reconcile() == []
    assert Cluster(a_set()).reconcile() == []


def test_a_marked_server_of_a_set_that_still_wants_its_id_is_looked_at_again() -> None:
    server = a_lone_server("true")
    owner = {"game.kruise.io/owner-gss": "xxx", "game.kruise.io/gs-deleting": "true"}
    owned = replace(server.metadata, labels=owner, owner_references=(controlled_by(a_set()),))
    server = replace(server, metadata=owned)
    cluster = Cluster(a_set(), build_statefulset(a_set()), server)

    assert cluster.reconcile() == []
    assert cluster.result == Result(requeue_after=timedelta(seconds=30))


def test_a_pod_that_is_nobodys_does_not_keep_a_server() -> None:
    cluster = Cluster(a_set(), a_lone_server("true"), replace(a_pod(), metadata=NOBODYS))

    assert cluster.reconcile() == ["delete GameServer xxx-0"]


def test_a_server_that_somebody_else_made_meanwhile_is_left_to_the_next_pass() -> None:
    cluster = Cluster(a_set(), NODE, a_pod())
    cluster.client.lag(GameServer)
    cluster.client.put(a_server())

    assert cluster.reconcile() == ["create GameServer xxx-0"]
    assert cluster.result is None


def test_a_marked_server_may_be_gone_already() -> None:
    cluster = Cluster(a_set(), a_lone_server("true"))
    cluster.client.lag(GameServer)
    cluster.client.remove(GameServer, "games/xxx-0")

    assert cluster.reconcile() == ["delete GameServer xxx-0"]


def test_the_controller_has_the_name_and_workers_people_know() -> None:
    host = Host()

    made = controller(host)

    assert host.components == [made.name]
    assert (made.name, made.workers) == ("gameserver-controller", 10)


def test_a_server_is_looked_at_for_itself_its_pod_and_its_node() -> None:
    kinds = [watch.resource for watch in watches(MemoryClient())]

    assert kinds == [GameServer, Pod, Node]


def a_node(status: str, heartbeat: str) -> Node:
    condition = {"type": "Ready", "status": status, "lastHeartbeatTime": heartbeat}
    document = {"metadata": {"name": "node-1"}, "status": {"conditions": [condition]}}
    return msgspec.json.decode(msgspec.json.encode(document), type=Node)


def test_a_node_matters_when_its_health_changes_or_it_goes() -> None:
    healthy, later = a_node("True", "2025-01-01T00:00:00Z"), a_node("True", "2025-01-01T00:05:00Z")
    sick = a_node("False", "2025-01-01T00:05:00Z")

    assert not node_health_changed(healthy, later)
    assert node_health_changed(healthy, sick)
    assert node_health_changed(healthy, None)
    assert not node_health_changed(None, healthy)


def with_cpu(amount: str, **fields: object) -> Pod:
    pod = a_pod(**fields)  # type: ignore[arg-type] # of a pod
    resources = ResourceRequirements(limits={"cpu": amount})
    game = Container(name="game", image="game:1", resources=resources)
    return replace(pod, spec=replace(pod.spec, containers=(game,)))


MORE_CPU = {"containers": [{"name": "game", "resources": {"limits": {"cpu": "2"}}}]}
RESIZE = "patch Pod/resize xxx-0"


def test_a_running_server_gets_the_amounts_it_asks_for_on_the_native_back_end() -> None:
    cluster = Cluster(a_set(), NODE, a_server({"spec": MORE_CPU}), with_cpu("1"))

    cluster.resizer.reconcile(Context(), XXX_0)

    assert RESIZE in cluster.client.writes
    resources = cluster.pod.spec.containers[0].resources
    assert resources is not None
    assert resources.limits == {"cpu": "2"}


def test_amounts_wait_for_the_next_pod_where_pods_cannot_be_resized_or_do_not_run() -> None:
    server = a_server({"spec": MORE_CPU})
    starting = Cluster(a_set(), NODE, server, with_cpu("1", phase="Pending", ready="False"))
    elsewhere = Cluster(a_set(), NODE, server, with_cpu("1"))

    starting.resizer.reconcile(Context(), XXX_0)
    elsewhere.reconciler.reconcile(Context(), XXX_0)

    assert RESIZE not in starting.client.writes
    assert RESIZE not in elsewhere.client.writes


def test_amounts_that_are_refused_are_told_once_and_keep_nothing_else_from_being_done() -> None:
    cluster = Cluster(a_set(), NODE, a_server({"spec": MORE_CPU}), with_cpu("1"))
    cluster.client.refused_subresources["resize"] = Invalid(422, "Invalid", "no")

    cluster.resizer.reconcile(Context(), XXX_0)
    cluster.resizer.reconcile(Context(), XXX_0)

    told = [event for event in cluster.recorder.events if "InvalidResources" in event]
    assert len(told) == 1
    assert cluster.server.status.current_state == "Ready"
