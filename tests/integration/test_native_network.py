"""Pods that the manager makes itself need no webhook: networks, and life without a manager."""

import time
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from integration.arena import Arena, ManagerProcess, in_place, names, running
from integration.hooked import Hooked, a_pod, open_hooked
from okg.api.admissionregistration import (
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
)
from okg.api.core import ConfigMap
from okg.api.game import GameServerSet
from okg.api.meta import Condition, OwnerReference
from okg.errors import ServerError
from okg.testing.eventually import eventually
from okg.testing.nodes import NodeSimulator
from okg.webhooks.certificates.configurations import MUTATING, VALIDATING
from okg.workload.native.network_note import is_note, noted_pod
from okg.workload.native.record import record_name, record_of
from okg.workload.ownership import controlled_by

pytestmark = pytest.mark.integration

NATIVE = "--workload-backend=native"
RECORDING = {"networkType": "Test-Recording"}
STATUS = "game.kruise.io/network-status"
READY = '{"currentNetworkState":"Ready"}'


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hooked]:
    folder = tmp_path_factory.mktemp("native-network")
    with (
        open_hooked(folder, kruise=False) as hooked,
        running(NodeSimulator(hooked.arena.admin).run),
    ):
        yield hooked


@pytest.fixture
def arena(hooked: Hooked) -> Arena:
    return hooked.arena


@pytest.fixture
def namespace(hooked: Hooked) -> str:
    return hooked.arena.namespace()


@contextmanager
def a_manager(hooked: Hooked) -> Generator[ManagerProcess]:
    with hooked.replica(NATIVE) as replica:
        yield replica.manager


def networks(arena: Arena, namespace: str) -> dict[str, str]:
    return {
        name: server.status.network_status.current_network_state
        for name, server in arena.servers(namespace).items()
    }


def freed(arena: Arena, namespace: str) -> dict[str, ConfigMap]:
    """What the plugin took back, by name and uid of the pod."""
    found = arena.admin.list(ConfigMap, namespace=namespace)
    return {
        c.metadata.name.removeprefix("freed-"): c
        for c in found
        if c.metadata.name.startswith("freed-")
    }


def uids(arena: Arena, namespace: str) -> dict[str, str]:
    return {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()}


def notes(arena: Arena, namespace: str) -> dict[str, str]:
    """State of the network in each note, by name of the pod."""
    found = arena.admin.list(ConfigMap, namespace=namespace)
    known = [noted_pod(c) for c in found if is_note(c)]
    return {pod.metadata.name: pod.metadata.annotations.get(STATUS, "") for pod in known}


def complaints(arena: Arena, namespace: str) -> tuple[Condition, ...]:
    """What stands against making pods of set ``a``, by its record."""
    record = arena.admin.get(ConfigMap, namespace, record_name("a"))
    assert record is not None
    return record_of(record).status.conditions


def test_networks_come_and_go_without_a_webhook_for_pods(
    hooked: Hooked, arena: Arena, namespace: str
) -> None:
    with a_manager(hooked):
        arena.create_set(namespace, "a", replicas=3, network=RECORDING)
        ready = dict.fromkeys(names("a", range(3)), "Ready")
        eventually(lambda: networks(arena, namespace) == ready, within=60)
        before = uids(arena, namespace)
        arena.edit_set(namespace, "a", {"replicas": 2})
        eventually(lambda: set(arena.pods(namespace)) == names("a", range(2)), within=30)
        eventually(lambda: set(notes(arena, namespace)) == names("a", range(2)), within=30)

    assert arena.admin.get(MutatingWebhookConfiguration, "", MUTATING) is None
    assert arena.admin.get(ValidatingWebhookConfiguration, "", VALIDATING) is not None
    [(name, record)] = freed(arena, namespace).items()
    assert name == f"a-2-{before['a-2']}"
    assert record.data["status"] == READY
    annotations = arena.pods(namespace)["a-0"].metadata.annotations
    assert "game.kruise.io/network-trigger-time" not in annotations


def test_what_a_plugin_refuses_is_told_and_keeps_no_other_set_waiting(
    hooked: Hooked, arena: Arena, namespace: str
) -> None:
    with a_manager(hooked):
        arena.create_set(namespace, "a", replicas=2, network={"networkType": "Test-Refusing"})
        events = eventually(lambda: arena.events(namespace, "parameterError"), within=30)
        arena.create_set(namespace, "b", replicas=2, network=RECORDING)
        eventually(lambda: arena.ready(namespace) == names("b", range(2)), within=30)
        [condition] = eventually(lambda: complaints(arena, namespace), within=10)

    assert set(arena.pods(namespace)) == names("b", range(2))
    assert "because of no port is free in 8000-8100" in events[0].message
    assert events[0].involved_object.kind == "GameServerSet"
    assert condition.message.endswith(": no port is free in 8000-8100")
    assert len(events) <= 4


def test_a_slow_plugin_makes_its_own_pods_late_and_no_others(
    hooked: Hooked, arena: Arena, namespace: str
) -> None:
    with a_manager(hooked):
        arena.create_set(namespace, "slow", replicas=12, network={"networkType": "Test-Slow"})
        eventually(lambda: len(notes(arena, namespace)) == 12, within=30)
        started = time.monotonic()
        arena.create_set(namespace, "quick", replicas=12, network={"networkType": "Test-Net"})
        eventually(lambda: arena.ready(namespace) >= names("quick", range(12)), within=60)
        took = time.monotonic() - started
        early = set(arena.pods(namespace))
        eventually(lambda: arena.events(namespace, "MutatingTimeout"), within=30)
        eventually(lambda: arena.ready(namespace) >= names("slow", range(12)), within=60)

    assert took < 11
    assert early == names("quick", range(12))
    slow = [p for name, p in arena.pods(namespace).items() if name.startswith("slow")]
    assert {pod.metadata.annotations[STATUS] for pod in slow} == {"{}"}


