"""Gates: conditions without which a kubelet never reports a pod as ready."""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.workload.names import IN_PLACE_UPDATE_READY, KRUISE_POD_READY

_GATES = (IN_PLACE_UPDATE_READY, KRUISE_POD_READY)


def open_gates(pod: Pod, now: datetime) -> Pod:
    """Return the pod with those of our gates open that nobody has opened or closed yet."""
    opened = tuple(_opened(pod, now))
    if not opened:
        return pod
    status = replace(pod.status, conditions=(*pod.status.conditions, *opened))
    return replace(pod, status=status)


def _opened(pod: Pod, now: datetime) -> Iterator[PodCondition]:
    listed = {gate.condition_type for gate in pod.spec.readiness_gates}
    for gate in _GATES:
        if gate in listed and pod.status.condition(gate) is None:
            yield PodCondition(type=gate, status="True", last_transition_time=now)
