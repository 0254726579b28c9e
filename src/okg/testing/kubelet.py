"""What a kubelet would report of a pod, as a pure function: no container is ever started.

Containers run as soon as the pod is on a node. An image changed in place restarts that container
alone: new image, imageID and containerID, one restart more. New amounts of resources are there at
once. Ready follows the containers and the
pod's readiness gates; conditions of other writers are kept.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import (
    Container,
    ContainerState,
    ContainerStateRunning,
    ContainerStatus,
    Pod,
    PodCondition,
    PodIP,
    PodStatus,
)

READY = "Ready"
_ALWAYS_TRUE = ("PodScheduled", "Initialized", "ContainersReady")


def running_status(pod: Pod, now: datetime, *, pod_ip: str = "") -> PodStatus:
    """Return the status of a pod whose containers all run the images of its spec."""
    status = pod.status
    address = status.pod_ip or pod_ip
    containers = tuple(_container(pod, container, now) for container in pod.spec.containers)
    return replace(
        status,
        phase="Running",
        start_time=status.start_time or now,
        host_ip=status.host_ip or "127.0.0.1",
        pod_ip=address,
        pod_ips=(PodIP(ip=address),) if address else (),
        container_statuses=containers,
        conditions=tuple(_conditions(pod, now)),
    )


def report_of(pod: Pod, status: PodStatus) -> bytes:
    """Return the strategic merge patch by which a kubelet tells a status, empty for no news.

    It overwrites no condition but those that are its own and new, so it needs no resourceVersion.
    """
    before, after = _as_json(pod.status), _as_json(status)
    news = {field: value for field, value in after.items() if value != before.get(field)}
    known = pod.status.conditions
    conditions = [_as_json(told) for told in status.conditions if told not in known]
    if conditions:
        # An item is merged into the one of its type, whose words would stay.
        news["conditions"] = [{"reason": None, "message": None, **told} for told in conditions]
    else:
        news.pop("conditions", None)
    if not news:
        return b""
    return msgspec.json.encode({"metadata": {"uid": pod.metadata.uid}, "status": news})


def image_id(image: str) -> str:
    """Return a digest that depends on the image's name, as a registry's would on its content."""
    return f"{image}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _as_json(status: PodStatus | PodCondition) -> dict[str, object]:
    return msgspec.json.decode(msgspec.json.encode(status), type=dict[str, object])


def _container(pod: Pod, container: Container, now: datetime) -> ContainerStatus:
    known = {status.name: status for status in pod.status.container_statuses}
    before = known.get(container.name)
    if before is not None and before.image == container.image:
        return replace(before, resources=container.resources)
    restarts = before.restart_count + 1 if before else 0
    seed = f"{pod.metadata.uid}/{container.name}/{restarts}"
    return ContainerStatus(
        name=container.name,
        image=container.image,
        image_id=image_id(container.image),
        container_id=f"simulated://{hashlib.sha256(seed.encode()).hexdigest()}",
        ready=True,
        resources=container.resources,
        started=True,
        restart_count=restarts,
        state=ContainerState(running=ContainerStateRunning(started_at=now)),
    )


def _conditions(pod: Pod, now: datetime) -> Iterable[PodCondition]:
    ready, reason = _readiness(pod)
    wanted = dict.fromkeys(_ALWAYS_TRUE, ("True", "")) | {READY: (ready, reason)}
    for condition in pod.status.conditions:
        if condition.type not in wanted:
            yield condition
    present = {condition.type: condition for condition in pod.status.conditions}
    for name, (state, why) in wanted.items():
        old = present.get(name)
        if old is not None and (old.status, old.reason) == (state, why):
            yield old
        else:
            yield PodCondition(type=name, status=state, reason=why, last_transition_time=now)


def _readiness(pod: Pod) -> tuple[str, str]:
    true = {c.type for c in pod.status.conditions if c.status == "True"}
    gates = {gate.condition_type for gate in pod.spec.readiness_gates}
    return ("True", "") if gates <= true else ("False", "ReadinessGatesNotReady")
