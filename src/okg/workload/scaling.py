"""Scaling: which servers a set keeps, and which ids it keeps free.

OpenKruise keeps the first ``replicas`` ordinals that are not reserved. So a server is chosen for
removal by reserving its id, and the reserved set must close every hole below the highest server
that stays; otherwise OpenKruise would keep another set than the one decided here.

Reserved ids are of two kinds. *Explicit* ones are the user's list. *Implicit* ones are reserved on
the controller's own account, to remember which servers were removed; they are free for the next
scale-up, lowest first. The workload's list holds both; the record of the last processed explicit
list (an annotation of the set) tells them apart.
"""

from collections.abc import Iterable
from itertools import count, islice

import msgspec
from msgspec.structs import replace

from okg.api.core import ObjectMeta, Pod
from okg.api.game import GameServerSet, GameServerSetSpec
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.invalid import InvalidField
from okg.workload.names import (
    LIFECYCLE_STATE,
    PREPARING_DELETE,
    RESERVE_IDS,
    SCALE_DOWN_RESERVE_IDS,
)
from okg.workload.ordinals import (
    MAX_WITHHELD,
    format_ordinals,
    format_text,
    ordinal_of,
    parse_ordinals,
    parse_text,
    target_ordinals,
)
from okg.workload.priorities import in_deletion_order

RESERVE_FIELD = "spec.reserveGameServerIds"
WORKLOAD_RESERVE_FIELD = "the workload's spec.reserveOrdinals"

MAX_REPLICAS = 1_000_000
"""Largest set that is taken seriously: every id of it is held in memory while scaling."""


_SLACK = 1_000
"""Ids that may have been reserved once and be forgotten, while their servers are still there."""


class Reservations(msgspec.Struct, frozen=True):
    """Ids that must not exist, by who wants that.

    Attributes:
        explicit: the user's list as it is now.
        seen: the user's list when it was last acted on.
        workload: what the workload reserves at present.
        size: how many servers the workload has at present.
    """

    explicit: frozenset[int] = frozenset()
    seen: frozenset[int] = frozenset()
    workload: frozenset[int] = frozenset()
    size: int = 0

    @property
    def implicit(self) -> frozenset[int]:
        """Ids reserved on our own account; what the user just un-reserved stays so for now.

        What was seen does not count: a scale may have brought an id back and failed to note it.
        """
        return self.workload - self.explicit


class Scale(msgspec.Struct, frozen=True):
    """The decision. Both sets are disjoint, and OpenKruise derives ``managed`` from ``reserved``.

    Attributes:
        managed: ids of the servers that shall be.
        reserved: ids that shall not be.
    """

    managed: frozenset[int]
    reserved: frozenset[int]


def read_reservations(gss: GameServerSet, workload: AdvancedStatefulSet) -> Reservations:
    """Return what is reserved.

    Raises:
        InvalidField: a list cannot be read. Nothing may be scaled then: taken for empty, it would
            delete servers.
    """
    return Reservations(
        explicit=read_explicit(gss),
        seen=parse_text(gss.metadata.annotations.get(RESERVE_IDS, "")),
        workload=read_workload_reservations(workload),
        size=workload.spec.replicas or 0,
    )


def read_explicit(gss: GameServerSet) -> frozenset[int]:
    """Return the ids that the user reserves.

    Raises:
        InvalidField: an element of the list is neither an id nor a range.
    """
    return parse_ordinals(spec_of(gss).reserve_game_server_ids, RESERVE_FIELD)


def read_workload_reservations(workload: AdvancedStatefulSet) -> frozenset[int]:
    """Return the ids that the workload reserves.

    Raises:
        InvalidField: somebody else wrote an element that is neither an id nor a range.
    """
    return parse_ordinals(
        workload.spec.reserve_ordinals, WORKLOAD_RESERVE_FIELD, limit=MAX_WITHHELD
    )


def managed_ordinals(workload: AdvancedStatefulSet) -> frozenset[int]:
    """Return the ids of the servers that a workload asks for.

    Raises:
        InvalidField: its list of reserved ids cannot be read.
    """
    return target_ordinals(workload.spec.replicas or 0, read_workload_reservations(workload))


