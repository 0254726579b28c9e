"""Workloads, revisions and pods without OpenKruise as small values, for tests of decisions."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet, StatefulSetSpec
from okg.workload.native.history import newest_revision
from okg.workload.native.record import record_of, to_config_map
from okg.workload.ownership import controlled_by
from okg.workload.statefulset import build_statefulset
from unit.fleet import NOW, a_pod, a_set

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "game", "game.kruise.io/owner-gss": "xxx"}},
    "spec": {
        "containers": [{"name": "game", "image": "game:1"}],
        "readinessGates": [{"conditionType": "InPlaceUpdateReady"}],
    },
}


def a_native(spec: Mapping[str, object] | None = None) -> AdvancedStatefulSet:
    """Return the workload of set ``xxx``; ``spec`` is JSON laid over a small one."""
    built = build_statefulset(a_set())
    small: dict[str, object] = msgspec.json.decode(msgspec.json.encode(built.spec))
    document = msgspec.json.encode({**small, "template": TEMPLATE, **(spec or {})})
    wanted = replace(built, spec=msgspec.json.decode(document, type=StatefulSetSpec))
    return record_of(to_config_map(wanted, a_set()))


def with_image(image: str) -> dict[str, object]:
    """Return a spec with another image."""
    containers = [{"name": "game", "image": image}]
    return {"template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], "containers": containers}}}


def rolling(**fields: object) -> dict[str, object]:
    """Return a spec with these settings of a rolling update, by priority as sets ask for it."""
    key = "game.kruise.io/gs-update-priority"
    order = {"priorityStrategy": {"orderPriority": [{"orderedKey": key}]}}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"unorderedUpdate": order, **fields}}
    return {"updateStrategy": strategy}


def a_revision(image: str = "game:1", number: int = 1) -> ControllerRevision:
    """Return the revision of a template with this image, as stored."""
    made = newest_revision(a_native(with_image(image)), a_set(), [])
    return replace(made, revision=number)


OLD, NEW = a_revision("game:1", 1), a_revision("game:2", 2)


def a_member(
    ordinal: int,
    revision: ControllerRevision = OLD,
    *,
    ready_for: float = 3600,
    **fields: Any,
) -> Pod:
    """Return a pod of set ``xxx`` as our controller makes it, ready for that many seconds."""
    labels = {"controller-revision-hash": revision.metadata.name, **fields.pop("labels", {})}
    pod = a_pod(f"xxx-{ordinal}", labels=labels, **fields)
    since = NOW - timedelta(seconds=ready_for)
    conditions = tuple(replace(c, last_transition_time=since) for c in pod.status.conditions)
    meta = replace(pod.metadata, owner_references=(controlled_by(a_set()),))
    return replace(pod, metadata=meta, status=replace(pod.status, conditions=conditions))
