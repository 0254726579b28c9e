"""A pod as an Advanced StatefulSet makes it: about 5 KB of JSON, 7 KB with managedFields."""

import json


def _container_status(name: str, image: str, number: int) -> dict[str, object]:
    return {
        "name": name,
        "image": f"example.com/{image}",
        "imageID": f"example.com/{image}@sha256:{number:064x}",
        "containerID": f"containerd://{number * 7:064x}",
        "ready": True,
        "restartCount": 0,
        "started": True,
        "lastState": {},
        "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}},
        "volumeMounts": [
            {
                "name": "kube-api-access-abcde",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "readOnly": True,
                "recursiveReadOnly": "Disabled",
            }
        ],
    }


def _container(name: str, image: str, port: int) -> dict[str, object]:
    return {
        "name": name,
        "image": f"example.com/{image}",
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {
                "name": "POD_NAME",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
            },
            {"name": "REGION", "value": "eu"},
        ],
        "ports": [{"name": "game", "containerPort": port, "protocol": "UDP"}],
        "resources": {
            "limits": {"cpu": "2", "memory": "4Gi"},
            "requests": {"cpu": "500m", "memory": "2Gi"},
        },
        "readinessProbe": {
            "tcpSocket": {"port": port},
            "periodSeconds": 10,
            "timeoutSeconds": 1,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "lifecycle": {"preStop": {"exec": {"command": ["/bin/stop"]}}},
        "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {
                "name": "kube-api-access-abcde",
                "readOnly": True,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            }
        ],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }


def _condition(kind: str) -> dict[str, object]:
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": "2026-01-02T03:04:05Z",
    }


def sample_pod(number: int = 0) -> dict[str, object]:
    """Return pod ``lobby-<number>`` as plain data."""
    name = f"lobby-{number}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "generateName": "lobby-",
            "namespace": "games",
            "uid": f"5f2b7a70-0000-4000-8000-{number:012x}",
            "resourceVersion": str(1_000_000 + number),
            "generation": 1,
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {
                "app": "lobby",
                "apps.kubernetes.io/pod-index": str(number),
                "controller-revision-hash": "lobby-6f5cc6f959",
                "game.kruise.io/gs-delete-priority": "0",
                "game.kruise.io/gs-opsState": "None",
                "game.kruise.io/gs-state": "Ready",
                "game.kruise.io/gs-update-priority": "0",
                "game.kruise.io/network-disabled": "false",
                "game.kruise.io/owner-gss": "lobby",
                "lifecycle.apps.kruise.io/state": "Normal",
                "statefulset.kubernetes.io/pod-name": name,
            },
            "annotations": {
                "game.kruise.io/opsState-last-changed-time": "2026-01-02T03:04:05Z",
                "lifecycle.apps.kruise.io/timestamp": "2026-01-02T03:04:05Z",
            },
            "ownerReferences": [
                {
                    "apiVersion": "apps.kruise.io/v1beta1",
                    "kind": "StatefulSet",
                    "name": "lobby",
                    "uid": "5f2b7a70-1111-4000-8000-000000000000",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": [
                {
                    "manager": f"manager-{writer}",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": "2026-01-02T03:04:05Z",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {
                        "f:metadata": {
                            "f:labels": {f"f:game.kruise.io/label-{n}": {} for n in range(8)},
                            "f:annotations": {f"f:game.kruise.io/note-{n}": {} for n in range(8)},
                        }
                    },
                }
                for writer in range(3)
            ],
        },
        "spec": {
            "hostname": name,
            "subdomain": "lobby",
            "nodeName": f"node-{number % 50}",
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "default",
            "schedulerName": "default-scheduler",
            "priority": 0,
            "enableServiceLinks": True,
            "readinessGates": [
                {"conditionType": "InPlaceUpdateReady"},
                {"conditionType": "KruisePodReady"},
            ],
            "tolerations": [
                {
                    "key": f"node.kubernetes.io/{reason}",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                }
                for reason in ("not-ready", "unreachable")
            ],
            "containers": [
                _container("game", "lobby:v1.2.3", 7777),
                _container("sidecar", "agent:v4", 8080),
            ],
            "securityContext": {},
            "volumes": [
                {
                    "name": "kube-api-access-abcde",
                    "projected": {
                        "defaultMode": 420,
                        "sources": [
                            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                            {
                                "configMap": {
                                    "name": "kube-root-ca.crt",
                                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                                }
                            },
                        ],
                    },
                }
            ],
        },
        "status": {
            "phase": "Running",
            "qosClass": "Burstable",
            "hostIP": "10.0.0.7",
            "hostIPs": [{"ip": "10.0.0.7"}],
            "podIP": f"10.1.{number // 250 % 250}.{number % 250}",
            "podIPs": [{"ip": f"10.1.{number // 250 % 250}.{number % 250}"}],
            "startTime": "2026-01-02T03:04:05Z",
            "conditions": [
                _condition(kind)
                for kind in (
                    "InPlaceUpdateReady",
                    "KruisePodReady",
                    "PodReadyToStartContainers",
                    "Initialized",
                    "Ready",
                    "ContainersReady",
                    "PodScheduled",
                )
            ],
            "containerStatuses": [
                _container_status("game", "lobby:v1.2.3", number + 1),
                _container_status("sidecar", "agent:v4", number + 2),
            ],
        },
    }


def encoded(number: int = 0, *, managed_fields: bool = False) -> bytes:
    """Return the pod as the API server would send it."""
    pod = sample_pod(number)
    if not managed_fields:
        metadata = pod["metadata"]
        assert isinstance(metadata, dict)
        metadata.pop("managedFields")
    return json.dumps(pod, separators=(",", ":")).encode()
