"""Pods, servers, workloads and sets as small values, for tests of decisions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from okg.api.core import Container, Pod, PodCondition, PodSpec, PodStatus
from okg.api.game import GameServer, GameServerSet, GameServerSetSpec
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import IntOrString, ObjectMeta
from okg.workload.pod_counts import Tally, facets_of

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)

SPEC: dict[str, Any] = {
    "replicas": 3,
    "gameServerTemplate": {"spec": {"containers": [{"name": "game", "image": "game:1"}]}},
}


def a_pod(
    name: str = "xxx-0",
    *,
    ops_state: str = "None",
    priority: str = "",
    lifecycle: str = "",
    phase: str = "Running",
    ready: str = "True",
    terminating: bool = False,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    node: str = "node-1",
    image: str = "game:1",
    created: datetime = LONG_AGO,
) -> Pod:
    """Return a pod of set ``xxx``."""
    known = {
        "game.kruise.io/owner-gss": "xxx",
        "game.kruise.io/gs-opsState": ops_state,
        "game.kruise.io/gs-delete-priority": priority,
        "lifecycle.apps.kruise.io/state": lifecycle,
    }
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace="games",
            uid=f"uid-of-{name}",
            creation_timestamp=created,
            deletion_timestamp=NOW if terminating else None,
            labels={key: value for key, value in known.items() if value} | dict(labels or {}),
            annotations=dict(annotations or {}),
        ),
        spec=PodSpec(node_name=node, containers=(Container(name="game", image=image),)),
        status=PodStatus(
            phase=phase,
            conditions=(PodCondition(type="Ready", status=ready),) if ready else (),
        ),
    )


def pods(*ids: int) -> list[Pod]:
    """Return plain pods of set ``xxx``."""
    return [a_pod(f"xxx-{id_}") for id_ in ids]


def tally_of(fleet: Iterable[Pod]) -> Tally:
    """Return what the cache's index would say of these pods."""
    return Counter(facet for pod in fleet for facet in facets_of(pod)).__getitem__


def a_set(
    spec: Mapping[str, object] | None = None, *, annotations: Mapping[str, str] | None = None
) -> GameServerSet:
    """Return set ``games/xxx``; ``spec`` is JSON laid over a small valid one."""
    document = msgspec.json.encode({**SPEC, **(spec or {})})
    return GameServerSet(
        metadata=ObjectMeta(
            name="xxx",
            namespace="games",
            uid="uid-of-xxx",
            generation=7,
            annotations=dict(annotations or {}),
        ),
        spec=msgspec.json.decode(document, type=GameServerSetSpec),
    )


def a_workload(
    replicas: int = 3,
    reserved: Iterable[IntOrString] = (),
    *,
    annotations: Mapping[str, str] | None = None,
) -> AdvancedStatefulSet:
    """Return the workload of set ``xxx``, as far as scaling is concerned."""
    document = msgspec.json.encode(
        {
            "metadata": {
                "name": "xxx",
                "namespace": "games",
                "annotations": annotations or {},
            },
            "spec": {"replicas": replicas, "reserveOrdinals": list(reserved)},
        }
    )
    return msgspec.json.decode(document, type=AdvancedStatefulSet)


def a_server(document: Mapping[str, object] | None = None, *, name: str = "xxx-0") -> GameServer:
    """Return a server with default spec; ``document`` is JSON laid over it."""
    plain: dict[str, object] = {
        "metadata": {"name": name, "namespace": "games"},
        "spec": {
            "opsState": "None",
            "updatePriority": 0,
            "deletionPriority": 0,
            "networkDisabled": False,
        },
    }
    return msgspec.json.decode(msgspec.json.encode({**plain, **(document or {})}), type=GameServer)
