"""Readiness: the gates by which a pod is led out of service, and the Ready that follows them.

Only the kubelet makes a pod Ready. That a pod is Ready no more is written at once together with
the gate, because the kubelet would take its time.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.workload.go_json import encode_as_go
from okg.workload.names import IN_PLACE_UPDATE_READY, KRUISE_POD_READY
from okg.workload.state import UPDATE_BEGINS

_READY = "Ready"
_CONTAINERS_READY = "ContainersReady"
_NOT_READY = "ReadinessGatesNotReady"
_AGENT = "Lifecycle"


class NotReadyKey(msgspec.Struct, frozen=True, order=True, rename="camel"):
    """What keeps a pod from being ready: who says so, and why."""

    user_agent: str
    key: str


_Keys = tuple[NotReadyKey, ...]


def has_gate(pod: Pod, kind: str) -> bool:
    """Whether a condition must be True before the pod is Ready."""
    return any(gate.condition_type == kind for gate in pod.spec.readiness_gates)


def lead_out(pod: Pod, now: datetime) -> Pod:
    """Return a pod that is not ready because its update begins; itself if it has no such gate."""
    gate = pod.status.condition(IN_PLACE_UPDATE_READY)
    if gate is not None and gate.status == "False":
        return pod
    return _with_gate(pod, IN_PLACE_UPDATE_READY, "False", now, reason=UPDATE_BEGINS)


def lead_in(pod: Pod, now: datetime) -> Pod:
    """Return a pod that no update keeps from being ready; itself if it has no such gate."""
    return _with_gate(pod, IN_PLACE_UPDATE_READY, "True", now)


def mark_not_ready(pod: Pod, key: str, now: datetime, *, marked: bool) -> Pod:
    """Return a pod with or without one of our keys; those of other writers stay.

    A pod that has the gate and no word about it yet is ready.
    """
    told = pod.status.condition(KRUISE_POD_READY)
    before = not_ready_keys(pod)
    own = {NotReadyKey(_AGENT, key)}
    keys = before | own if marked else before - own
    if told is None and not keys:
        return _with_gate(pod, KRUISE_POD_READY, "True", now)
    if keys == before:
        return pod
    status = "False" if keys else "True"
    return _with_gate(pod, KRUISE_POD_READY, status, now, message=encode_as_go(sorted(keys)))


def not_ready_keys(pod: Pod) -> frozenset[NotReadyKey]:
    """Return what keeps a pod from being ready; nothing where it cannot be read."""
    told = pod.status.condition(KRUISE_POD_READY)
    try:
        return frozenset(msgspec.json.decode(told.message if told else "[]", type=_Keys))
    except msgspec.DecodeError:
        return frozenset()


def only_adds(before: Pod, after: Pod) -> bool:
    """Whether nothing is said anew, and so nobody's word is taken back.

    The gates of a new pod are opened so. Scheduler, kubelet and OpenKruise write it at the same
    time, and nobody but us closes the gate of updates.
    """
    told = {condition.type for condition in before.status.conditions}
    fresh = (c for c in after.status.conditions if c not in before.status.conditions)
    return all(condition.type not in told for condition in fresh)


def _with_gate(
    pod: Pod, kind: str, status: str, now: datetime, *, reason: str = "", message: str = ""
) -> Pod:
    if not has_gate(pod, kind):
        return pod
    condition = PodCondition(type=kind, status=status, reason=reason, message=message)
    told = _with_condition(pod, condition, now)
    return _with_ready(told, now) if told.status != pod.status else pod


def _with_ready(pod: Pod, now: datetime) -> Pod:
    """Return a pod that is not Ready if a gate says so and nothing else does."""
    ready, containers = pod.status.condition(_READY), pod.status.condition(_CONTAINERS_READY)
    complaints = ", ".join(_complaints(pod))
    if ready is None or containers is None or containers.status != "True" or not complaints:
        return pod
    closed = replace(ready, status="False", reason=_NOT_READY, message=complaints)
    return _with_condition(pod, closed, now)


def _complaints(pod: Pod) -> Iterable[str]:
    """Yield what the kubelet says of each gate that is not open; other words would be replaced."""
    for gate in pod.spec.readiness_gates:
        kind = gate.condition_type
        condition = pod.status.condition(kind)
        if condition is None:
            yield f'corresponding condition of pod readiness gate "{kind}" does not exist.'
        elif condition.status != "True":
            yield f'the status of pod readiness gate "{kind}" is not "True", but {condition.status}'


def _with_condition(pod: Pod, wanted: PodCondition, now: datetime) -> Pod:
    """Return a pod with a condition, dated when its status changed last."""
    before = pod.status.condition(wanted.type)
    since = before.last_transition_time if before and before.status == wanted.status else now
    fresh = replace(wanted, last_transition_time=since)
    conditions = tuple(fresh if c.type == wanted.type else c for c in pod.status.conditions)
    if before is None:
        conditions = (*conditions, fresh)
    return replace(pod, status=replace(pod.status, conditions=conditions))
