"""Layout: which pod stands for which id, and which pods stand for none that shall be."""

from collections.abc import Iterable, Mapping

import msgspec

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.ordinals import ordinal_of, target_ordinals
from okg.workload.scaling import read_workload_reservations


class Layout(msgspec.Struct, frozen=True):
    """The pods of a workload by what it wants of them.

    Attributes:
        targets: ids that shall be, ascending.
        slots: pods of these ids, ascending; a missing one is absent.
        condemned: all others, the largest id first.
    """

    targets: tuple[int, ...]
    slots: Mapping[int, Pod]
    condemned: tuple[Pod, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """Ids without a pod, ascending."""
        return tuple(ordinal for ordinal in self.targets if ordinal not in self.slots)


def lay_out(workload: AdvancedStatefulSet, pods: Iterable[Pod]) -> Layout:
    """Return the layout of a workload's pods.

    Args:
        workload: with size and reserved ids.
        pods: its own; their names are the workload's, a dash and the id.

    Raises:
        InvalidField: the reserved ids cannot be read. Nothing may be scaled then: taken for none,
            they would delete servers.
    """
    reserved = read_workload_reservations(workload)
    targets = target_ordinals(replicas_of(workload), reserved)
    by_ordinal = {ordinal_of(pod.metadata.name): pod for pod in pods}
    slots = {number: by_ordinal[number] for number in sorted(targets & by_ordinal.keys())}
    condemned = (by_ordinal[number] for number in sorted(by_ordinal, reverse=True))
    return Layout(
        targets=tuple(sorted(targets)),
        slots=slots,
        condemned=tuple(p for p in condemned if ordinal_of(p.metadata.name) not in targets),
    )


def is_wanted(workload: AdvancedStatefulSet, ordinal: int) -> bool:
    """Whether a workload asks for a pod of this id.

    Raises:
        InvalidField: the reserved ids cannot be read.
    """
    return ordinal in target_ordinals(replicas_of(workload), read_workload_reservations(workload))


def replicas_of(workload: AdvancedStatefulSet) -> int:
    """Return how many servers a workload asks for; one if it does not say."""
    return 1 if workload.spec.replicas is None else workload.spec.replicas
