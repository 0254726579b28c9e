"""What starts a look at a pod's network: the pod, as far as plugins look at it, and its note."""

from collections.abc import Iterable, Sequence

from okg.api.core import ConfigMap, Pod
from okg.runtime.handlers import enqueue_mapped, enqueue_object
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch
from okg.workload.names import NETWORK_TYPE
from okg.workload.native.network_note import is_note, noted_name


def watches() -> Sequence[AnyWatch]:
    """Return what a network controller watches."""
    return (
        Watch(Pod, enqueue_object, when=network_concerned),
        Watch(ConfigMap, enqueue_mapped(_pod_of)),
    )


def network_concerned(old: Pod | None, new: Pod | None) -> bool:
    """Whether something changed that plugins look at; most of what a kubelet reports is not.

    Of a pod without a network only its end is of interest: it may have had one.
    """
    if old is None or new is None or _is_going(old) != _is_going(new):
        return True
    has_network = (
        NETWORK_TYPE in old.metadata.annotations or NETWORK_TYPE in new.metadata.annotations
    )
    return has_network and _face(old) != _face(new)


def _is_going(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is not None


def _face(pod: Pod) -> tuple[object, ...]:
    meta, status = pod.metadata, pod.status
    ready = status.condition("Ready")
    return (
        (meta.uid, meta.labels, meta.annotations, meta.owner_references),
        meta.finalizers,
        pod.spec,
        (status.pod_ip, status.host_ip, ready.status if ready else ""),
        {container.name: container.image for container in status.container_statuses},
    )


def _pod_of(note: ConfigMap) -> Iterable[Request]:
    return (Request(note.metadata.namespace, noted_name(note)),) if is_note(note) else ()
