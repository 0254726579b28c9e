"""A changed template: which servers get it, when, and whether they restart for it."""

import time

import pytest

from integration.arena import Arena, in_place, names, template
from okg.api.core import PersistentVolumeClaim
from okg.api.kruise import AdvancedStatefulSet
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

THREE = names("a", range(3))


def _uids(arena: Arena, namespace: str) -> dict[str, str]:
    return {name: pod.metadata.uid for name, pod in arena.pods(namespace).items()}


def _workload(arena: Arena, namespace: str) -> AdvancedStatefulSet:
    found = arena.admin.get(AdvancedStatefulSet, namespace, "a")
    assert found is not None
    return found


def _annotation(arena: Arena, namespace: str, key: str) -> set[str | None]:
    return {pod.metadata.annotations.get(key) for pod in arena.pods(namespace).values()}


def test_servers_are_made_anew_where_the_set_does_not_say_otherwise(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace, updateStrategy={"rollingUpdate": {"maxUnavailable": "100%"}})
    before = _uids(arena, namespace)

    arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})

    eventually(lambda: arena.images(namespace) == ["game:2"] * 3, within=60)
    eventually(lambda: arena.ready(namespace) == THREE, within=60)
    assert not set(before.values()) & set(_uids(arena, namespace).values())


def test_on_delete_changes_a_server_when_its_pod_is_deleted(arena: Arena, namespace: str) -> None:
    arena.play(namespace, updateStrategy={"type": "OnDelete"})
    generation = _workload(arena, namespace).metadata.generation

    arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
    eventually(lambda: _workload(arena, namespace).metadata.generation > generation, within=20)
    arena.admin.delete(arena.pods(namespace)["a-1"])

    eventually(lambda: arena.images(namespace) == ["game:1", "game:2", "game:1"], within=60)


def test_a_paused_update_waits_until_it_goes_on(arena: Arena, namespace: str) -> None:
    arena.play(namespace, updateStrategy=in_place(paused=True))
    generation = _workload(arena, namespace).metadata.generation

    arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
    eventually(lambda: _workload(arena, namespace).metadata.generation > generation, within=20)
    time.sleep(1.0)
    assert arena.images(namespace) == ["game:1"] * 3
    arena.edit_set(namespace, "a", {"updateStrategy": in_place(paused=False)})

    eventually(lambda: arena.images(namespace) == ["game:2"] * 3, within=60)


def test_changed_labels_and_annotations_reach_pods_in_place_and_their_servers(
    arena: Arena, namespace: str
) -> None:
    arena.play(namespace)
    before = _uids(arena, namespace)
    changed = template() | {
        "metadata": {"labels": {"app": "game", "season": "2"}, "annotations": {"map": "moon"}}
    }

    arena.edit_set(namespace, "a", {"gameServerTemplate": changed})

    eventually(lambda: _annotation(arena, namespace, "map") == {"moon"}, within=60)
    eventually(lambda: _server_seasons(arena, namespace) == {"2"}, within=30)
    assert _uids(arena, namespace) == before


def _server_seasons(arena: Arena, namespace: str) -> set[str | None]:
    return {s.metadata.labels.get("season") for s in arena.servers(namespace).values()}


def test_changed_network_parameters_reach_pods_in_place(arena: Arena, namespace: str) -> None:
    network = {"networkType": "Custom", "networkConf": [{"name": "Ports", "value": "80"}]}
    arena.play(namespace, network=network)
    before = _uids(arena, namespace)

    changed = {**network, "networkConf": [{"name": "Ports", "value": "<81>"}]}
    arena.edit_set(namespace, "a", {"network": changed})

    conf = '[{"name":"Ports","value":"\\u003c81\\u003e"}]'
    eventually(
        lambda: _annotation(arena, namespace, "game.kruise.io/network-conf") == {conf}, within=60
    )
    assert _uids(arena, namespace) == before


def test_hooks_of_a_running_set_change_with_its_next_update(arena: Arena, namespace: str) -> None:
    arena.play(namespace)
    hook = {"preDelete": {"labelsHandler": {"hold": "true"}}}

    arena.edit_set(namespace, "a", {"lifecycle": hook})
    time.sleep(1.0)
    assert _workload(arena, namespace).spec.lifecycle is None
    arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})

    eventually(lambda: _workload(arena, namespace).spec.lifecycle is not None, within=20)


def test_everything_of_a_set_is_in_its_workload(arena: Arena, namespace: str) -> None:
    arena.create_set(
        namespace,
        "a",
        replicas=1,
        serviceName="governing",
        scaleStrategy={"maxUnavailable": "40%"},
        persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete", "whenDeleted": "Retain"},
        lifecycle={"inPlaceUpdate": {"labelsHandler": {"hold": "true"}}},
        network={
            "networkType": "Custom",
            "networkConf": [{"name": "AllowNotReadyContainers", "value": "sidecar"}],
        },
        updateStrategy={
            "type": "OnDelete",
            "rollingUpdate": {
                "partition": 2,
                "maxUnavailable": "30%",
                "podUpdatePolicy": "InPlaceIfPossible",
                "minReadySeconds": 3,
                "inPlaceUpdateStrategy": {"gracePeriodSeconds": 4},
            },
        },
    )

    spec = eventually(lambda: arena.admin.get(AdvancedStatefulSet, namespace, "a"), within=20)

    assert spec is not None
    document = arena.rest.get(f"/apis/apps.kruise.io/v1beta1/namespaces/{namespace}/statefulsets/a")
    found = document["spec"]
    assert isinstance(found, dict)
    blocker = "game.kruise.io/inplace-update-not-ready-blocker"
    assert found["lifecycle"] == {
        "inPlaceUpdate": {"labelsHandler": {"hold": "true", blocker: "true"}}
    }
    assert found["serviceName"] == "governing"
    assert found["scaleStrategy"] == {"maxUnavailable": "40%"}
    assert found["persistentVolumeClaimRetentionPolicy"] == {
        "whenScaled": "Delete",
        "whenDeleted": "Retain",
    }
    assert found["podManagementPolicy"] == "Parallel"
    strategy = found["updateStrategy"]
    assert strategy["type"] == "RollingUpdate"
    assert strategy["rollingUpdate"] == {
        "partition": 2,
        "maxUnavailable": "30%",
        "podUpdatePolicy": "InPlaceIfPossible",
        "minReadySeconds": 3,
        "inPlaceUpdateStrategy": {"gracePeriodSeconds": 4},
        "unorderedUpdate": {
            "priorityStrategy": {
                "orderPriority": [{"orderedKey": "game.kruise.io/gs-update-priority"}]
            }
        },
    }


def test_every_server_gets_its_own_claim_which_goes_with_it_if_the_set_says_so(
    arena: Arena, namespace: str
) -> None:
    claim = {
        "metadata": {"name": "save"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    arena.play(
        namespace,
        gameServerTemplate=template(volumeClaimTemplates=[claim]),
        persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete", "whenDeleted": "Delete"},
    )
    assert _claims(arena, namespace) == {"save-a-0", "save-a-1", "save-a-2"}

    arena.edit_set(namespace, "a", {"replicas": 2})

    eventually(lambda: set(arena.pods(namespace)) == names("a", [0, 1]), within=60)
    eventually(lambda: _claims(arena, namespace) == {"save-a-0", "save-a-1"}, within=60)


def _claims(arena: Arena, namespace: str) -> set[str]:
    found = arena.admin.list(PersistentVolumeClaim, namespace=namespace)
    return {c.metadata.name for c in found if c.metadata.deletion_timestamp is None}