def test_networks_of_pods_that_went_while_no_manager_was_there_are_given_back(
    hooked: Hooked, arena: Arena, namespace: str
) -> None:
    with a_manager(hooked):
        arena.create_set(namespace, "a", replicas=2, network=RECORDING)
        arena.create_set(namespace, "b", replicas=2, network=RECORDING)
        servers = names("a", range(2)) | names("b", range(2))
        eventually(lambda: notes(arena, namespace) == dict.fromkeys(servers, READY), within=60)
    before = uids(arena, namespace)

    arena.admin.delete(arena.pods(namespace)["a-1"])
    arena.admin.delete(arena.get_set(namespace, "b"))
    eventually(lambda: set(arena.pods(namespace)) == {"a-0"}, within=60)
    freed_alone = freed(arena, namespace)
    with a_manager(hooked):
        gone = {f"{name}-{before[name]}" for name in ("a-1", "b-0", "b-1")}
        eventually(lambda: set(freed(arena, namespace)) == gone, within=30)
        eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=30)
        eventually(lambda: set(notes(arena, namespace)) == names("a", range(2)), within=30)

    assert freed_alone == {}
    assert uids(arena, namespace)["a-0"] == before["a-0"]
    assert {record.data["status"] for record in freed(arena, namespace).values()} == {READY}


def test_pods_can_be_made_changed_evicted_and_deleted_while_no_manager_is_there(
    hooked: Hooked, arena: Arena, namespace: str
) -> None:
    with a_manager(hooked):
        arena.create_set(namespace, "a", replicas=4, network=RECORDING, updateStrategy=in_place())
        eventually(lambda: arena.ready(namespace) == names("a", range(4)), within=60)
    before = uids(arena, namespace)
    pods = f"/api/v1/namespaces/{namespace}/pods"

    arena.admin.create(a_pod(namespace, "a-9"))
    labelled = arena.rest.call(
        "PATCH",
        f"{pods}/a-0",
        {"metadata": {"labels": {"who": "me"}}},
        content_type="application/merge-patch+json",
    )
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "a-1", "namespace": namespace},
    }
    arena.rest.call("POST", f"{pods}/a-1/eviction", eviction)
    arena.admin.delete(arena.pods(namespace)["a-2"])
    eventually(lambda: set(arena.pods(namespace)) == {"a-0", "a-3", "a-9"}, within=30)
    with a_manager(hooked):
        started = time.monotonic()
        eventually(lambda: set(arena.pods(namespace)) == names("a", range(4)), within=30)
        eventually(lambda: arena.ready(namespace) >= names("a", range(4)), within=30)
        took = time.monotonic() - started
        # The garbage collector takes its time with the server of the pod that was none of the set.
        eventually(lambda: arena.ready(namespace) == names("a", range(4)), within=60)

    assert "who" in str(labelled)
    after = uids(arena, namespace)
    assert {name for name, uid in after.items() if before[name] == uid} == {"a-0", "a-3"}
    assert took < 5


def test_a_new_pod_has_the_image_and_resources_of_its_server(
    hooked: Hooked, arena: Arena, namespace: str
) -> None:
    with a_manager(hooked):
        arena.create_set(namespace, "a", replicas=2)
        eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)
        own = {"name": "game", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}}}
        arena.edit_server(namespace, "a-1", {"metadata": {"ownerReferences": None}})
        arena.edit_server(namespace, "a-1", {"spec": {"containers": [own]}})
        before = uids(arena, namespace)
        arena.admin.delete(arena.pods(namespace)["a-1"])
        eventually(
            lambda: uids(arena, namespace).get("a-1", before["a-1"]) != before["a-1"], within=30
        )

    made = arena.pods(namespace)["a-1"].spec.containers[0]
    assert made.resources is not None
    assert (made.resources.limits, made.resources.requests) == ({"cpu": "1"}, {"cpu": "500m"})


def test_beside_openkruise_pods_of_sets_pass_the_webhook_and_others_wait_for_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with open_hooked(tmp_path_factory.mktemp("mixed")) as mixed:
        arena, namespace = mixed.arena, mixed.arena.namespace()
        with mixed.replica(NATIVE):
            gss = arena.create_set(namespace, "a", replicas=0)
        ours = a_pod(namespace, "a-0")
        ours = replace(ours, metadata=replace(ours.metadata, owner_references=_owner(gss)))

        made = arena.admin.create(ours)
        arena.admin.patch(
            made, replace(made, metadata=replace(made.metadata, annotations={"a": "b"}))
        )
        arena.admin.delete(made, grace_seconds=0)
        with pytest.raises(ServerError, match=r"failed calling webhook \"mgameserverset.kb.io\""):
            arena.admin.create(a_pod(namespace, "b-0"))

        assert arena.pods(namespace) == {}


def _owner(gss: GameServerSet) -> tuple[OwnerReference, ...]:
    return (controlled_by(gss),)
