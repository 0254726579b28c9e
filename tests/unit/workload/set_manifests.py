"""Sets with one mistake each, laid over a small valid one, and what admission says."""

from typing import Any

from okg.workload.network_rules import Networks, no_findings
from okg.workload.validation import Verdict, validate_set
from unit.fleet import SPEC, a_set

NETWORKS = Networks(dict.fromkeys(["Kubernetes-NodePort", "Kubernetes-HostPort"], no_findings))
FULL: dict[str, Any] = {
    "replicas": 1_000_000,
    "serviceName": "lobby",
    "reserveGameServerIds": [0, "3-6", " 8 - 9 "],
    "gameServerTemplate": {
        "reclaimPolicy": "Delete",
        "metadata": {"labels": {"app": "game", "game.kruise.io/owner-gss": "xxx"}},
        "spec": {
            "containers": [{"name": "game", "image": "game:1"}, {"name": "log"}],
            "initContainers": [{"name": "setup"}],
            "restartPolicy": "Always",
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
    },
    "updateStrategy": {
        "type": "RollingUpdate",
        "rollingUpdate": {
            "partition": 0,
            "minReadySeconds": 300,
            "maxUnavailable": "100%",
            "podUpdatePolicy": "InPlaceIfPossible",
        },
    },
    "scaleStrategy": {"maxUnavailable": 1, "scaleDownStrategyType": "ReserveIds"},
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Delete"},
    "network": {"networkType": "Kubernetes-HostPort"},
    "serviceQualities": [
        {
            "name": "idle",
            "containerName": "setup",
            "permanent": False,
            "exec": {"command": ["true"]},
            "serviceQualityAction": [
                {"state": True, "opsState": "{{ .Result }}", "deletionPriority": "{{ .Result }}"},
                {"state": True, "result": "1", "opsState": "None", "updatePriority": 5},
                {"state": False, "opsState": "WaitToBeDeleted", "labels": {"a/b": "c"}},
            ],
        },
        {
            "name": "alive",
            "containerName": "log",
            "permanent": True,
            "tcpSocket": {"port": 80},
        },
    ],
}


def judge(spec: dict[str, Any] | None = None, old: dict[str, Any] | None = None) -> Verdict:
    return validate_set(a_set(spec), a_set(old) if old is not None else None, NETWORKS)


def template(**fields: object) -> dict[str, Any]:
    return {"gameServerTemplate": {**SPEC["gameServerTemplate"], **fields}}


def pod(**fields: object) -> dict[str, Any]:
    return template(spec={**SPEC["gameServerTemplate"]["spec"], **fields})


def rolling(**fields: object) -> dict[str, Any]:
    return {"updateStrategy": {"rollingUpdate": fields}}


def quality(**fields: object) -> dict[str, Any]:
    plain = {
        "name": "idle",
        "containerName": "game",
        "permanent": True,
        "exec": {"command": ["true"]},
    }
    return {"serviceQualities": [{k: v for k, v in {**plain, **fields}.items() if v is not None}]}


def actions(*listed: dict[str, Any]) -> dict[str, Any]:
    return quality(serviceQualityAction=[{"state": True, **action} for action in listed])
