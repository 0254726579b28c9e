"""Refresh: what a pod needs in every pass, whether or not it is to be updated."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.names import IN_PLACE_UPDATE_READY, LIFECYCLE_NORMAL, UPDATING
from okg.workload.native.completion import is_batch_complete, is_complete
from okg.workload.native.health import is_of_revision, is_ready
from okg.workload.native.in_place_state import (
    is_in_grace,
    read_grace,
    read_state,
    without_grace,
)
from okg.workload.native.lifecycle import following_state, go_into, keep_marks, state_of
from okg.workload.native.pod_step import PodStep
from okg.workload.native.readiness import lead_in, only_adds
from okg.workload.native.spec_change import (
    apply_change,
    begin,
    change_of_grace,
    change_of_next,
    resize,
)

KUBELET_TIME = timedelta(seconds=3)
"""Longer than a kubelet takes to hear of an open gate and to tell that the pod is Ready."""


def refresh(
    pod: Pod, workload: AdvancedStatefulSet, update_revision: str, now: datetime
) -> PodStep | None:
    """Return the next write of a pod by itself, None if it has nothing to do.

    That is the end of a grace period, the next batch of an update that OpenKruise began, the
    conditions of its readiness gates and the way through its lifecycle.

    Args:
        pod: a pod of the set that is neither terminating nor over.
        workload: of its set.
        update_revision: newest revision of the set.
        now: the time.
    """
    now = now.replace(microsecond=0)
    if is_in_grace(pod):
        return _wait(pod, now)
    complete = is_complete(pod)
    if not complete and (step := _next_batch(pod, now)):
        return step
    lifecycle = workload.spec.lifecycle
    following = following_state(pod, lifecycle, update_revision, complete=complete)
    state = following or state_of(pod)
    told = keep_marks(lead_in(pod, now) if complete else pod, lifecycle, state, now)
    if told.status != pod.status:
        return PodStep(told, "status", lock=not only_adds(pod, told))
    if following == LIFECYCLE_NORMAL and (rest := _time_for_kubelet(pod, now)):
        return PodStep(pod, requeue_after=rest)
    return go_into(pod, lifecycle, following, now) if following else None


def _time_for_kubelet(pod: Pod, now: datetime) -> timedelta | None:
    """Return how long the end of an update may wait for the kubelet to say Ready, None for not.

    Once the gate is open only that is missing, and it takes a moment: back in service before it,
    the server would count as NotReady in between, and everything that follows it would be written
    twice.
    """
    gate, containers = (
        pod.status.condition(kind) for kind in (IN_PLACE_UPDATE_READY, "ContainersReady")
    )
    if gate is None or gate.last_transition_time is None or is_ready(pod):
        return None
    if containers is None or containers.status != "True" or state_of(pod) != UPDATING:
        return None
    rest = gate.last_transition_time + KUBELET_TIME - now
    return rest if rest > timedelta(0) else None


def _wait(pod: Pod, now: datetime) -> PodStep | None:
    """Return what a grace period comes to; one that cannot be read lasts until the next update."""
    grace, state = read_grace(pod), read_state(pod)
    if grace is None:
        return None
    if not is_of_revision(pod, grace.revision):
        return PodStep(replace(pod, metadata=replace(pod.metadata, annotations=without_grace(pod))))
    rest = timedelta(0)
    if state is not None:
        rest = state.update_timestamp + timedelta(seconds=grace.grace_seconds) - now
    if rest > timedelta(0):
        return PodStep(pod, requeue_after=rest)
    change = change_of_grace(grace)
    begun = state or begin(pod, change, grace.revision, now)
    return resize(pod, change) or PodStep(apply_change(pod, change, begun, now))


def _next_batch(pod: Pod, now: datetime) -> PodStep | None:
    state = read_state(pod)
    if state is None or not state.has_next or not is_batch_complete(pod, state):
        return None
    check = state.pre_check_before_next
    awaited = set(check.containers_required_ready) if check else set[str]()
    ready = {status.name for status in pod.status.container_statuses if status.ready}
    if not awaited <= ready:
        return None
    change = change_of_next(state)
    return resize(pod, change) or PodStep(apply_change(pod, change, state, now))
