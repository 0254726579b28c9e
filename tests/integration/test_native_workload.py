"""The pods of a set on a cluster without OpenKruise."""

from collections.abc import Generator

import pytest

from integration.arena import in_place, names, template
from integration.native import MortalTransport, NativeArena, open_native_arena
from okg.api.core import PersistentVolumeClaim, Pod
from okg.api.game import GameServerSet
from okg.testing.eventually import eventually
from okg.workload.native.membership import released

pytestmark = pytest.mark.integration

RECREATE = {"rollingUpdate": {"podUpdatePolicy": "ReCreate", "maxUnavailable": 2, "partition": 3}}
DATA = [
    {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Generator[NativeArena]:
    with open_native_arena(tmp_path_factory.mktemp("native")) as arena:
        yield arena


@pytest.fixture
def namespace(plane: NativeArena) -> str:
    return plane.namespace()


@pytest.fixture
def controller(plane: NativeArena) -> Generator[None]:
    with plane.controller():
        yield


def uids(plane: NativeArena, namespace: str) -> dict[str, str]:
    return {name: pod.metadata.uid for name, pod in plane.pods(namespace).items()}


def claims(plane: NativeArena, namespace: str) -> dict[str, str]:
    found = plane.admin.list(PersistentVolumeClaim, namespace=namespace)
    return {claim.metadata.name: claim.metadata.uid for claim in found}


@pytest.mark.usefixtures("controller")
def test_a_set_grows_and_shrinks_around_reserved_ids(plane: NativeArena, namespace: str) -> None:
    plane.create_native(namespace, "a", replicas=0)

    plane.edit_workload(namespace, replicas=20)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(20)), within=60)
    before = uids(plane, namespace)
    plane.edit_workload(namespace, replicas=5, reserveOrdinals=["0-2", 5])

    eventually(lambda: set(plane.pods(namespace)) == names("a", [3, 4, 6, 7, 8]), within=60)
    eventually(lambda: plane.workload(namespace).status.available_replicas == 5, within=30)
    after = uids(plane, namespace)
    assert after == {name: before[name] for name in after}
    status = plane.workload(namespace).status
    assert (status.replicas, status.updated_ready_replicas) == (5, 5)
    assert status.observed_generation == 3


@pytest.mark.usefixtures("controller")
def test_pods_carry_what_game_servers_and_plugins_look_for(
    plane: NativeArena, namespace: str
) -> None:
    plane.create_native(namespace, "a", replicas=1, serviceName="lobby")

    eventually(lambda: plane.ready_pods(namespace) == {"a-0"}, within=60)

    path = f"/api/v1/namespaces/{namespace}/pods/a-0"
    pod = plane.rest.get(path)
    spec, meta = pod["spec"], pod["metadata"]
    assert isinstance(spec, dict)
    assert isinstance(meta, dict)
    assert (spec["hostname"], spec["subdomain"]) == ("a-0", "lobby")
    assert meta["labels"] | {"controller-revision-hash": ""} == {
        "app": "game",
        "game.kruise.io/owner-gss": "a",
        "statefulset.kubernetes.io/pod-name": "a-0",
        "apps.kubernetes.io/pod-index": "0",
        "controller-revision-hash": "",
        "lifecycle.apps.kruise.io/state": "Normal",
    }


@pytest.mark.usefixtures("controller")
def test_a_pod_that_is_deleted_comes_back(plane: NativeArena, namespace: str) -> None:
    plane.create_native(namespace, "a", replicas=3)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(3)), within=60)
    before = uids(plane, namespace)

    plane.admin.delete(plane.pods(namespace)["a-1"])

    eventually(lambda: uids(plane, namespace).get("a-1", before["a-1"]) != before["a-1"], within=30)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(3)), within=60)
    after = uids(plane, namespace)
    assert (after["a-0"], after["a-2"]) == (before["a-0"], before["a-2"])


@pytest.mark.usefixtures("controller")
def test_an_update_by_replacement_keeps_to_partition_and_limit(
    plane: NativeArena, namespace: str
) -> None:
    plane.create_native(namespace, "a", replicas=8, updateStrategy=RECREATE)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(8)), within=60)
    fewest = [8]

    plane.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
    plane.update_template(namespace)

    def is_done() -> bool:
        fewest.append(len(plane.ready_pods(namespace)))
        return updated(plane, namespace) == names("a", range(3, 8))

    eventually(is_done, within=90)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(8)), within=60)
    assert min(fewest) >= 6
    assert updated(plane, namespace) == names("a", range(3, 8))


@pytest.mark.usefixtures("controller")
def test_a_new_image_reaches_the_pods_in_place(plane: NativeArena, namespace: str) -> None:
    plane.create_native(
        namespace, "a", replicas=4, updateStrategy=in_place(maxUnavailable=2, partition=1)
    )
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(4)), within=60)
    before = uids(plane, namespace)

    plane.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
    plane.update_template(namespace)

    eventually(lambda: updated(plane, namespace) == names("a", range(1, 4)), within=60)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(4)), within=60)
    eventually(lambda: plane.workload(namespace).status.updated_ready_replicas == 3, within=30)
    pods = plane.pods(namespace)
    assert uids(plane, namespace) == before
    assert {p.metadata.labels["lifecycle.apps.kruise.io/state"] for p in pods.values()} == {
        "Normal"
    }
    restarts = {
        name: sum(c.restart_count for c in pod.status.container_statuses)
        for name, pod in pods.items()
    }
    assert restarts == {"a-0": 0, "a-1": 1, "a-2": 1, "a-3": 1}


