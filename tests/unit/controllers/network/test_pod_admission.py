"""What a pod that we make gets before it is made."""

import threading
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from structlog.testing import capture_logs

from okg.api.core import ConfigMap, Pod, PodReadinessGate, ResourceRequirements
from okg.api.game import GameServer, GameServerContainer, GameServerSpec
from okg.api.meta import ObjectMeta
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context
from okg.runtime.reconcile import Result
from okg.testing.apiserver.faults import Refuse
from unit.controllers.network.network_cluster import NETWORK, NetworkCluster
from unit.controllers.workload.native_cluster import XXX, NativeCluster, template
from unit.webhooks.plugins import annotate


def a_server(**container: Any) -> GameServer:
    return GameServer(
        metadata=ObjectMeta(name="xxx-0", namespace="games"),
        spec=GameServerSpec(containers=(GameServerContainer(name="game", **container),)),
    )


def stored(cluster: NativeCluster, number: int = 0) -> Any:
    """Return the whole pod as the server has it."""
    return cluster.server.tree(Pod.resource_type, "games", f"xxx-{number}")


def fail(_ctx: Context, pod: Pod) -> Pod:
    raise PluginError(PluginErrorType.PARAMETER, f"no port for {pod.metadata.name}")


def fail_for_the_first(ctx: Context, pod: Pod) -> Pod:
    return fail(ctx, pod) if pod.metadata.name == "xxx-0" else annotate(ctx, pod)


def test_a_new_pod_has_the_image_and_resources_of_its_server_and_all_else_of_its_template() -> None:
    cluster = NativeCluster({"replicas": 2})
    novelty = template("game:1")
    novelty["spec"]["containers"][0] |= {  # type: ignore[index] # JSON
        "aFieldOfTheFuture": 1,
        "resources": {"limits": {"cpu": "4", "gpu": "1"}},
    }
    cluster.edit(template=novelty)
    cluster.server.put(a_server(image="game:9", resources=ResourceRequirements(limits={"cpu": 1})))

    cluster.reconcile()

    [container] = stored(cluster)["spec"]["containers"]
    assert container["image"] == "game:9"
    assert container["aFieldOfTheFuture"] == 1
    assert container["resources"] == {"limits": {"cpu": 1, "gpu": "1"}}
    assert stored(cluster, 1)["spec"]["containers"][0]["image"] == "game:1"


def test_a_pod_with_a_network_is_made_as_its_plugin_wants_it() -> None:
    def gate(ctx: Context, pod: Pod) -> Pod:
        gates = (*pod.spec.readiness_gates, PodReadinessGate(condition_type="net/ready"))
        return annotate(ctx, replace(pod, spec=replace(pod.spec, readiness_gates=gates)))

    cluster = NetworkCluster(answer=gate)

    cluster.make()

    assert cluster.plugin.calls == ["added xxx-0"]
    assert cluster.network_of(0) == "{}"
    assert [g["conditionType"] for g in stored(cluster)["spec"]["readinessGates"]] == [
        "InPlaceUpdateReady",
        "KruisePodReady",
        "net/ready",
    ]
    assert cluster.woken == [XXX]


def test_what_a_plugin_hears_of_is_noted_first() -> None:
    noted: list[bool] = []

    def look(_ctx: Context, pod: Pod) -> Pod:
        noted.append(cluster.notes == {"xxx-0-network": ""})
        return pod

    cluster = NetworkCluster(answer=look)

    cluster.make()

    assert noted == [True]
    assert sorted(cluster.pods) == [0]


def test_a_plugin_is_not_heard_of_where_the_note_cannot_be_written() -> None:
    cluster = NetworkCluster()
    cluster.server.put(ConfigMap(metadata=ObjectMeta(name="xxx-0-network", namespace="games")))

    cluster.reconcile()

    assert cluster.plugin.calls == []
    [condition] = cluster.status.conditions
    assert condition.message.startswith("pod xxx-0: config map xxx-0-network is in the way")


def test_what_a_plugin_refuses_is_a_failure_of_that_pod_alone() -> None:
    cluster = NetworkCluster(3, fail_for_the_first)

    cluster.make()

    assert sorted(cluster.pods) == [1, 2]
    assert [(c.type, c.message) for c in cluster.status.conditions] == [
        ("FailedCreatePod", "pod xxx-0: no port for xxx-0")
    ]
    refusals = [line for line in cluster.recorder.events if "Warning" in line]
    assert refusals == [
        "Warning parameterError Failed to CREATE pod games/xxx-0 ,because of no port for xxx-0"
    ]


