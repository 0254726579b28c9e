"""A fleet that OpenKruiseGame's own manager left behind, taken over and given back.

What it leaves is written out here as JSON, field by field, and not made by our own code.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from integration.arena import Arena, in_place, names, template
from okg.api.core import Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet, PodProbeMarker
from okg.api.resource import Object
from okg.cache.informers import Informers
from okg.context import Context
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup

pytestmark = pytest.mark.integration

GAME = "/apis/game.kruise.io/v1alpha1"
KRUISE = "/apis/apps.kruise.io/v1beta1"
PROBES = "/apis/apps.kruise.io/v1alpha1"
IDS = (0, 2, 3)
QUIET_SECONDS = 6.0
MERGE = "application/merge-patch+json"
SPEC = {
    "replicas": 3,
    "reserveGameServerIds": [1],
    "updateStrategy": in_place(maxUnavailable=1, partition=0),
    "network": {
        "networkType": "Kubernetes-Custom",
        "networkConf": [{"name": "Ports", "value": "80,<&>"}],
    },
    "lifecycle": {"preDelete": {"labelsHandler": {"gs-sync/hold": "true"}}},
    "serviceQualities": [
        {
            "name": "idle",
            "containerName": "game",
            "permanent": False,
            "exec": {"command": ["sh", "-c", "cat /idle"]},
            "periodSeconds": 7,
            "serviceQualityAction": [{"state": True, "opsState": "WaitToBeDeleted"}],
        }
    ],
}


class Writes:
    """How often each object was written, and every uid a pod name ever had."""

    def __init__(self) -> None:
        self.updates: Counter[str] = Counter()
        self.uids: set[str] = set()
        self.restarts = 0

    def __call__(self, old: Object | None, new: Object | None, *, initial: bool) -> None:
        if old is not None and new is not None:
            self.updates[f"{new.resource_type.kind} {new.metadata.name}"] += 1
        if isinstance(new, Pod):
            self.uids.add(new.metadata.uid)
            counts = [status.restart_count for status in new.status.container_statuses]
            self.restarts = max([self.restarts, *counts])


@contextmanager
def _counted(arena: Arena, namespace: str) -> Generator[Writes]:
    writes = Writes()
    informers = Informers(arena.admin, namespaces=[namespace])
    informers.informer(Pod).add_handler(writes)
    informers.informer(GameServer).add_handler(writes)
    informers.informer(GameServerSet).add_handler(writes)
    informers.informer(AdvancedStatefulSet).add_handler(writes)
    informers.informer(PodProbeMarker).add_handler(writes)
    group = ThreadGroup(Context())
    group.start("writes", informers.run)
    try:
        informers.wait_for_sync(group.ctx, timeout=30)
        yield writes
    finally:
        group.stop()
        group.join()


def _reference(kind: str, version: str, name: str, uid: str) -> dict[str, object]:
    return {
        "apiVersion": version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _workload_spec(image: str) -> dict[str, object]:
    """The fields that an update by the Go manager writes."""
    return {
        "podManagementPolicy": "Parallel",
        "template": {
            "metadata": {
                "labels": {"app": "game", "game.kruise.io/owner-gss": "a"},
                "annotations": {
                    "game.kruise.io/network-conf": (
                        '[{"name":"Ports","value":"80,\\u003c\\u0026\\u003e"}]'
                    ),
                    "game.kruise.io/network-type": "Kubernetes-Custom",
                },
            },
            "spec": {
                "containers": [
                    {"name": "game", "image": image},
                    {"name": "sidecar", "image": "sidecar:1"},
                ],
                "readinessGates": [{"conditionType": "InPlaceUpdateReady"}],
            },
        },
        "lifecycle": {"preDelete": {"labelsHandler": {"gs-sync/hold": "true"}}},
        "scaleStrategy": {},
        "updateStrategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {
                "partition": 0,
                "maxUnavailable": 1,
                "podUpdatePolicy": "InPlaceIfPossible",
                "unorderedUpdate": {
                    "priorityStrategy": {
                        "orderPriority": [{"orderedKey": "game.kruise.io/gs-update-priority"}]
                    }
                },
            },
        },
    }


def _leave_workload(arena: Arena, namespace: str, gss: GameServerSet) -> None:
    owner = _reference("GameServerSet", "game.kruise.io/v1alpha1", "a", gss.metadata.uid)
    body = {
        "apiVersion": "apps.kruise.io/v1beta1",
        "kind": "StatefulSet",
        "metadata": {
            "name": "a",
            "namespace": namespace,
            "annotations": {"game.kruise.io/asts-hash": "2871234567"},
            "ownerReferences": [owner],
        },
        "spec": {
            "replicas": 3,
            "reserveOrdinals": [1],
            "selector": {"matchLabels": {"game.kruise.io/owner-gss": "a"}},
            "serviceName": "a",
            **_workload_spec("game:1"),
        },
    }
    arena.rest.call("POST", f"{KRUISE}/namespaces/{namespace}/statefulsets", body)


def _leave_probes(arena: Arena, namespace: str, gss: GameServerSet) -> None:
    owner = _reference("GameServerSet", "game.kruise.io/v1alpha1", "a", gss.metadata.uid)
    probe = {
        "exec": {"command": ["sh", "-c", "cat /idle"]},
        "initialDelaySeconds": 10,
        "timeoutSeconds": 5,
        "periodSeconds": 7,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    body = {
        "apiVersion": "apps.kruise.io/v1alpha1",
        "kind": "PodProbeMarker",
        "metadata": {
            "name": "a",
            "namespace": namespace,
            "annotations": {"game.kruise.io/ppm-hash": "1231231234"},
            "ownerReferences": [owner],
        },
        "spec": {
            "selector": {"matchLabels": {"game.kruise.io/owner-gss": "a"}},
            "probes": [
                {
                    "name": "idle",
                    "containerName": "game",
                    "podConditionType": "game.kruise.io/idle",
                    "probe": probe,
                }
            ],
        },
    }
    arena.rest.call("POST", f"{PROBES}/namespaces/{namespace}/podprobemarkers", body)
    eventually(lambda: _probes(arena, namespace).status.observed_generation == 1, within=30)


def _probes(arena: Arena, namespace: str) -> PodProbeMarker:
    found = arena.admin.get(PodProbeMarker, namespace, "a")
    assert found is not None
    return found


def _leave_pod_labels(arena: Arena, namespace: str, name: str) -> None:
    change = {
        "metadata": {
            "labels": {
                "game.kruise.io/gs-state": "Ready",
                "game.kruise.io/gs-opsState": "None",
                "game.kruise.io/gs-delete-priority": "0",
                "game.kruise.io/gs-update-priority": "0",
                "game.kruise.io/network-disabled": "false",
            },
            "annotations": {
                "game.kruise.io/opsState-last-changed-time": "2025-01-02T03:04:05+08:00",
                "game.kruise.io/network-trigger-time": "2025-01-02T03:04:05+08:00",
                "game.kruise.io/network-status": (
                    '{"externalAddresses":[{"ip":"192.0.2.1","ports":[{"name":"80",'
                    '"protocol":"TCP","port":8080}]}],"currentNetworkState":"Ready",'
                    '"createTime":null,"lastTransitionTime":null}'
                ),
            },
        }
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    arena.rest.call("PATCH", path, change, content_type=MERGE)


def _leave_server(arena: Arena, namespace: str, name: str, owner: dict[str, object]) -> None:
    path = f"{GAME}/namespaces/{namespace}/gameservers"
    pod = arena.rest.get(f"/api/v1/namespaces/{namespace}/pods/{name}")
    pod_spec = pod["spec"]
    assert isinstance(pod_spec, dict)
    body = {
        "apiVersion": "game.kruise.io/v1alpha1",
        "kind": "GameServer",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {
                "app": "game",
                "game.kruise.io/owner-gss": "a",
                "game.kruise.io/node-name": pod_spec["nodeName"],
            },
            "annotations": {"game.kruise.io/gsTemplate-metadata-hash": "3141592653"},
            "ownerReferences": [owner],
        },
        "spec": {
            "opsState": "None",
            "updatePriority": 0,
            "deletionPriority": 0,
            "networkDisabled": False,
        },
    }
    arena.rest.call("POST", path, body)
    normal = [
        {"type": kind, "status": "True", "lastTransitionTime": "2025-01-02T03:04:05Z"}
        for kind in ("PodNormal", "NodeNormal", "PersistentVolumeNormal")
    ]
    status = {
        "desiredState": "Ready",
        "currentState": "Ready",
        "networkStatus": {
            "networkType": "Kubernetes-Custom",
            "desiredNetworkState": "Ready",
            "currentNetworkState": "Ready",
            "externalAddresses": [
                {
                    "ip": "192.0.2.1",
                    "ports": [{"name": "80", "protocol": "TCP", "port": 8080}],
                }
            ],
            "createTime": "2025-01-02T03:04:05Z",
            "lastTransitionTime": "2025-01-02T03:04:05Z",
        },
        "podStatus": pod["status"],
        "updatePriority": "0",
        "deletionPriority": "0",
        "lastTransitionTime": "2025-01-02T03:04:05Z",
        "serviceQualitiesConditions": [{"name": "idle"}],
        "conditions": normal,
    }
    arena.rest.call("PATCH", f"{path}/{name}/status", {"status": status}, content_type=MERGE)


def _leave_status(arena: Arena, namespace: str) -> None:
    status = {
        "replicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "currentReplicas": 3,
        "updatedReplicas": 3,
        "updatedReadyReplicas": 3,
        "maintainingReplicas": 0,
        "waitToBeDeletedReplicas": 0,
        "preDeleteReplicas": 0,
        "observedGeneration": 1,
        "labelSelector": "game.kruise.io/owner-gss=a",
    }
    path = f"{GAME}/namespaces/{namespace}/gameserversets/a/status"
    arena.rest.call("PATCH", path, {"status": status}, content_type=MERGE)


def _leave_fleet(arena: Arena, policy: str) -> str:
    """Leave set ``a`` with servers 0, 2 and 3 as the Go manager would; return its namespace."""
    namespace = arena.namespace()
    gss = arena.create_set(
        namespace, "a", **SPEC | {"gameServerTemplate": template(reclaimPolicy=policy)}
    )
    noted = {"metadata": {"annotations": {"game.kruise.io/reserve-ids": "1"}}}
    path = f"{GAME}/namespaces/{namespace}/gameserversets/a"
    arena.rest.call("PATCH", path, noted, content_type=MERGE)
    _leave_probes(arena, namespace, gss)
    _leave_workload(arena, namespace, gss)
    wanted = names("a", IDS)
    eventually(lambda: _running(arena, namespace) == wanted, within=60)
    set_ = _reference("GameServerSet", "game.kruise.io/v1alpha1", "a", gss.metadata.uid)
    for name in sorted(wanted):
        uid = arena.pods(namespace)[name].metadata.uid
        owner = set_ if policy == "Delete" else _reference("Pod", "v1", name, uid)
        _leave_pod_labels(arena, namespace, name)
        _leave_server(arena, namespace, name, owner)
    _leave_status(arena, namespace)
    return namespace


def _running(arena: Arena, namespace: str) -> set[str]:
    """Names of the pods that are ready and that OpenKruise has nothing left to write to."""
    return {
        name
        for name, pod in arena.pods(namespace).items()
        if (ready := pod.status.condition("Ready"))
        and ready.status == "True"
        and pod.metadata.labels.get("lifecycle.apps.kruise.io/state") == "Normal"
    }


def _workload(arena: Arena, namespace: str) -> AdvancedStatefulSet:
    found = arena.admin.get(AdvancedStatefulSet, namespace, "a")
    assert found is not None
    return found


@pytest.mark.parametrize("policy", ["Cascade", "Delete"])
def test_a_fleet_is_taken_over_with_no_pod_touched_and_given_back(
    arena: Arena, policy: str
) -> None:
    namespace = _leave_fleet(arena, policy)
    left, pods = _workload(arena, namespace), arena.pods(namespace)

    with _counted(arena, namespace) as writes, arena.manager() as manager:
        eventually(lambda: _workload(arena, namespace).metadata != left.metadata, within=30)
        manager.process.wait_ready(manager.is_ready, timeout=30)
        _be_quiet(writes)
    taken = _workload(arena, namespace)
    given_back = _give_back(arena, namespace)

    assert writes.uids == {pod.metadata.uid for pod in pods.values()}
    assert writes.restarts == 0
    assert not any(kind.startswith("Pod ") for kind in writes.updates), writes.updates
    assert writes.updates["StatefulSet a"] == 1
    assert _probes(arena, namespace).metadata.generation == 1
    assert max(writes.updates.values()) <= 2, writes.updates
    assert taken.metadata.generation == left.metadata.generation
    assert taken.status.update_revision == left.status.update_revision
    assert given_back.metadata.generation == left.metadata.generation


def _be_quiet(writes: Writes) -> None:
    """Return once nothing was written for some seconds.

    Raises:
        AssertionError: writing goes on and on.
    """
    seen: list[int] = []

    def quiet() -> bool:
        seen.append(sum(writes.updates.values()))
        return len(seen) > QUIET_SECONDS and len(set(seen[-int(QUIET_SECONDS) :])) == 1

    eventually(quiet, within=40, every=1.0)


def _give_back(arena: Arena, namespace: str) -> AdvancedStatefulSet:
    """Update the workload as the Go manager does when it finds a hash that is not its own."""
    change = {
        "metadata": {"annotations": {"game.kruise.io/asts-hash": "2871234567"}},
        "spec": _workload_spec("game:1"),
    }
    path = f"{KRUISE}/namespaces/{namespace}/statefulsets/a"
    arena.rest.call("PATCH", path, change, content_type=MERGE)
    return _workload(arena, namespace)


def test_a_fleet_that_was_taken_over_scales_and_updates(arena: Arena) -> None:
    namespace = _leave_fleet(arena, "Cascade")
    before = arena.pods(namespace)

    with arena.manager():
        arena.edit_set(namespace, "a", {"replicas": 4})
        eventually(lambda: arena.ready(namespace) == names("a", [0, 2, 3, 4]), within=60)
        arena.edit_set(namespace, "a", {"gameServerTemplate": template("game:2")})
        eventually(lambda: arena.images(namespace) == ["game:2"] * 4, within=90)
        eventually(lambda: arena.ready(namespace) == names("a", [0, 2, 3, 4]), within=60)

    after = arena.pods(namespace)
    assert {n: after[n].metadata.uid for n in before} == {
        n: pod.metadata.uid for n, pod in before.items()
    }
