"""Game servers in real containers on a cluster without OpenKruise, and the manager killed.

What took how long is in the JUnit report, as properties of the suite.
"""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from e2e.container_arena import (
    ContainerArena,
    MortalManager,
    game_template,
    open_container_arena,
    seconds_until,
)
from e2e.game_pods import container, execute, load_game
from integration.arena import in_place
from okg.api.game import GameServerCondition
from okg.testing.eventually import eventually
from okg.testing.images import Image
from okg.testing.real_node import RealNode

pytestmark = pytest.mark.e2e

SAVES = "/www/saves"
Disturb = Callable[[MortalManager, Callable[[], object]], None]
Record = Callable[[str, object], None]


def undisturbed(_manager: MortalManager, _during: Callable[[], object]) -> None:
    """Let the manager do its work."""


def killed(manager: MortalManager, during: Callable[[], object]) -> None:
    """Kill the manager in the middle of its work, and start it again."""
    eventually(during, within=10, every=0.005)
    manager.kill()
    manager.start()


and_killed = pytest.mark.parametrize("disturb", [undisturbed, killed])


@pytest.fixture(scope="module")
def arena(
    real_node: RealNode, tmp_path_factory: pytest.TempPathFactory
) -> Generator[ContainerArena]:
    with open_container_arena(real_node, tmp_path_factory.mktemp("arena")) as arena:
        yield arena


@pytest.fixture(scope="module")
def manager(arena: ContainerArena) -> Generator[MortalManager]:
    manager = MortalManager(arena)
    manager.start()
    yield manager
    manager.stop()


@pytest.fixture
def namespace(arena: ContainerArena, manager: MortalManager) -> str:
    return arena.namespace()


@pytest.fixture(scope="module")
def old(real_node: RealNode) -> Image:
    return load_game(real_node, "1.0")


@pytest.fixture(scope="module")
def new(real_node: RealNode) -> Image:
    return load_game(real_node, "2.0")


def uids(arena: ContainerArena, namespace: str) -> dict[str, str]:
    return {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()}


def place(pod: Any) -> tuple[str, str, str]:
    """What of a pod only a new one would have otherwise."""
    return pod.metadata.uid, pod.status.pod_ip, pod.spec.node_name


def ready_since(pod: Any) -> object:
    return next(c.last_transition_time for c in pod.status.conditions if c.type == "Ready")


