"""Rebuilding: a workload for servers that are there already, because its record was lost."""

from collections.abc import Iterable

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.names import LIFECYCLE_STATE, PREPARING_DELETE
from okg.workload.ordinals import MAX_RESERVED, belongs_to, format_ordinals, ordinal_of
from okg.workload.scaling import read_explicit
from okg.workload.statefulset import build_statefulset


def rebuild_statefulset(gss: GameServerSet, pods: Iterable[Pod]) -> AdvancedStatefulSet:
    """Return the workload of a set that has none, around the servers that live.

    It asks for exactly these: its size is their number and every hole between them is reserved. So
    no server goes because a record was lost, and if the set's own size is another one, the servers
    to go are chosen as in any scale. Without servers it is the workload of a new set.

    Raises:
        InvalidField: the template cannot become a pod, or the reserved ids make no sense.
    """
    workload = build_statefulset(gss)
    explicit = read_explicit(gss)
    living = _living_ordinals(gss, pods) - explicit
    if not living:
        return workload
    reserved = explicit | (frozenset(range(max(living))) - living)
    spec = replace(workload.spec, replicas=len(living), reserve_ordinals=format_ordinals(reserved))
    return replace(workload, spec=spec)


def _living_ordinals(gss: GameServerSet, pods: Iterable[Pod]) -> frozenset[int]:
    """Return the ids of servers that are not on their way out.

    A larger id than users may reserve is no server's: every id below it would have to be.
    """
    living = (
        ordinal_of(pod.metadata.name)
        for pod in pods
        if belongs_to(pod.metadata.name, gss.metadata.name)
        and pod.metadata.deletion_timestamp is None
        and pod.metadata.labels.get(LIFECYCLE_STATE) != PREPARING_DELETE
    )
    return frozenset(ordinal for ordinal in living if ordinal < MAX_RESERVED)
