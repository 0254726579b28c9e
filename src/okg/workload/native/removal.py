"""Removal: a pod goes when no hook holds it back, and comes back into service when it may stay."""

from datetime import datetime

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.names import LIFECYCLE_NORMAL, PREPARING_DELETE
from okg.workload.native.lifecycle import go_into, is_hooked, state_of
from okg.workload.native.pod_step import PodStep


def held_back(pod: Pod, workload: AdvancedStatefulSet, now: datetime) -> PodStep | None:
    """Return the next write of a pod that its hook keeps for now, or None if it may go.

    When all is written, the step has the very pod: there is nothing to do but wait.
    """
    lifecycle = workload.spec.lifecycle
    if lifecycle is None or not is_hooked(lifecycle.pre_delete, pod):
        return None
    return go_into(pod, lifecycle, PREPARING_DELETE, now) or PodStep(pod)


def in_service_again(pod: Pod, workload: AdvancedStatefulSet, now: datetime) -> PodStep | None:
    """Return the next write of a pod that was to go and is wanted again."""
    if not is_preparing_delete(pod):
        return None
    return go_into(pod, workload.spec.lifecycle, LIFECYCLE_NORMAL, now)


def is_preparing_delete(pod: Pod) -> bool:
    """Whether a hook holds back the pod's removal."""
    return state_of(pod) == PREPARING_DELETE