def check_size(gss: GameServerSet) -> None:
    """Refuse a size that can only be a slip.

    Raises:
        InvalidField: more replicas than any cluster holds.
    """
    replicas = spec_of(gss).replicas
    if replicas > MAX_REPLICAS:
        raise InvalidField("spec.replicas", f"{replicas} is too many; write at most {MAX_REPLICAS}")


def needs_scale(gss: GameServerSet, workload: AdvancedStatefulSet, ids: Reservations) -> bool:
    """Whether the workload lags behind what the user asks for.

    The last clause finishes a pass of a ``ReserveIds`` set that ended between its two writes.
    """
    spec = spec_of(gss)
    return (
        spec.replicas != workload.spec.replicas
        or ids.explicit != ids.seen
        or (keeps_ids(spec) and ids.explicit != ids.workload)
    )


def keeps_ids(spec: GameServerSetSpec) -> bool:
    """Whether ids of removed servers are written into the user's list."""
    return spec.scale_strategy.scale_down_strategy_type == SCALE_DOWN_RESERVE_IDS


def decide_scale(want: int, pods: Iterable[Pod], ids: Reservations) -> Scale:
    """Return which ids shall be and which shall not.

    A terminating pod does not count and its id is free at once. One in PreparingDelete does not
    count either, but its id is not free before it is gone. A pod whose id is reserved already is
    on its way out, whatever its labels say. One whose id no size of the set can have led to is none
    of its servers: OpenKruise removes it, and it must not make us reserve all ids below.

    Args:
        want: how many servers there shall be.
        pods: every pod of the set.
        ids: what is reserved at present.
    """
    living = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
    leaving = _ordinals(pod for pod in living if _is_preparing_delete(pod))
    away = ids.explicit | ids.implicit | leaving
    reach = _reach(want, len(living), ids)
    candidates = [pod for pod in living if _stands(pod, away, reach)]
    removed = _ordinals(in_deletion_order(candidates)[: max(0, len(candidates) - want)])
    kept = _ordinals(candidates) - removed
    managed = kept | _lowest_free(want - len(kept), kept | leaving | ids.explicit)
    holes = frozenset(range(max(managed, default=0))) - managed
    reserved = ((ids.implicit | removed | holes) - managed) | ids.explicit
    return Scale(managed=managed, reserved=reserved)


def record_scale(gss: GameServerSet, ids: Reservations, scale: Scale) -> GameServerSet:
    """Return the set after a scale: the processed list noted down, and rewritten if it keeps ids.

    A list that already stands for the same ids stays as the user wrote it.
    """
    spec = spec_of(gss)
    listed = scale.reserved if keeps_ids(spec) else ids.explicit
    if listed != ids.explicit:
        spec = replace(spec, reserve_game_server_ids=format_ordinals(listed))
    return replace(gss, metadata=_noted(gss.metadata, format_text(listed)), spec=spec)


def spec_of(gss: GameServerSet) -> GameServerSetSpec:
    """Return the spec of a set that has one; reconcilers leave sets without one alone."""
    assert gss.spec is not None
    return gss.spec


def _noted(metadata: ObjectMeta, text: str) -> ObjectMeta:
    if metadata.annotations.get(RESERVE_IDS, "") == text:
        return metadata
    return replace(metadata, annotations={**metadata.annotations, RESERVE_IDS: text})


def _is_preparing_delete(pod: Pod) -> bool:
    return pod.metadata.labels.get(LIFECYCLE_STATE) == PREPARING_DELETE


def _stands(pod: Pod, away: frozenset[int], reach: int) -> bool:
    ordinal = ordinal_of(pod.metadata.name)
    return ordinal not in away and ordinal < reach


def _reach(want: int, living: int, ids: Reservations) -> int:
    """Return an id above every one that this set's history can have led to."""
    return max(want, ids.size) + living + len(ids.workload | ids.explicit | ids.seen) + _SLACK


def _ordinals(pods: Iterable[Pod]) -> frozenset[int]:
    return frozenset(ordinal_of(pod.metadata.name) for pod in pods)


def _lowest_free(how_many: int, taken: frozenset[int]) -> frozenset[int]:
    free = (i for i in count() if i not in taken)
    return frozenset(islice(free, max(0, how_many)))
