from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.kruise import StatefulSetScaleStrategy
from okg.client.patch import as_json
from okg.workload.scaling import Scale
from okg.workload.statefulset import (
    build_statefulset,
    needs_update,
    scale_statefulset,
    statefulset_hash,
    update_statefulset,
)
from unit.fleet import a_set, a_workload

FULL_SPEC: dict[str, Any] = {
    "replicas": 3,
    "serviceName": "lobby",
    "reserveGameServerIds": [9, " 3 - 4", 1],
    "gameServerTemplate": {
        "reclaimPolicy": "Delete",
        "metadata": {"labels": {"app": "lobby"}, "annotations": {"note": "yes"}},
        "spec": {
            "containers": [{"name": "game", "image": "game:1", "resources": {"limits": {"cpu": 1}}}]
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storage": "1Gi"}}],
    },
    "updateStrategy": {
        "type": "OnDelete",
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
        "networkConf": [
            {"name": "ContainerPorts", "value": "game:80"},
            {"name": "AllowNotReadyContainers", "value": "game"},
        ],
    },
    "lifecycle": {
        "preDelete": {"finalizersHandler": ["example.com/hold"]},
        "inPlaceUpdate": {"labelsHandler": {"own": "hook"}},
    },
    "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
}


def test_a_full_set_becomes_this_workload() -> None:
    gss = a_set(FULL_SPEC)

    built = as_json(build_statefulset(gss))

    assert built == {
        "metadata": {
            "name": "xxx",
            "namespace": "games",
            "annotations": {"game.kruise.io/asts-hash": statefulset_hash(gss)},
            "ownerReferences": [
                {
                    "apiVersion": "game.kruise.io/v1alpha1",
                    "kind": "GameServerSet",
                    "name": "xxx",
                    "uid": "uid-of-xxx",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "replicas": 3,
            "reserveOrdinals": [9, "3-4", 1],
            "selector": {"matchLabels": {"game.kruise.io/owner-gss": "xxx"}},
            "serviceName": "lobby",
            "podManagementPolicy": "Parallel",
            "template": {
                "metadata": {
                    "labels": {"app": "lobby", "game.kruise.io/owner-gss": "xxx"},
                    "annotations": {
                        "note": "yes",
                        "game.kruise.io/network-conf": (
                            '[{"name":"ContainerPorts","value":"game:80"},'
                            '{"name":"AllowNotReadyContainers","value":"game"}]'
                        ),
                        "game.kruise.io/network-type": "Kubernetes-HostPort",
                    },
                },
                "spec": {
                    "containers": [
                        {"name": "game", "image": "game:1", "resources": {"limits": {"cpu": 1}}}
                    ],
                    "readinessGates": [{"conditionType": "InPlaceUpdateReady"}],
                },
            },
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storage": "1Gi"}}],
            "lifecycle": {
                "preDelete": {"finalizersHandler": ["example.com/hold"]},
                "inPlaceUpdate": {
                    "labelsHandler": {
                        "own": "hook",
                        "game.kruise.io/inplace-update-not-ready-blocker": "true",
                    }
                },
            },
            "scaleStrategy": {"maxUnavailable": 2},
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {
                    "partition": 1,
                    "maxUnavailable": "20%",
                    "podUpdatePolicy": "InPlaceIfPossible",
                    "paused": True,
                    "unorderedUpdate": {
                        "priorityStrategy": {
                            "orderPriority": [{"orderedKey": "game.kruise.io/gs-update-priority"}]
                        }
                    },
                    "inPlaceUpdateStrategy": {"gracePeriodSeconds": 10},
                    "minReadySeconds": 5,
                },
            },
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
        },
    }


def test_a_plain_set_becomes_this_workload() -> None:
    built = as_json(build_statefulset(a_set({"updateStrategy": {"type": "OnDelete"}})))

    assert built["spec"] == {
        "replicas": 3,
        "selector": {"matchLabels": {"game.kruise.io/owner-gss": "xxx"}},
        "serviceName": "xxx",
        "podManagementPolicy": "Parallel",
        "template": {
            "metadata": {"labels": {"game.kruise.io/owner-gss": "xxx"}},
            "spec": {
                "containers": [{"name": "game", "image": "game:1"}],
                "readinessGates": [{"conditionType": "InPlaceUpdateReady"}],
            },
        },
        "scaleStrategy": {},
        "updateStrategy": {"type": "OnDelete"},
    }


@pytest.mark.parametrize(
    ("network", "annotations"),
    [
        (
            {"networkType": ""},
            {"game.kruise.io/network-conf": "null", "game.kruise.io/network-type": ""},
        ),
        (
            {"networkType": "T", "networkConf": []},
            {"game.kruise.io/network-conf": "[]", "game.kruise.io/network-type": "T"},
        ),
    ],
)
def test_a_network_is_written_into_the_template_even_if_it_is_empty(
    network: dict[str, object], annotations: dict[str, str]
) -> None:
    workload = build_statefulset(a_set({"network": network}))

    assert msgspec.json.decode(workload.spec.template)["metadata"]["annotations"] == annotations


def test_an_update_leaves_size_and_identity_alone_and_takes_away_what_the_user_took_away() -> None:
    stored = build_statefulset(a_set(FULL_SPEC))
    stored = replace(stored, spec=replace(stored.spec, replicas=8, revision_history_limit=10))

    updated = as_json(update_statefulset(stored, a_set()))

    assert updated["spec"] == {
        "replicas": 8,
        "reserveOrdinals": [9, "3-4", 1],
        "selector": {"matchLabels": {"game.kruise.io/owner-gss": "xxx"}},
        "serviceName": "lobby",
        "podManagementPolicy": "Parallel",
        "template": {
            "metadata": {"labels": {"game.kruise.io/owner-gss": "xxx"}},
            "spec": {
                "containers": [{"name": "game", "image": "game:1"}],
                "readinessGates": [{"conditionType": "InPlaceUpdateReady"}],
            },
        },
        "revisionHistoryLimit": 10,
        "scaleStrategy": {},
        "updateStrategy": {},
    }


def test_an_update_brings_the_hash_up_to_date() -> None:
    gss = a_set({"updateStrategy": {"type": "OnDelete"}})
    stored = build_statefulset(a_set())

    assert needs_update(stored, gss)
    assert not needs_update(update_statefulset(stored, gss), gss)


def test_a_workload_without_annotations_needs_an_update() -> None:
    assert needs_update(a_workload(), a_set())


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 9},
        {"reserveGameServerIds": [4]},
        {"serviceName": "other"},
        {"scaleStrategy": {"maxUnavailable": 3}},
        {"lifecycle": {"preDelete": {"markPodNotReady": True}}},
        {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}},
        {"network": {"networkType": "T"}},
        {"serviceQualities": [{"name": "idle", "permanent": True}]},
    ],
)
def test_these_fields_alone_make_no_update_necessary(spec: dict[str, object]) -> None:
    assert statefulset_hash(a_set(spec)) == statefulset_hash(a_set())