def test_a_plugin_that_refuses_is_asked_again_after_a_pause_that_grows() -> None:
    cluster = NetworkCluster(1, fail)

    for _ in range(40):
        cluster.reconcile()
        cluster.desk.join()

    assert cluster.plugin.calls == ["added xxx-0"] * 7
    assert len(cluster.recorder.events) == 7


def test_a_plugin_that_breaks_is_a_failure_too() -> None:
    def breaks(_ctx: Context, _pod: Pod) -> Pod:
        raise KeyError("port")

    cluster = NetworkCluster(1, breaks)

    with capture_logs():
        cluster.make()

    assert cluster.recorder.events == [
        (
            "Warning internalError Failed to CREATE pod games/xxx-0 ,because of"
            " plugin Test-Net failed: KeyError: 'port'"
        )
    ]


class Slow:
    """A plugin whose answer comes when a test says so."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def __call__(self, ctx: Context, pod: Pod) -> Pod:
        self.answers.wait(10)
        return annotate(ctx, pod)


def test_a_pod_is_made_when_its_plugin_has_answered_however_late() -> None:
    slow = Slow()
    cluster = NetworkCluster(1, slow)

    first = cluster.reconcile()
    cluster.clock.advance(20)
    late = cluster.reconcile()
    condition = cluster.status.conditions
    cluster.reconcile()
    slow.answers.set()
    cluster.desk.join()
    cluster.reconcile()

    assert first == Result(requeue_after=timedelta(seconds=8))
    assert late == Result(requeue_after=timedelta(minutes=5))
    assert [c.message for c in condition] == [
        "pod xxx-0: plugin Test-Net has not answered yet",
    ]
    assert cluster.plugin.calls == ["added xxx-0"]
    assert cluster.network_of(0) == "{}"
    assert [line for line in cluster.recorder.events if "Warning" in line] == [
        (
            "Warning MutatingTimeout pod games/xxx-0 is not made yet:"
            " plugin Test-Net has not answered yet"
        )
    ]
    assert cluster.status.conditions == ()


def test_a_plugin_that_gives_up_when_it_is_told_to_is_asked_again() -> None:
    def give_up(ctx: Context, pod: Pod) -> Pod:
        ctx.wait()
        ctx.check()
        return pod

    cluster = NetworkCluster(1, give_up)

    cluster.reconcile()
    cluster.clock.until_waiting(1)
    cluster.clock.advance(60)
    cluster.desk.join()
    cluster.reconcile()
    cluster.reconcile()
    cluster.clock.until_waiting(1)
    cluster.desk.close()

    assert cluster.plugin.calls == ["added xxx-0", "added xxx-0"]
    assert (
        "Warning retryError Failed to CREATE pod games/xxx-0 ,because of"
        " plugin Test-Net has no answer after 60 s"
    ) in cluster.recorder.events


def test_an_answer_for_another_revision_is_not_used() -> None:
    cluster = NetworkCluster()
    cluster.reconcile()
    cluster.desk.join()
    changed = template("game:2")
    changed["metadata"] = {**changed["metadata"], "annotations": NETWORK}  # type: ignore[dict-item] # JSON

    cluster.edit(template=changed)
    cluster.reconcile()
    cluster.desk.join()
    cluster.reconcile()

    assert cluster.plugin.calls == ["added xxx-0", "added xxx-0"]
    assert cluster.images == {0: "game:2"}


def test_nothing_is_asked_before_the_plugins_have_started() -> None:
    cluster = NetworkCluster()
    cluster.desk._start._done.clear()

    result = cluster.reconcile()

    assert cluster.plugin.calls == []
    assert result == Result(requeue_after=timedelta(seconds=1))


def test_a_pod_whose_plugin_is_not_there_is_made_without_a_network() -> None:
    cluster = NetworkCluster()
    cluster.plugin.name = "Test-Other"
    cluster.restart()

    cluster.reconcile()

    assert sorted(cluster.pods) == [0]
    assert cluster.notes == {}


def test_a_pod_that_could_not_be_made_is_made_with_another_answer() -> None:
    cluster = NetworkCluster()
    cluster.reconcile()
    cluster.desk.join()
    cluster.server.faults.inject(Refuse(status=422, reason="Invalid"), resource="pods", times=1)

    cluster.reconcile()
    refused = cluster.pods
    cluster.make()

    assert refused == {}
    assert cluster.plugin.calls == ["added xxx-0", "added xxx-0"]
    assert cluster.network_of(0) == "{}"
