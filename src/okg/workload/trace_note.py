"""The trace that a pod's write belongs to, told by an annotation that is never stored."""

from msgspec.structs import replace

from okg.api.core import Pod
from okg.workload.names import TRACE_PARENT


def with_trace(pod: Pod, trace_parent: str) -> Pod:
    """Return the pod with the trace noted."""
    annotations = {**pod.metadata.annotations, TRACE_PARENT: trace_parent}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


def without_trace(pod: Pod) -> Pod:
    """Return the pod without it; the very same object if there is none."""
    annotations = pod.metadata.annotations
    if TRACE_PARENT not in annotations:
        return pod
    kept = {key: text for key, text in annotations.items() if key != TRACE_PARENT}
    return replace(pod, metadata=replace(pod.metadata, annotations=kept))