@pytest.mark.usefixtures("controller")
def test_a_set_goes_back_to_an_earlier_template(plane: NativeArena, namespace: str) -> None:
    shell = {"annotations": {"start": "a && b <c"}}
    old, new = ({**template(image), "metadata": shell} for image in ("game:1", "game:2"))
    plane.create_native(
        namespace, "a", replicas=1, gameServerTemplate=old, updateStrategy=in_place()
    )
    eventually(lambda: plane.workload(namespace).status.updated_ready_replicas == 1, within=60)
    revision = plane.workload(namespace).status.update_revision
    plane.edit_set(namespace, "a", {"gameServerTemplate": new})
    plane.update_template(namespace)
    eventually(lambda: updated(plane, namespace) == {"a-0"}, within=60)

    plane.edit_set(namespace, "a", {"gameServerTemplate": old})
    plane.update_template(namespace)

    eventually(lambda: not updated(plane, namespace), within=60)
    assert plane.workload(namespace).status.update_revision == revision


def updated(plane: NativeArena, namespace: str) -> set[str]:
    return {
        name
        for name, pod in plane.pods(namespace).items()
        if pod.spec.containers[0].image == "game:2"
    }


@pytest.mark.usefixtures("controller")
def test_storage_outlives_its_pod_and_is_found_again(plane: NativeArena, namespace: str) -> None:
    storage = template() | {"volumeClaimTemplates": DATA}
    plane.create_native(namespace, "a", replicas=2, gameServerTemplate=storage)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(2)), within=60)
    before = claims(plane, namespace)

    plane.edit_workload(namespace, replicas=1)
    eventually(lambda: set(plane.pods(namespace)) == {"a-0"}, within=60)
    plane.edit_workload(namespace, replicas=2)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(2)), within=60)

    assert sorted(before) == ["data-a-0", "data-a-1"]
    assert claims(plane, namespace) == before
    volumes = plane.pods(namespace)["a-1"].spec.volumes
    assert [v.name for v in volumes if v.persistent_volume_claim] == ["data"]


@pytest.mark.usefixtures("controller")
def test_storage_goes_with_a_server_that_is_scaled_away_if_it_shall(
    plane: NativeArena, namespace: str
) -> None:
    storage = template() | {"volumeClaimTemplates": DATA}
    policy = {"whenScaled": "Delete", "whenDeleted": "Delete"}
    plane.create_native(
        namespace,
        "a",
        replicas=2,
        gameServerTemplate=storage,
        persistentVolumeClaimRetentionPolicy=policy,
    )
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(2)), within=60)

    plane.edit_workload(namespace, replicas=1)

    eventually(lambda: sorted(claims(plane, namespace)) == ["data-a-0"], within=60)


def test_a_controller_that_dies_in_the_middle_is_continued_by_another(
    plane: NativeArena, namespace: str
) -> None:
    plane.create_native(namespace, "a", replicas=40)
    first = MortalTransport(plane.transport(), creations=13)
    with plane.controller(first):
        assert first.died.wait(60)
    half = uids(plane, namespace)

    with plane.controller():
        eventually(lambda: plane.ready_pods(namespace) == names("a", range(40)), within=90)

    assert 0 < len(half) < 40
    after = uids(plane, namespace)
    assert {name: after[name] for name in half} == half


def test_pods_that_a_set_left_behind_go_on_running_in_the_next_of_its_name(
    plane: NativeArena, namespace: str
) -> None:
    plane.create_native(namespace, "a", replicas=3)
    with plane.controller():
        eventually(lambda: plane.ready_pods(namespace) == names("a", range(3)), within=60)
    before = uids(plane, namespace)
    revision = plane.workload(namespace).status.update_revision
    old = plane.get_set(namespace, "a")
    plane.admin.delete(old, propagation="Orphan")
    eventually(lambda: plane.admin.get(GameServerSet, namespace, "a") is None, within=60)
    eventually(lambda: not owners(plane, namespace), within=30)
    plane.admin.delete(plane.record(namespace))

    gss = plane.create_native(namespace, "a", replicas=3)
    with plane.controller():
        eventually(lambda: owners(plane, namespace) == {gss.metadata.uid}, within=60)
        eventually(lambda: plane.workload(namespace).status.updated_replicas == 3, within=30)

    assert uids(plane, namespace) == before
    assert plane.workload(namespace).status.update_revision == revision


def owners(plane: NativeArena, namespace: str) -> set[str]:
    return {
        owner.uid
        for pod in plane.pods(namespace).values()
        for owner in pod.metadata.owner_references
    }


@pytest.mark.usefixtures("controller")
def test_a_pod_somebody_lets_go_of_is_taken_back(plane: NativeArena, namespace: str) -> None:
    gss = plane.create_native(namespace, "a", replicas=1)
    eventually(lambda: plane.ready_pods(namespace) == {"a-0"}, within=60)
    pod = plane.pods(namespace)["a-0"]

    plane.admin.patch(pod, released(pod, gss), lock=False)

    eventually(lambda: owners(plane, namespace) == {gss.metadata.uid}, within=30)
    assert plane.pods(namespace)["a-0"].metadata.uid == pod.metadata.uid


@pytest.mark.usefixtures("controller")
def test_a_set_takes_everything_but_storage_along(plane: NativeArena, namespace: str) -> None:
    storage = template() | {"volumeClaimTemplates": DATA}
    gss = plane.create_native(namespace, "a", replicas=2, gameServerTemplate=storage)
    eventually(lambda: plane.ready_pods(namespace) == names("a", range(2)), within=60)

    plane.admin.delete(gss)

    eventually(lambda: not plane.admin.list(Pod, namespace=namespace), within=90)
    assert sorted(claims(plane, namespace)) == ["data-a-0", "data-a-1"]
