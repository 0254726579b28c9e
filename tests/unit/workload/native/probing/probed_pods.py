"""Pods whose containers are probed, and what is told of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from okg.api.core import (
    Container,
    ContainerPort,
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStatus,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
)
from okg.api.game import ServiceQuality
from okg.api.meta import ObjectMeta
from okg.workload.native.probing.probe import Probes, read_probes

START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
"""When containers start, unless it is said otherwise."""

EXEC = {"exec": {"command": ["check"]}}


def after(seconds: float) -> datetime:
    """Return a time after the start."""
    return START + timedelta(seconds=seconds)


def running(number: int = 1, *, since: float = 0.0, name: str = "game") -> ContainerStatus:
    """Return the ``number``th start of a container."""
    return ContainerStatus(
        name=name,
        image="game:1",
        image_id="game@sha256:aaa",
        container_id=f"containerd://{name}-{number}",
        ready=True,
        restart_count=number - 1,
        state=ContainerState(running=ContainerStateRunning(started_at=after(since))),
    )


def ended(number: int = 1) -> ContainerStatus:
    """Return a container that has ended."""
    state = ContainerState(terminated=ContainerStateTerminated(exit_code=1))
    return replace(running(number), ready=False, state=state)


def waiting() -> ContainerStatus:
    """Return a container that was never started."""
    return replace(running(), container_id="", ready=False, state=ContainerState())


def a_result(status: str, message: str = "", *, quality: str = "idle", at: float = 0.0) -> Any:
    """Return a condition as a prober writes it."""
    return PodCondition(
        type=f"game.kruise.io/{quality}",
        status=status,
        message=message,
        last_probe_time=after(at),
        last_transition_time=after(at),
    )


def a_probed_pod(
    *containers: ContainerStatus,
    name: str = "xxx-0",
    uid: str = "",
    conditions: tuple[PodCondition, ...] = (),
    phase: str = "Running",
    initialized: str = "True",
    terminating: bool = False,
    node: str = "node-1",
    pod_ip: str = "10.0.0.1",
) -> Pod:
    """Return a pod of set ``games/xxx``."""
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace="games",
            uid=uid or f"uid-of-{name}",
            deletion_timestamp=START if terminating else None,
            labels={"game.kruise.io/owner-gss": "xxx"},
        ),
        spec=PodSpec(
            node_name=node,
            containers=(
                Container(name="game", ports=(ContainerPort(container_port=7000, name="web"),)),
                Container(name="sidecar", ports=(ContainerPort(container_port=9000, name="web"),)),
            ),
        ),
        status=PodStatus(
            phase=phase,
            pod_ip=pod_ip,
            container_statuses=containers or (running(),),
            conditions=(PodCondition(type="Initialized", status=initialized), *conditions),
        ),
    )


def a_quality(name: str = "idle", **members: Any) -> ServiceQuality:
    """Return a quality that runs a command, unless it is said otherwise."""
    handler: Mapping[str, object] = {} if _HANDLERS & members.keys() else EXEC
    plain = {"name": name, "containerName": "game", "permanent": False, **handler}
    return msgspec.json.decode(msgspec.json.encode({**plain, **members}), type=ServiceQuality)


def some_probes(*qualities: ServiceQuality) -> Probes:
    """Return how these qualities are probed; quality ``idle`` if there are none."""
    return read_probes(qualities or (a_quality(),))


_HANDLERS = {"exec", "httpGet", "tcpSocket", "grpc"}
