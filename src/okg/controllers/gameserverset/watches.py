"""What starts a pass over a set: the set, its pods and its workload."""

from collections.abc import Iterable, Sequence

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.runtime.handlers import enqueue_mapped, enqueue_object, enqueue_owner
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch
from okg.workload.names import OWNER_GSS


def watches() -> Sequence[AnyWatch]:
    """Return what a GameServerSet controller watches."""
    return (
        Watch(GameServerSet, enqueue_object),
        Watch(Pod, enqueue_mapped(_set_of)),
        Watch(AdvancedStatefulSet, enqueue_owner(GameServerSet)),
    )


def _set_of(pod: Pod) -> Iterable[Request]:
    owner = pod.metadata.labels.get(OWNER_GSS)
    return (Request(pod.metadata.namespace, owner),) if owner else ()
