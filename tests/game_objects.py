"""A GameServerSet and a GameServer that carry every field of their schemas.

No value is the default of its field: encoding leaves defaults out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

TIME = "2025-01-02T03:04:05Z"

CLAIM: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {
        "name": "data",
        "namespace": "games",
        "labels": {"tier": "fast"},
        "annotations": {"note": "kept"},
        "finalizers": ["example.com/keep"],
    },
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "Snapshot", "name": "s"},
        "dataSourceRef": {
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "Snapshot",
            "name": "s",
            "namespace": "games",
        },
        "resources": {"requests": {"storage": "1.5Gi"}, "limits": {"storage": 2147483648}},
        "selector": {
            "matchLabels": {"disk": "ssd"},
            "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}],
        },
        "storageClassName": "standard",
        "volumeAttributesClassName": "gold",
        "volumeMode": "Filesystem",
        "volumeName": "pv-1",
    },
    "status": {
        "accessModes": ["ReadWriteOnce"],
        "allocatedResourceStatuses": {"storage": "NodeResizePending"},
        "allocatedResources": {"storage": "1Gi"},
        "capacity": {"storage": "1Gi"},
        "conditions": [
            {
                "type": "Resizing",
                "status": "True",
                "reason": "Grows",
                "message": "soon",
                "lastProbeTime": TIME,
                "lastTransitionTime": TIME,
            }
        ],
        "currentVolumeAttributesClassName": "silver",
        "modifyVolumeStatus": {"status": "Pending", "targetVolumeAttributesClassName": "gold"},
        "phase": "Bound",
    },
}

RESOURCES: dict[str, Any] = {
    "limits": {"cpu": 2, "memory": "1Gi"},
    "requests": {"cpu": "500m"},
    "claims": [{"name": "gpu", "request": "one"}],
}

HOOK: dict[str, Any] = {
    "labelsHandler": {"hold": "true"},
    "finalizersHandler": ["example.com/hold"],
    "markPodNotReady": True,
}

GAME_SERVER_SET_SPEC: dict[str, Any] = {
    "replicas": 3,
    "gameServerTemplate": {
        "metadata": {"labels": {"game": "chess"}, "annotations": {"note": "verbatim"}},
        "spec": {
            "containers": [{"name": "game", "image": "game:1", "resources": {}}],
            "aFieldOfTheFuture": [1, {"deep": "yes"}],
        },
        "volumeClaimTemplates": [CLAIM],
        "reclaimPolicy": "Delete",
    },
    "serviceName": "lobby",
    "reserveGameServerIds": [1, "3-6"],
    "serviceQualities": [
        {
            "name": "idle",
            "containerName": "game",
            "permanent": True,
            "exec": {"command": ["sh", "-c", "true"]},
            "httpGet": {
                "host": "localhost",
                "httpHeaders": [{"name": "Accept", "value": "text/plain"}],
                "path": "/idle",
                "port": "http",
                "scheme": "HTTPS",
            },
            "tcpSocket": {"host": "localhost", "port": 7777},
            "grpc": {"port": 9000, "service": "idle"},
            "initialDelaySeconds": 1,
            "timeoutSeconds": 2,
            "periodSeconds": 3,
            "successThreshold": 4,
            "failureThreshold": 5,
            "terminationGracePeriodSeconds": 6,
            "serviceQualityAction": [
                {
                    "state": True,
                    "result": "0 players",
                    "opsState": "WaitToBeDeleted",
                    "updatePriority": 5,
                    "deletionPriority": "{{ .Result }}",
                    "networkDisabled": True,
                    "containers": [{"name": "game", "image": "game:2", "resources": RESOURCES}],
                    "labels": {"idle": "yes"},
                    "annotations": {"why": "{{ .Result }}"},
                }
            ],
        }
    ],
    "updateStrategy": {
        "type": "RollingUpdate",
        "rollingUpdate": {
            "partition": 1,
            "maxUnavailable": "20%",
            "podUpdatePolicy": "InPlaceIfPossible",
            "paused": True,
            "inPlaceUpdateStrategy": {"gracePeriodSeconds": 10},
            "minReadySeconds": 5,
        },
    },
    "scaleStrategy": {"maxUnavailable": 2, "scaleDownStrategyType": "ReserveIds"},
    "network": {
        "networkType": "Kubernetes-HostPort",
        "networkConf": [{"name": "ContainerPorts", "value": "game:7777/TCP"}],
    },
    "lifecycle": {"preDelete": HOOK, "inPlaceUpdate": HOOK, "preNormal": HOOK},
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
}

GAME_SERVER_SET_STATUS: dict[str, Any] = {
    "replicas": 3,
    "readyReplicas": 2,
    "availableReplicas": 2,
    "currentReplicas": 4,
    "updatedReplicas": 1,
    "observedGeneration": 5_000_000_000,
    "updatedReadyReplicas": 1,
    "maintainingReplicas": 7,
    "waitToBeDeletedReplicas": 0,
    "preDeleteReplicas": 6,
    "labelSelector": "game.kruise.io/owner-gss=lobby",
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Scaling",
            "message": "2 of 3",
            "observedGeneration": 5_000_000_000,
            "lastTransitionTime": TIME,
        }
    ],
}

GAME_SERVER_SPEC: dict[str, Any] = {
    "opsState": "Maintaining",
    "updatePriority": 1,
    "deletionPriority": "2",
    "networkDisabled": False,
    "containers": [{"name": "game", "image": "game:2", "resources": RESOURCES}],
}

ADDRESS: dict[str, Any] = {
    "ip": "192.0.2.1",
    "ports": [{"name": "game", "protocol": "TCP", "port": 7777}],
    "portRange": {"protocol": "UDP", "portRange": "8000-8010"},
    "endPoint": "game.example.com",
}

STATE: dict[str, Any] = {
    "waiting": {"reason": "CrashLoopBackOff", "message": "again"},
    "running": {"startedAt": TIME},
    "terminated": {
        "exitCode": 137,
        "signal": 9,
        "reason": "OOMKilled",
        "message": "too big",
        "startedAt": TIME,
        "finishedAt": TIME,
        "containerID": "containerd://a",
    },
}

CONTAINER_STATUS: dict[str, Any] = {
    "name": "game",
    "image": "game:1",
    "imageID": "sha256:1",
    "ready": True,
    "restartCount": 3,
    "containerID": "containerd://b",
    "started": True,
    "state": STATE,
    "lastState": STATE,
    "allocatedResources": {"cpu": "1", "memory": 1024},
    "allocatedResourcesStatus": [
        {"name": "gpu", "resources": [{"resourceID": "gpu-0", "health": "Healthy"}]}
    ],
    "resources": RESOURCES,
    "user": {"linux": {"uid": 4_000_000_000, "gid": 4_000_000_001, "supplementalGroups": [1]}},
    "volumeMounts": [
        {"name": "data", "mountPath": "/data", "readOnly": True, "recursiveReadOnly": "Enabled"}
    ],
}

POD_STATUS: dict[str, Any] = {
    "phase": "Running",
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "AllGood",
            "message": "ready",
            "lastProbeTime": TIME,
            "lastTransitionTime": TIME,
        }
    ],
    "containerStatuses": [CONTAINER_STATUS],
    "initContainerStatuses": [CONTAINER_STATUS],
    "ephemeralContainerStatuses": [CONTAINER_STATUS],
    "hostIP": "192.0.2.10",
    "hostIPs": [{"ip": "192.0.2.10"}],
    "podIP": "10.0.0.1",
    "podIPs": [{"ip": "10.0.0.1"}],
    "message": "fine",
    "reason": "Fine",
    "nominatedNodeName": "node-2",
    "qosClass": "Burstable",
    "resize": "InProgress",
    "resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "lobby-0-gpu"}],
    "startTime": TIME,
}

GAME_SERVER_STATUS: dict[str, Any] = {
    "desiredState": "Ready",
    "currentState": "NotReady",
    "networkStatus": {
        "networkType": "Kubernetes-HostPort",
        "internalAddresses": [ADDRESS],
        "externalAddresses": [ADDRESS],
        "desiredNetworkState": "Ready",
        "currentNetworkState": "Waiting",
        "createTime": TIME,
        "lastTransitionTime": TIME,
    },
    "podStatus": POD_STATUS,
    "serviceQualitiesConditions": [
        {
            "name": "idle",
            "status": "True",
            "result": "0 players",
            "lastProbeTime": TIME,
            "lastTransitionTime": TIME,
            "lastActionTransitionTime": TIME,
        }
    ],
    "updatePriority": "1",
    "deletionPriority": "2",
    "lastTransitionTime": TIME,
    "conditions": [
        {
            "type": "PodNormal",
            "status": "False",
            "reason": "ContainersNotReady",
            "message": "game",
            "lastProbeTime": TIME,
            "lastTransitionTime": TIME,
        }
    ],
}


def schema_paths(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of every field that a schema names."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from schema_paths(field, f"{path}.{name}")
    if "items" in schema:
        yield from schema_paths(schema["items"], f"{path}[]")


def value_paths(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every field that a value carries."""
    if isinstance(value, dict):
        for name, field in value.items():
            yield f"{path}.{name}"
            yield from value_paths(field, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from value_paths(item, f"{path}[]")
