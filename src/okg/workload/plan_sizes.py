"""Sizes of a plan: the reconciler's passes over kills and scales, played through on values."""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import ObjectMeta
from okg.workload.kill import replicas_after_kill
from okg.workload.names import OWNER_GSS
from okg.workload.ordinals import ordinal_of, target_ordinals
from okg.workload.pod_counts import MemberCounts, facets_of, tally_members
from okg.workload.scaling import (
    decide_scale,
    needs_scale,
    read_reservations,
    read_workload_reservations,
    record_scale,
    spec_of,
)
from okg.workload.statefulset import scale_statefulset


def play_sizes(
    gss: GameServerSet, workload: AdvancedStatefulSet, members: Sequence[Pod]
) -> tuple[GameServerSet, AdvancedStatefulSet]:
    """Return set and workload after all kills and scales.

    It ends: a scale is followed by a kill or by nothing, and a kill makes the set smaller.

    Raises:
        InvalidField: a list of reserved ids cannot be read.
    """
    settled = False
    while True:
        spec = spec_of(gss)
        left = replicas_after_kill(spec.replicas, workload.spec.replicas, _counts(members))
        ids = read_reservations(gss, workload)
        if left != spec.replicas:
            gss = replace(gss, spec=replace(spec, replicas=left))
        elif needs_scale(gss, workload, ids):
            scale = decide_scale(spec.replicas, members, ids)
            gss, workload = record_scale(gss, ids, scale), scale_statefulset(workload, gss, scale)
            members, settled = _settled(gss, workload, members), True
        elif not settled:
            members, settled = _settled(gss, workload, members), True
        else:
            return gss, workload


def ids_of(workload: AdvancedStatefulSet) -> frozenset[int]:
    """Return the ids that OpenKruise keeps for a workload.

    Raises:
        InvalidField: its list of reserved ids cannot be read.
    """
    return target_ordinals(workload.spec.replicas or 0, read_workload_reservations(workload))


def _counts(members: Sequence[Pod]) -> MemberCounts:
    facets = Counter(facet for pod in members for facet in facets_of(pod))
    return tally_members(lambda facet: facets[facet])


def _settled(
    gss: GameServerSet, workload: AdvancedStatefulSet, members: Sequence[Pod]
) -> Sequence[Pod]:
    """Return the pods when OpenKruise has done what the workload says."""
    wanted, name = ids_of(workload), gss.metadata.name
    living = {
        ordinal_of(pod.metadata.name): pod
        for pod in members
        if pod.metadata.deletion_timestamp is None
    }
    labels = {OWNER_GSS: name}
    fresh = {
        id_: Pod(metadata=ObjectMeta(name=f"{name}-{id_}", labels=labels))
        for id_ in wanted - living.keys()
    }
    there = fresh | living
    return [there[id_] for id_ in sorted(wanted)]