def volume(namespace: str, claim: str, folder: Path) -> dict[str, object]:
    """Return a volume on the machine itself that is kept for one claim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{namespace}-{claim}"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Mi"},
            "hostPath": {"path": str(folder), "type": "DirectoryOrCreate"},
            "claimRef": {"namespace": namespace, "name": claim},
            "persistentVolumeReclaimPolicy": "Retain",
        },
    }


def saves() -> dict[str, object]:
    """Return the template of a claim that nobody makes a volume for."""
    return {
        "metadata": {"name": "saves"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "resources": {"requests": {"storage": "1Mi"}},
        },
    }


@and_killed
def test_a_new_image_replaces_only_the_games_container(
    arena: ContainerArena,
    manager: MortalManager,
    namespace: str,
    old: Image,
    new: Image,
    disturb: Disturb,
    record_testsuite_property: Record,
) -> None:
    arena.host(namespace, 1, game_template(old, old), updateStrategy=in_place())
    before = arena.pod(namespace, "a-0")

    arena.update(namespace, game_template(new, old))
    disturb(
        manager,
        lambda: arena.pod(namespace, "a-0").spec.containers[0].image == new.reference,
    )

    took = seconds_until(lambda: arena.ask(namespace, "a-0", "/version") == "2.0\n", within=5)
    # That it is Ready again comes with the next two looks of the kubelet, one a second.
    rest = seconds_until(lambda: arena.playing(namespace) == {"a-0": "2.0"}, within=10)
    record_testsuite_property("in_place_seconds", (took, took + rest))
    after = arena.pod(namespace, "a-0")
    assert place(after) == place(before)
    assert container(after, "game").restart_count == 1
    assert container(after, "sidecar") == container(before, "sidecar")
    eventually(lambda: arena.condition(namespace, "Ready") == ("True", "Complete"), within=15)


def test_another_tag_of_the_same_image_completes(
    arena: ContainerArena, real_node: RealNode, namespace: str, old: Image
) -> None:
    stable = load_game(real_node, "stable", version="1.0")
    arena.host(namespace, 1, game_template(old, old), updateStrategy=in_place())
    before = arena.pod(namespace, "a-0")

    arena.update(namespace, game_template(stable, old))

    eventually(lambda: container(arena.pod(namespace, "a-0"), "game").restart_count == 1, within=10)
    eventually(lambda: arena.playing(namespace) == {"a-0": "1.0"}, within=10)
    eventually(lambda: arena.condition(namespace, "Ready") == ("True", "Complete"), within=10)
    after = arena.pod(namespace, "a-0")
    assert place(after) == place(before)
    assert after.spec.containers[0].image == stable.reference
    assert container(after, "game").image_id == old.image_id


def test_new_labels_and_annotations_reach_a_running_game(
    arena: ContainerArena, namespace: str, old: Image, record_testsuite_property: Record
) -> None:
    template = game_template(old, old, labels={"mode": "duel"}, annotations={"motd": "hello"})
    arena.host(namespace, 1, template, updateStrategy=in_place())
    before = arena.pod(namespace, "a-0")

    arena.update(
        namespace,
        game_template(old, old, labels={"mode": "team"}, annotations={"motd": "goodbye"}),
    )

    took = seconds_until(
        lambda: (
            'mode="team"' in arena.ask(namespace, "a-0", "/podinfo/labels")
            and 'motd="goodbye"' in arena.ask(namespace, "a-0", "/podinfo/annotations")
        ),
        within=10,
    )
    record_testsuite_property("hot_reload_seconds", took)
    after = arena.pod(namespace, "a-0")
    assert place(after) == place(before)
    assert after.status.container_statuses == before.status.container_statuses
    assert ready_since(after) == ready_since(before)


@and_killed
def test_the_server_that_waits_to_be_deleted_goes(
    arena: ContainerArena,
    manager: MortalManager,
    namespace: str,
    old: Image,
    disturb: Disturb,
    record_testsuite_property: Record,
) -> None:
    arena.host(namespace, 3, game_template(old, old))
    before = uids(arena, namespace)
    arena.edit_server(namespace, "a-1", {"spec": {"opsState": "WaitToBeDeleted"}})
    waiting = {"game.kruise.io/gs-opsState": "WaitToBeDeleted"}
    eventually(
        lambda: waiting.items() <= arena.pods(namespace)["a-1"].metadata.labels.items(), within=10
    )

    arena.edit_set(namespace, "a", {"replicas": 2})
    disturb(manager, lambda: True)

    took = seconds_until(lambda: set(arena.pods(namespace)) == {"a-0", "a-2"}, within=15)
    record_testsuite_property("scale_down_seconds", took)
    eventually(lambda: arena.condition(namespace, "Ready") == ("True", "Complete"), within=15)
    assert uids(arena, namespace) == {"a-0": before["a-0"], "a-2": before["a-2"]}


@and_killed
def test_what_a_game_has_saved_is_there_after_its_pod_was_replaced(
    arena: ContainerArena,
    manager: MortalManager,
    namespace: str,
    old: Image,
    tmp_path: Path,
    disturb: Disturb,
    record_testsuite_property: Record,
) -> None:
    arena.cluster.apply(volume(namespace, "saves-a-0", tmp_path))
    template = game_template(old, old, volumeMounts=[{"name": "saves", "mountPath": SAVES}])
    arena.host(namespace, 1, template | {"volumeClaimTemplates": [saves()]})
    before = arena.pod(namespace, "a-0")
    execute(arena.core, namespace, "a-0", "sh", "-c", f"echo 4711 >{SAVES}/score")

    arena.core.delete_namespaced_pod("a-0", namespace)
    disturb(manager, lambda: True)

    took = seconds_until(
        lambda: (
            arena.playing(namespace) == {"a-0": "1.0"}
            and uids(arena, namespace) != {"a-0": before.metadata.uid}
        ),
        within=15,
    )
    record_testsuite_property("replace_seconds", took)
    assert arena.ask(namespace, "a-0", "/saves/score") == "4711\n"


def test_without_a_manager_games_restart_and_go_and_its_return_restores_the_set(
    arena: ContainerArena,
    manager: MortalManager,
    namespace: str,
    old: Image,
    record_testsuite_property: Record,
) -> None:
    arena.host(namespace, 4, game_template(old, old))
    before = uids(arena, namespace)

    manager.kill()
    execute(arena.core, namespace, "a-0", "kill", "1")
    arena.core.delete_namespaced_pod("a-1", namespace)
    evict(arena, namespace, "a-2")

    eventually(lambda: set(arena.pods(namespace)) == {"a-0", "a-3"}, within=30)
    eventually(lambda: arena.playing(namespace) == {"a-0": "1.0", "a-3": "1.0"}, within=30)
    crashed = arena.pod(namespace, "a-0")
    manager.start()

    whole = {"a-0": "1.0", "a-1": "1.0", "a-2": "1.0", "a-3": "1.0"}
    took = seconds_until(lambda: arena.playing(namespace) == whole, within=5)
    record_testsuite_property("restore_seconds", took)
    after = uids(arena, namespace)
    assert container(crashed, "game").restart_count == 1
    assert (after["a-0"], after["a-3"]) == (before["a-0"], before["a-3"])
    eventually(lambda: arena.condition(namespace, "Ready") == ("True", "Complete"), within=15)


def evict(arena: ContainerArena, namespace: str, name: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
    }
    arena.rest.call("POST", path, eviction)


def amounts(cpu: str, memory: str) -> dict[str, object]:
    return {"limits": {"cpu": cpu, "memory": memory}, "requests": {"cpu": cpu, "memory": memory}}


def actual(pod: Any, name: str) -> tuple[str, str]:
    """Return the limits of cpu and memory that a container has."""
    limits = container(pod, name).resources.limits
    return limits["cpu"], limits["memory"]


def cpu_quota(arena: ContainerArena, namespace: str) -> str:
    """Return the quota of cpu time as the game's own control group has it."""
    command = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null"
    return execute(arena.core, namespace, "a-0", "sh", "-c", command).split()[0]


