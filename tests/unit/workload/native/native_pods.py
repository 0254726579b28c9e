"""Pods of set ``xxx`` as the native back end has them, and workloads, for tests of decisions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from okg.api.core import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStatus,
    Pod,
    PodCondition,
    PodReadinessGate,
    PodSpec,
    PodStatus,
)
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import ObjectMeta

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, 11, 0, 0, tzinfo=UTC)
OLD, NEW, NEWER = "xxx-old", "xxx-new", "xxx-newer"

STATE = "apps.kruise.io/inplace-update-state"
GRACE = "apps.kruise.io/inplace-update-grace"
REPLACED = "game.kruise.io/inplace-update-replaced"
LIFECYCLE = "lifecycle.apps.kruise.io/state"
CHANGED_AT = "lifecycle.apps.kruise.io/timestamp"
REVISION = "controller-revision-hash"


def a_condition(kind: str, status: str = "True", **members: Any) -> PodCondition:
    """Return a condition that has been so for long."""
    return PodCondition(type=kind, status=status, last_transition_time=BEFORE, **members)


OPEN = tuple(
    a_condition(kind)
    for kind in ("Ready", "ContainersReady", "InPlaceUpdateReady", "KruisePodReady")
)


def a_container(name: str = "game", image: str = "game:1", **members: Any) -> ContainerStatus:
    """Return a container that runs an image and has run it for long."""
    plain: dict[str, Any] = {
        "image_id": f"{image}@sha256:aaa",
        "container_id": f"containerd://{name}-0",
        "ready": True,
        "restart_count": 0,
        "state": ContainerState(running=ContainerStateRunning(started_at=BEFORE)),
    }
    return ContainerStatus(name=name, image=image, **(plain | members))


def a_server_pod(
    *,
    name: str = "xxx-0",
    revision: str = OLD,
    lifecycle: str = "Normal",
    images: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    finalizers: tuple[str, ...] = (),
    conditions: tuple[PodCondition, ...] = OPEN,
    gates: tuple[str, ...] = ("InPlaceUpdateReady", "KruisePodReady"),
    containers: tuple[ContainerStatus, ...] | None = None,
    phase: str = "Running",
    terminating: bool = False,
) -> Pod:
    """Return a pod that is ready and runs ``game:1``."""
    images = images or {"game": "game:1"}
    running = tuple(a_container(name, image) for name, image in images.items())
    known = {REVISION: revision, LIFECYCLE: lifecycle}
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace="games",
            uid=f"uid-of-{name}",
            labels={key: text for key, text in known.items() if text} | dict(labels or {}),
            annotations=dict(annotations or {}),
            finalizers=finalizers,
            deletion_timestamp=NOW if terminating else None,
        ),
        spec=PodSpec(
            containers=tuple(Container(name=name, image=image) for name, image in images.items()),
            readiness_gates=tuple(PodReadinessGate(condition_type=kind) for kind in gates),
        ),
        status=PodStatus(
            phase=phase,
            conditions=conditions,
            container_statuses=running if containers is None else containers,
        ),
    )


def a_native_workload(
    lifecycle: Mapping[str, object] | None = None, *, grace: int = 0
) -> AdvancedStatefulSet:
    """Return workload ``games/xxx`` with hooks in JSON."""
    rolling = {"inPlaceUpdateStrategy": {"gracePeriodSeconds": grace}}
    spec = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
    document = {
        "metadata": {"name": "xxx", "namespace": "games"},
        "spec": spec if lifecycle is None else {**spec, "lifecycle": lifecycle},
    }
    return msgspec.json.decode(msgspec.json.encode(document), type=AdvancedStatefulSet)


def a_template(*containers: Mapping[str, object], **members: object) -> msgspec.Raw:
    """Return a pod template in JSON, with one container if none is given."""
    spec = {"containers": [*(containers or ({"name": "game", "image": "game:1"},))]}
    return msgspec.Raw(msgspec.json.encode({"spec": spec, **members}))


def annotated(pod: Pod, **annotations: str) -> Pod:
    """Return a pod with more annotations, their keys given as state, grace and replaced."""
    keys = {"state": STATE, "grace": GRACE, "replaced": REPLACED}
    more = {keys[name]: text for name, text in annotations.items()}
    meta = pod.metadata
    return replace(pod, metadata=replace(meta, annotations={**meta.annotations, **more}))


PLAIN = a_native_workload()
LED_OUT = (
    a_condition("Ready", "False"),
    a_condition("ContainersReady"),
    a_condition("InPlaceUpdateReady", "False", reason="StartInPlaceUpdate"),
    a_condition("KruisePodReady"),
)