@pytest.mark.parametrize(
    "spec",
    [
        {"updateStrategy": {"rollingUpdate": {"partition": 1}}},
        {"network": {"networkConf": []}},
        {"gameServerTemplate": {"spec": {"containers": [{"name": "game", "image": "game:2"}]}}},
        {
            "gameServerTemplate": {
                "spec": {"containers": [{"name": "game", "image": "game:1"}]},
                "reclaimPolicy": "Delete",
            }
        },
        {
            "gameServerTemplate": {
                "spec": {"containers": [{"name": "game", "image": "game:1"}]},
                "volumeClaimTemplates": [{}],
            }
        },
    ],
)
def test_these_fields_make_an_update_necessary(spec: dict[str, object]) -> None:
    assert statefulset_hash(a_set(spec)) != statefulset_hash(a_set())


def test_a_scale_writes_size_ids_and_scale_strategy_only() -> None:
    gss = a_set({"replicas": 4, "scaleStrategy": {"maxUnavailable": 5}})
    stored = build_statefulset(a_set(FULL_SPEC))
    ids = frozenset({1, 4, 5, 6})

    scaled = scale_statefulset(stored, gss, Scale(managed=frozenset({0, 2, 3, 7}), reserved=ids))

    assert scaled.metadata == stored.metadata
    assert scaled.spec == replace(
        stored.spec,
        replicas=4,
        reserve_ordinals=(1, "4-6"),
        scale_strategy=StatefulSetScaleStrategy(max_unavailable=5),
    )