def test_new_amounts_in_the_template_reach_running_games(
    arena: ContainerArena, namespace: str, old: Image, record_testsuite_property: Record
) -> None:
    arena.host(
        namespace,
        1,
        game_template(old, old, resources=amounts("100m", "64Mi")),
        updateStrategy=in_place(),
    )
    before = arena.pod(namespace, "a-0")

    arena.update(namespace, game_template(old, old, resources=amounts("200m", "96Mi")))

    took = seconds_until(
        lambda: actual(arena.pod(namespace, "a-0"), "game") == ("200m", "96Mi"), within=20
    )
    record_testsuite_property("resize_seconds", took)
    eventually(lambda: arena.condition(namespace, "Ready") == ("True", "Complete"), within=20)
    after = arena.pod(namespace, "a-0")
    assert place(after) == place(before)
    assert [s.restart_count for s in after.status.container_statuses] == [0, 0]
    assert ready_since(after) == ready_since(before)
    assert cpu_quota(arena, namespace) == "20000"


def test_new_amounts_of_one_server_reach_its_running_game(
    arena: ContainerArena, namespace: str, old: Image
) -> None:
    arena.host(namespace, 2, game_template(old, old, resources=amounts("100m", "64Mi")))
    before = uids(arena, namespace)

    own = {"name": "game", "resources": {"limits": {"cpu": "150m"}}}
    arena.edit_server(namespace, "a-0", {"spec": {"containers": [own]}})

    eventually(lambda: actual(arena.pod(namespace, "a-0"), "game") == ("150m", "64Mi"), within=20)
    assert uids(arena, namespace) == before
    assert container(arena.pod(namespace, "a-0"), "game").restart_count == 0
    assert actual(arena.pod(namespace, "a-1"), "game") == ("100m", "64Mi")


def test_amounts_that_no_node_has_are_complained_about_and_can_be_taken_back(
    arena: ContainerArena, namespace: str, old: Image
) -> None:
    modest = game_template(old, old, resources=amounts("100m", "64Mi"))
    arena.host(namespace, 1, modest, updateStrategy=in_place())

    arena.update(namespace, game_template(old, old, resources=amounts("1000", "64Mi")))
    eventually(lambda: arena.events(namespace, "FailedUpdatePodInPlace"), within=20)
    complaint = arena.events(namespace, "FailedUpdatePodInPlace")[0]
    normal = eventually(lambda: abnormal(arena, namespace), within=20)
    refused = arena.pod(namespace, "a-0")
    arena.update(namespace, modest)

    eventually(lambda: arena.condition(namespace, "Ready") == ("True", "Complete"), within=20)
    assert complaint.message.startswith("pod a-0: its node does not give it the new resources")
    assert normal[0].reason == "PodResizePending:Infeasible"
    assert container(refused, "game").ready
    assert arena.pod(namespace, "a-0").metadata.uid == refused.metadata.uid
    assert container(arena.pod(namespace, "a-0"), "game").restart_count == 0


def abnormal(arena: ContainerArena, namespace: str) -> list[GameServerCondition]:
    conditions = arena.servers(namespace)["a-0"].status.conditions
    return [c for c in conditions if c.type == "PodNormal" and c.status == "False"]
