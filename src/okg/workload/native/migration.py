"""Migration: a set whose servers are OpenKruise's becomes one whose servers are ours.

Each step is read off what is there, so that whoever comes next goes on where the last one stopped:

1. the StatefulSet is guarded by a finalizer, and copied into a record that is held;
2. it is deleted, orphaning its dependents, in exactly the form that was copied;
3. OpenKruise has taken note of that, and nothing refers to the StatefulSet any more;
4. the set is noted as ours, the record is no longer held, and the guard goes.

Until the deletion the way back is to take the request back. From then on there is only forward: the
servers are nobody's, and the record is all there is to know of them.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from okg.api.core import ConfigMap
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, StatefulSetSpec, StatefulSetStatus
from okg.api.meta import OwnerReference
from okg.api.resource import O
from okg.workload.backend_choice import BackendName
from okg.workload.in_place import obstacle, template_changes
from okg.workload.invalid import InvalidField, shown
from okg.workload.names import (
    MOVE_WORKLOAD_TO,
    MOVED_FROM,
    MOVING,
    STATEFULSET_HASH,
)
from okg.workload.native.record import is_held, record_of, to_config_map, with_status
from okg.workload.native.template_defaults import completed_like
from okg.workload.statefulset import needs_update, update_statefulset

FIELD = f"metadata.annotations[{MOVE_WORKLOAD_TO}]"

ACKNOWLEDGEMENT = timedelta(seconds=30)
"""How long OpenKruise is waited for to take note of a deletion. One that says nothing for so long
runs no more, and then it makes no pods either."""

_ORPHAN = "orphan"
"""Finalizer that is there until the garbage collector has released all dependents."""


class Step(StrEnum):
    """The next thing to do about a set.

    NONE: nothing. GUARD, COPY, DELETE and OPEN: see above. WAIT: for others. LET_GO: take the guard
    away. WITHDRAW: undo what was begun.
    """

    NONE = "none"
    GUARD = "guard"
    COPY = "copy"
    DELETE = "delete"
    WAIT = "wait"
    OPEN = "open"
    LET_GO = "let go"
    WITHDRAW = "withdraw"


class Move(msgspec.Struct, frozen=True):
    """What there is of a set.

    Attributes:
        gss: the set.
        workload: its StatefulSet.
        record: its workload record.
    """

    gss: GameServerSet
    workload: AdvancedStatefulSet | None
    record: ConfigMap | None

    @property
    def is_held(self) -> bool:
        """Whether there is a record that is yet to come into force."""
        return self.record is not None and is_held(self.record)


def is_asked_for(gss: GameServerSet) -> bool:
    """Whether the user wants a set's servers to be made by us."""
    return gss.metadata.annotations.get(MOVE_WORKLOAD_TO) == BackendName.NATIVE


def decide_step(move: Move, now: datetime) -> Step:
    """Return the next thing to do; refused and unchecked it may still turn out to be."""
    workload = move.workload
    if workload is None:
        return _without_workload(move)
    if workload.metadata.deletion_timestamp is not None:
        return _while_going(move, workload, now)
    if not is_asked_for(move.gss):
        return Step.WITHDRAW if move.is_held or is_guarded(workload) else Step.NONE
    if not is_guarded(workload):
        return Step.GUARD
    is_copied = move.record is not None and is_copy(move.record, workload)
    return Step.DELETE if is_copied else Step.COPY


def _without_workload(move: Move) -> Step:
    """Return what to do about a StatefulSet that went without our leave, if it did."""
    if not move.is_held:
        return Step.NONE
    return Step.OPEN if is_asked_for(move.gss) else Step.WITHDRAW


def _while_going(move: Move, workload: AdvancedStatefulSet, now: datetime) -> Step:
    if not is_guarded(workload):
        return Step.NONE
    if move.record is None:
        return Step.COPY if is_asked_for(move.gss) else Step.LET_GO
    if awaited(workload, now):
        return Step.WAIT
    return Step.OPEN if move.is_held else Step.LET_GO


def find_obstacle(move: Move) -> InvalidField | None:
    """Return why a set cannot be moved, None if nothing is known to stand against it."""
    gss, workload = move.gss, move.workload
    asked = gss.metadata.annotations.get(MOVE_WORKLOAD_TO, "")
    if not asked:
        return None
    if not is_asked_for(gss):
        problem = f'"{shown(asked)}" is not to be had; servers can be moved to "native" only'
        return InvalidField(FIELD, problem)
    if workload is None or is_guarded(workload):
        return None
    if move.record is not None and not move.is_held:
        problem = f"there is a record {move.record.metadata.name} already; delete one of the two"
        return InvalidField(FIELD, problem)
    if workload.spec.ordinals is not None and workload.spec.ordinals.start:
        return InvalidField(FIELD, "the ids of the StatefulSet do not start at 0")
    return _foreign(move, workload)


