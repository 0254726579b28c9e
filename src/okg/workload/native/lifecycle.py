"""Lifecycle: the state a pod is in between its updates, and the hooks by which users hold it.

A pod is hooked while it has any of a hook's labels or finalizers, and fully hooked while it has
all. A hook that is absent is neither; one that names nothing is fully hooked and not hooked.
"""

from datetime import datetime

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet, Lifecycle, LifecycleHook
from okg.workload.names import (
    LIFECYCLE_CHANGED_AT,
    LIFECYCLE_NORMAL,
    LIFECYCLE_STATE,
    PREPARING_DELETE,
    PREPARING_NORMAL,
    PREPARING_UPDATE,
    UPDATED,
    UPDATING,
)
from okg.workload.native.health import is_of_revision
from okg.workload.native.pod_step import PodStep
from okg.workload.native.readiness import mark_not_ready
from okg.workload.state import timestamp, with_state

_PRE_DELETE_KEY = "preDeleteHook"
_PRE_UPDATE_KEY = "preUpdateHook"


def state_of(pod: Pod) -> str:
    """Return the state a pod is in, empty if it has none."""
    return pod.metadata.labels.get(LIFECYCLE_STATE, "")


def is_hooked(hook: LifecycleHook | None, pod: Pod) -> bool:
    """Whether a hook holds a pod."""
    return hook is not None and any(_hold(hook, pod))


def is_fully_hooked(hook: LifecycleHook | None, pod: Pod) -> bool:
    """Whether a pod has everything a hook names."""
    return hook is not None and all(_hold(hook, pod))


def in_place_hook(workload: AdvancedStatefulSet) -> LifecycleHook | None:
    """Return the hook of updates in place."""
    lifecycle = workload.spec.lifecycle
    return lifecycle.in_place_update if lifecycle else None


def in_state(pod: Pod, state: str, now: datetime) -> Pod:
    """Return a pod in a state, and since when; ``now`` is whole seconds.

    The state of its game server follows from that, so it comes in the same write.
    """
    if state_of(pod) == state:
        return pod
    meta = pod.metadata
    labels = {**meta.labels, LIFECYCLE_STATE: state}
    annotations = {**meta.annotations, LIFECYCLE_CHANGED_AT: timestamp(now)}
    moved = replace(pod, metadata=replace(meta, labels=labels, annotations=annotations))
    return with_state(moved, now)


def set_hook(pod: Pod, hook: LifecycleHook) -> Pod:
    """Return a pod with everything that a hook names, so that it has to be released again."""
    meta = pod.metadata
    missing = (name for name in hook.finalizers_handler if name not in meta.finalizers)
    labels = {**meta.labels, **hook.labels_handler}
    finalizers = (*meta.finalizers, *missing)
    return replace(pod, metadata=replace(meta, labels=labels, finalizers=finalizers))


def following_state(
    pod: Pod, lifecycle: Lifecycle | None, update_revision: str, *, complete: bool
) -> str:
    """Return the state a pod goes into by itself, empty if it stays.

    Args:
        pod: the pod.
        lifecycle: hooks of its set.
        update_revision: newest revision of its set.
        complete: whether its last update in place is.
    """
    before = lifecycle.pre_normal if lifecycle else None
    hook = lifecycle.in_place_update if lifecycle else None
    state = state_of(pod)
    if state == PREPARING_NORMAL and (before is None or is_fully_hooked(before, pod)):
        return LIFECYCLE_NORMAL
    rolled_back = state == PREPARING_UPDATE and is_of_revision(pod, update_revision)
    if rolled_back or (state == UPDATING and complete):
        return UPDATED if lifecycle and not is_fully_hooked(hook, pod) else LIFECYCLE_NORMAL
    if state == UPDATED and (hook is None or is_fully_hooked(hook, pod)):
        return LIFECYCLE_NORMAL
    return ""


def keep_marks(pod: Pod, lifecycle: Lifecycle | None, state: str, now: datetime) -> Pod:
    """Return a pod that is kept from being ready as its hooks ask for in a state.

    A mark is set where a hook holds the pod, and is there no longer than the wait for the hook and
    the update that follows.
    """
    hooks = lifecycle or Lifecycle()
    for key, hook, held, released in (
        (_PRE_DELETE_KEY, hooks.pre_delete, PREPARING_DELETE, PREPARING_DELETE),
        (_PRE_UPDATE_KEY, hooks.in_place_update, PREPARING_UPDATE, UPDATING),
    ):
        if state == held and hook is not None and hook.mark_pod_not_ready:
            pod = mark_not_ready(pod, key, now, marked=True)
        elif state not in {held, released}:
            pod = mark_not_ready(pod, key, now, marked=False)
    return pod


def go_into(pod: Pod, lifecycle: Lifecycle | None, state: str, now: datetime) -> PodStep | None:
    """Return the next write that brings a pod into a state: first the marks, then the label."""
    marked = keep_marks(pod, lifecycle, state, now)
    if marked.status != pod.status:
        return PodStep(marked, "status")
    moved = in_state(pod, state, now)
    return PodStep(moved) if moved is not pod else None


def _hold(hook: LifecycleHook, pod: Pod) -> list[bool]:
    """Return for each thing a hook names whether a pod has it."""
    meta = pod.metadata
    return [
        *(meta.labels.get(key) == value for key, value in hook.labels_handler.items()),
        *(name in meta.finalizers for name in hook.finalizers_handler),
    ]
