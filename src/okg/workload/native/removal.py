"""Removal: a pod goes when no hook holds it back, and comes back into service when it may stay."""

from datetime import datetime

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet, LifecycleHook
from okg.workload.names import (
    LIFECYCLE_CHANGED_AT,
    LIFECYCLE_NORMAL,
    LIFECYCLE_STATE,
    PREPARING_DELETE,
)


def held_back(pod: Pod, workload: AdvancedStatefulSet, now: datetime) -> Pod | None:
    """Return the pod as its hook keeps it for now, or None if it may go."""
    hook = workload.spec.lifecycle.pre_delete if workload.spec.lifecycle else None
    if hook is None or not _is_hooked(pod, hook):
        return None
    return in_state(pod, PREPARING_DELETE, now)


def in_service_again(pod: Pod, now: datetime) -> Pod:
    """Return a pod that was to go and is wanted again."""
    return in_state(pod, LIFECYCLE_NORMAL, now) if is_preparing_delete(pod) else pod


def is_preparing_delete(pod: Pod) -> bool:
    """Whether a hook holds back the pod's removal."""
    return pod.metadata.labels.get(LIFECYCLE_STATE) == PREPARING_DELETE


def in_state(pod: Pod, state: str, now: datetime) -> Pod:
    """Return the pod in a state of its lifecycle, and since when."""
    meta = pod.metadata
    if meta.labels.get(LIFECYCLE_STATE) == state:
        return pod
    changed = replace(
        meta,
        labels={**meta.labels, LIFECYCLE_STATE: state},
        annotations={**meta.annotations, LIFECYCLE_CHANGED_AT: f"{now:%Y-%m-%dT%H:%M:%SZ}"},
    )
    return replace(pod, metadata=changed)


def _is_hooked(pod: Pod, hook: LifecycleHook) -> bool:
    meta = pod.metadata
    labelled = any(meta.labels.get(key) == text for key, text in hook.labels_handler.items())
    return labelled or any(name in meta.finalizers for name in hook.finalizers_handler)