def _foreign(move: Move, workload: AdvancedStatefulSet) -> InvalidField | None:
    manager = workload.metadata.controller
    if manager is not None and manager.uid == move.gss.metadata.uid:
        return None
    whose = f"{manager.kind} {shown(manager.name)}" if manager else "nobody"
    return InvalidField(FIELD, f"the StatefulSet belongs to {whose}")


def awaited(workload: AdvancedStatefulSet, now: datetime) -> str:
    """Return whom a StatefulSet that was deleted has to be kept for, empty for nobody."""
    meta = workload.metadata
    if _ORPHAN in meta.finalizers:
        return "the garbage collector to release the servers"
    since = meta.deletion_timestamp
    silent = since is None or now < since + ACKNOWLEDGEMENT
    if silent and workload.status.observed_generation < meta.generation:
        return "OpenKruise to take note"
    return ""


def is_guarded(workload: AdvancedStatefulSet) -> bool:
    """Whether a StatefulSet stays until we let it go."""
    return MOVING in workload.metadata.finalizers


def guarded(workload: AdvancedStatefulSet) -> AdvancedStatefulSet:
    """Return a StatefulSet that stays until we let it go."""
    meta = workload.metadata
    return replace(workload, metadata=replace(meta, finalizers=(*meta.finalizers, MOVING)))


def let_go(workload: AdvancedStatefulSet) -> AdvancedStatefulSet:
    """Return a StatefulSet without our guard."""
    meta = workload.metadata
    others = tuple(name for name in meta.finalizers if name != MOVING)
    return replace(workload, metadata=replace(meta, finalizers=others))


def held_record(
    workload: AdvancedStatefulSet, gss: GameServerSet, before: ConfigMap | None = None
) -> ConfigMap:
    """Return the record that takes a StatefulSet's place, not in force yet.

    Size, reserved ids, template, settings and revisions are the StatefulSet's own, to the byte:
    whatever it was doing goes on. The numbers of its status are told until there are new ones.
    """
    meta = workload.metadata
    known = {key: meta.annotations[key] for key in (STATEFULSET_HASH,) if key in meta.annotations}
    annotations = {**known, MOVED_FROM: meta.uid}
    copied = replace(workload, metadata=replace(meta, annotations=annotations))
    first = to_config_map(copied, gss, before)
    seen = workload.status.observed_generation >= meta.generation
    generation = record_of(first).metadata.generation if seen else 0
    return with_status(first, replace(workload.status, observed_generation=generation))


def is_copy(record: ConfigMap, workload: AdvancedStatefulSet) -> bool:
    """Whether a record says what a StatefulSet does; numbers of its status aside.

    Raises:
        InvalidField: the record cannot be read.
    """
    known, meta = record_of(record), workload.metadata
    hashes = (
        known.metadata.annotations.get(STATEFULSET_HASH),
        meta.annotations.get(STATEFULSET_HASH),
    )
    return (
        record.metadata.annotations.get(MOVED_FROM) == meta.uid
        and hashes[0] == hashes[1]
        and _essence(known) == _essence(workload)
    )


def _essence(workload: AdvancedStatefulSet) -> tuple[StatefulSetSpec, str, str]:
    status: StatefulSetStatus = workload.status
    return workload.spec, status.current_revision, status.update_revision


def in_force(record: ConfigMap) -> ConfigMap:
    """Return a record that is acted on."""
    meta = record.metadata
    annotations = {key: value for key, value in meta.annotations.items() if key != MOVED_FROM}
    return replace(record, metadata=replace(meta, annotations=annotations))


def released_from(obj: O, owner_uid: str) -> O:
    """Return an object that an owner has nothing to do with; the very same if it had nothing."""
    owners = obj.metadata.owner_references
    others = tuple(owner for owner in owners if owner.uid != owner_uid)
    if others == owners:
        return obj
    return replace(obj, metadata=replace(obj.metadata, owner_references=others))


def owned_alike(obj: O, workload: AdvancedStatefulSet, gss: GameServerSet) -> O:
    """Return an object that goes with the set, too, if it goes with the StatefulSet.

    So the claims of servers that are gone still go with whom the retention policy says.
    """
    owners = obj.metadata.owner_references
    uids = {owner.uid for owner in owners}
    if workload.metadata.uid not in uids or gss.metadata.uid in uids:
        return obj
    resource, meta = gss.resource_type, gss.metadata
    new = OwnerReference(
        api_version=resource.api_version, kind=resource.kind, name=meta.name, uid=meta.uid
    )
    return replace(obj, metadata=replace(obj.metadata, owner_references=(*owners, new)))


def price_of_next_update(workload: AdvancedStatefulSet, gss: GameServerSet) -> str:
    """Return what of the template no update in place can bring, empty if nothing.

    A StatefulSet that others have edited, or that knows less than the set, does not look as we
    would write it. The servers stay as they are; the next template replaces them.

    Raises:
        InvalidField: the set's template cannot become a pod.
    """
    if needs_update(workload, gss):
        return ""
    there = workload.spec.template
    ours = completed_like(there, update_statefulset(workload, gss).spec.template)
    return obstacle(template_changes(there, ours))
