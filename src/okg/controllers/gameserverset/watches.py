"""What starts a pass over a set: the set, its pods, its workload and its probes."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, PodProbeMarker
from okg.controllers.pacing import GATHER
from okg.runtime.handlers import enqueue_mapped, enqueue_object, enqueue_owner
from okg.runtime.reconcile import Request
from okg.runtime.watch import AnyWatch, Watch
from okg.workload.backend_choice import BackendName
from okg.workload.names import OWNER_GSS
from okg.workload.probe_marker import Markers

KRUISE_ONLY = frozenset({BackendName.KRUISE})


def watches(
    *, served: Collection[BackendName] = KRUISE_ONLY, markers: Markers = Markers.USED
) -> Sequence[AnyWatch]:
    """Return what a GameServerSet controller watches.

    Args:
        served: where workloads are kept.
        markers: whether there are PodProbeMarkers.
    """
    always: tuple[AnyWatch, ...] = (
        Watch(GameServerSet, enqueue_object),
        Watch(Pod, enqueue_mapped(_set_of), gather=GATHER),
        *(_WORKLOADS[name] for name in sorted(served)),
    )
    # By name and not by owner: one that nobody owns is waited for as well.
    marker = Watch(PodProbeMarker, enqueue_object, when=acknowledgement_changed)
    return always if markers is Markers.ABSENT else (*always, marker)


_WORKLOADS: Mapping[BackendName, AnyWatch] = {
    BackendName.KRUISE: Watch(AdvancedStatefulSet, enqueue_owner(GameServerSet)),
    BackendName.NATIVE: Watch(ConfigMap, enqueue_owner(GameServerSet)),
}


def acknowledgement_changed(old: PodProbeMarker | None, new: PodProbeMarker | None) -> bool:
    """Whether a PodProbeMarker came, went, or OpenKruise took note of its latest form."""
    if old is None or new is None:
        return True
    return old.status.observed_generation != new.status.observed_generation


def _set_of(pod: Pod) -> Iterable[Request]:
    owner = pod.metadata.labels.get(OWNER_GSS)
    return (Request(pod.metadata.namespace, owner),) if owner else ()
