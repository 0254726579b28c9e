"""Hooks: what holds a transition of a pod back until somebody releases it."""

from okg.api.core import Pod
from okg.api.kruise import LifecycleHook


def is_hooked(pod: Pod, hook: LifecycleHook | None) -> bool:
    """Whether a pod carries any label or finalizer of a hook."""
    if hook is None:
        return False
    labels = pod.metadata.labels.items()
    held_by_label = any(item in labels for item in hook.labels_handler.items())
    return held_by_label or any(
        finalizer in pod.metadata.finalizers for finalizer in hook.finalizers_handler
    )
