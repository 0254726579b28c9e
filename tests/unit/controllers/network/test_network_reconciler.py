"""The networks of pods that we make ourselves."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from okg.api.core import ConfigMap, Pod
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context
from okg.errors import Conflict
from okg.runtime.reconcile import Request, Result
from okg.workload.names import NETWORK_CONF
from okg.workload.native.network_note import noted_pod
from okg.workload.native.record import record_name
from okg.workload.ownership import controlled_by
from unit.controllers.network.network_cluster import NETWORK, STATUS, NetworkCluster
from unit.fleet import a_pod
from unit.webhooks.plugins import Answer

READY = '{"currentNetworkState":"Ready"}'
NOT_READY = '{"currentNetworkState":"NotReady"}'
XXX_0 = Request("games", "xxx-0")


def says(*statuses: str) -> Answer:
    """Answer with one status after the other, the last one for ever."""
    left = list(statuses)

    def answer(_ctx: Context, pod: Pod) -> Pod:
        status = left.pop(0) if len(left) > 1 else left[0]
        annotations = {**pod.metadata.annotations, STATUS: status}
        return replace(pod, metadata=replace(pod.metadata, annotations=annotations))

    return answer


def same(_ctx: Context, pod: Pod) -> Pod:
    return pod


def made(replicas: int = 1, answer: Answer = same) -> NetworkCluster:
    """Return a cluster whose pods are made, and whose plugin has forgotten that."""
    cluster = NetworkCluster(replicas, answer)
    cluster.make()
    cluster.plugin.calls.clear()
    return cluster


def after(seconds: float) -> Result:
    return Result(requeue_after=timedelta(seconds=seconds))


# A pod that lives.


def test_a_plugin_writes_what_it_wants_and_is_asked_on_until_it_wants_nothing_else() -> None:
    cluster = made(answer=says(NOT_READY, NOT_READY, READY))

    cluster.look()
    cluster.look()
    cluster.clock.advance(5)
    cluster.look()
    changed = cluster.look()
    paced = cluster.look()
    cluster.clock.advance(1)
    cluster.look()
    settled = cluster.look()

    assert cluster.network_of(0) == READY
    assert changed == after(0)
    assert paced == after(0.5)
    assert settled is None
    assert cluster.plugin.calls == ["updated xxx-0"] * 3


def test_a_plugin_that_wants_nothing_else_costs_no_write() -> None:
    cluster = made(answer=says(READY))
    cluster.look()
    cluster.server.requests.clear()

    assert cluster.look() is None

    assert cluster.server.requests.calls == []


def test_a_plugin_that_never_settles_is_paced() -> None:
    cluster = made(answer=says(*(f'{{"currentNetworkState":"{n}"}}' for n in range(1000))))

    for _ in range(600):
        cluster.look()
        cluster.clock.advance(0.1)

    assert len(cluster.plugin.calls) < 10


def test_a_network_that_is_not_as_it_should_be_is_looked_at_again_and_later_seldom() -> None:
    cluster = made(answer=says(NOT_READY))
    cluster.look()

    first = cluster.look()
    cluster.look()
    second = cluster.look()

    assert first == after(5)
    assert second == after(60)


def test_a_pod_that_changed_while_its_plugin_thought_is_asked_about_anew() -> None:
    cluster = made(answer=says(NOT_READY, READY))
    cluster.look()
    cluster.merge(cluster.pods[0], metadata={"labels": {"a": "b"}})

    with pytest.raises(Conflict):
        cluster.look()

    assert cluster.pods[0].metadata.labels["a"] == "b"


def test_a_failure_is_told_on_the_pod_and_tried_again_after_a_pause() -> None:
    def fail(_ctx: Context, pod: Pod) -> Pod:
        raise PluginError(PluginErrorType.API_CALL, "the cloud is away")

    cluster = NetworkCluster(1, same)
    cluster.make()
    cluster.plugin._answer = fail
    cluster.recorder.events.clear()

    cluster.look()
    first = cluster.look()
    cluster.look()

    assert first == after(0.5)
    assert cluster.recorder.events == [
        "Warning apiCallError Failed to UPDATE pod games/xxx-0 ,because of the cloud is away"
    ]


def test_what_a_plugin_fails_with_is_passed_on_and_that_it_does_so_no_longer() -> None:
    cluster = made(answer=says(READY))
    cluster.look()
    cluster.look()
    cluster.told.clear()

    def fail(_ctx: Context, pod: Pod) -> Pod:
        raise PluginError(PluginErrorType.PARAMETER, "no port is left")

    cluster.plugin._answer = fail
    cluster.merge(cluster.pods[0], metadata={"annotations": {NETWORK_CONF: '[{"name":"a"}]'}})
    cluster.look()
    cluster.look()
    cluster.plugin._answer = same
    cluster.merge(cluster.pods[0], metadata={"annotations": {NETWORK_CONF: "[]"}})
    cluster.look()
    cluster.look()

    assert cluster.told == [(XXX_0, "no port is left"), (XXX_0, "")]


def test_the_note_of_a_pod_follows_its_uid_and_its_network() -> None:
    cluster = made(answer=says(READY))

    cluster.look()
    uid_noted = cluster.notes
    cluster.look()
    cluster.look()
    note = cluster.server.get(ConfigMap, "games", "xxx-0-network")

    assert uid_noted == {"xxx-0-network": cluster.pods[0].metadata.uid}
    assert note is not None
    assert note.metadata.owner_references == ()
    assert noted_pod(note).metadata.annotations[STATUS] == READY


@pytest.mark.parametrize(
    "annotations", [{}, {"game.kruise.io/network-type": "Test-Unknown"}], ids=["none", "unknown"]
)
def test_a_pod_without_a_network_is_left_alone(annotations: dict[str, str]) -> None:
    cluster = made()
    cluster.server.put(
        replace(
            a_pod("xxx-7", annotations=annotations),
            metadata=replace(
                a_pod("xxx-7", annotations=annotations).metadata,
                owner_references=(controlled_by(cluster.gss),),
            ),
        )
    )

    assert cluster.look(7) is None

    assert cluster.plugin.calls == []


def test_a_pod_that_somebody_else_makes_is_left_to_the_webhook() -> None:
    cluster = made()
    cluster.server.put(a_pod("xxx-7", annotations=NETWORK))

    assert cluster.look(7) is None

    assert cluster.plugin.calls == []


# A pod that goes or is gone.


def test_a_network_is_given_back_once_when_its_pod_goes() -> None:
    cluster = made()
    cluster.look()
    cluster.look()
    cluster.plugin.calls.clear()
    cluster.merge(cluster.pods[0], metadata={"finalizers": ["a/b"]})
    cluster.delete_pod(0)

    cluster.look()
    cluster.look()
    cluster.look()

    assert cluster.plugin.calls == ["deleted xxx-0"]
    assert cluster.notes == {}


def test_a_network_is_given_back_of_a_pod_that_went_while_no_manager_was_there() -> None:
    seen: list[Pod] = []

    def see(_ctx: Context, pod: Pod) -> Pod:
        seen.append(pod)
        return pod

    cluster = made(answer=says(READY))
    cluster.look()
    cluster.look()
    cluster.look()
    before = cluster.pods[0]
    cluster.server.remove(before)
    cluster.plugin._answer = see
    cluster.restart()

    cluster.look()
    cluster.look()

    [told] = seen
    assert cluster.notes == {}
    assert told.metadata.uid == before.metadata.uid
    assert told.metadata.labels["game.kruise.io/owner-gss"] == "xxx"
    assert told.metadata.annotations[STATUS] == READY
    assert told.spec == before.spec


def test_a_network_is_given_back_although_the_set_went_with_the_pod() -> None:
    cluster = made()
    cluster.look()
    cluster.server.remove(cluster.pods[0])
    cluster.server.remove(cluster.record)
    cluster.server.remove(cluster.gss)
    cluster.restart()

    cluster.look()
    cluster.look()

    assert cluster.plugin.calls == ["deleted xxx-0"]
    assert cluster.notes == {}


def test_a_pod_is_not_made_again_before_its_network_is_given_back() -> None:
    cluster = made()
    cluster.look()
    cluster.server.remove(cluster.pods[0])
    cluster.restart()

    cluster.make()
    waiting = cluster.pods
    [condition] = cluster.status.conditions
    cluster.look()
    cluster.look()
    cluster.make()

    assert waiting == {}
    assert condition.message == (
        "pod xxx-0: waiting until the network of the pod before it is given back"
    )
    assert cluster.plugin.calls == ["deleted xxx-0", "added xxx-0"]
    assert sorted(cluster.pods) == [0]


def test_a_network_that_cannot_be_given_back_is_told_and_tried_again() -> None:
    def fail(_ctx: Context, _pod: Pod) -> Pod:
        raise PluginError(PluginErrorType.RETRY, "still in use")

    cluster = made()
    cluster.look()
    cluster.server.remove(cluster.pods[0])
    cluster.plugin._answer = fail
    cluster.restart()

    cluster.look()
    told = cluster.look()
    cluster.clock.advance(0.5)
    cluster.look()

    assert told == after(0.5)
    assert cluster.plugin.calls == ["deleted xxx-0"] * 2
    assert len(cluster.notes) == 1
    assert cluster.recorder.events[-1] == (
        "Warning retryError Failed to DELETE pod games/xxx-0 ,because of still in use"
    )


def test_the_network_of_an_earlier_pod_of_the_name_is_given_back_first() -> None:
    cluster = made()
    cluster.look()
    cluster.look()
    cluster.plugin.calls.clear()
    first = cluster.pods[0]
    cluster.server.remove(first)
    cluster.server.put(replace(first, metadata=replace(first.metadata, uid="another")))

    cluster.look()
    cluster.look()
    cluster.look()

    assert cluster.plugin.calls == ["deleted xxx-0", "updated xxx-0"]
    assert cluster.notes == {"xxx-0-network": "another"}


def test_a_pod_that_the_cache_alone_does_not_show_is_not_taken_for_gone() -> None:
    cluster = made()
    cluster.look()
    cluster.look()
    cluster.plugin.calls.clear()
    cluster.client.hidden.add("xxx-0")

    cluster.look()

    assert cluster.plugin.calls == []


def test_a_network_whose_plugin_is_gone_is_given_up_with_a_word_in_the_log() -> None:
    cluster = made()
    cluster.look()
    cluster.server.remove(cluster.pods[0])
    cluster.plugin.name = "Test-Other"
    cluster.restart()

    with capture_logs() as logs:
        cluster.look()

    assert cluster.notes == {}
    assert [line["event"] for line in logs] == [
        "no plugin is there to give back the network of a pod"
    ]


def test_a_note_that_somebody_damaged_still_leads_to_the_plugin() -> None:
    cluster = made()
    cluster.look()
    cluster.look()
    cluster.plugin.calls.clear()
    note = cluster.server.get(ConfigMap, "games", "xxx-0-network")
    assert note is not None
    cluster.server.remove(cluster.pods[0])
    cluster.server.put(replace(note, data={"pod": "{"}))

    cluster.look()
    cluster.look()

    assert cluster.plugin.calls == ["deleted xxx-0"]


# A pod that is about to be made.


def test_a_pod_that_is_still_to_be_made_is_waited_for() -> None:
    cluster = NetworkCluster()
    cluster.reconcile()
    cluster.desk.join()

    assert cluster.look() == after(30)

    assert cluster.plugin.calls == ["added xxx-0"]


@pytest.mark.parametrize("gone", ["set", "id"])
def test_what_a_pod_was_to_have_is_given_back_if_it_is_not_to_be_made_after_all(gone: str) -> None:
    cluster = NetworkCluster()
    cluster.reconcile()
    cluster.desk.join()
    changes = {
        "set": lambda: cluster.server.remove(cluster.gss),
        "id": lambda: cluster.edit(replicas=0),
    }

    changes[gone]()
    cluster.look()
    cluster.look()

    assert cluster.plugin.calls == ["added xxx-0", "deleted xxx-0"]
    assert cluster.notes == {}


def test_a_record_that_cannot_be_read_gives_nothing_back() -> None:
    cluster = NetworkCluster()
    cluster.reconcile()
    cluster.desk.join()
    record = cluster.server.get(ConfigMap, "games", record_name("xxx"))
    assert record is not None
    cluster.server.put(replace(record, data={"workload": "{"}))

    assert cluster.look() == after(30)
