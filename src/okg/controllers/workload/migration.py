"""Mover: lets a set's servers change hands, from OpenKruise to us, while they run.

One step a pass. What is to be done is read off the objects, so a manager that is killed between two
steps is continued by the next one, or by whoever leads then.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, PersistentVolumeClaim, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.resource import O, Object
from okg.client.client import Client
from okg.clock import SYSTEM_CLOCK, Clock
from okg.controllers.reader import Reader
from okg.errors import ApiError, Conflict, NotFound
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request, Result
from okg.workload.backend_choice import BackendName, moved_to
from okg.workload.invalid import InvalidField, attempt
from okg.workload.names import OWNER_GSS
from okg.workload.native.migration import (
    FIELD,
    Move,
    Step,
    awaited,
    decide_step,
    find_obstacle,
    guarded,
    held_record,
    in_force,
    is_guarded,
    let_go,
    owned_alike,
    price_of_next_update,
    released_from,
)
from okg.workload.native.record import record_name

_LOOK = timedelta(seconds=1)
"""Time between two looks at what others have yet to do; most of it is told by events."""

_ORPHAN = "Orphan"
_DEPENDENTS: tuple[type[Object], ...] = (Pod, ControllerRevision, PersistentVolumeClaim)


class Rehearsal(Reader, Protocol):
    """Reads what must not be stale, and asks whether a deletion would be allowed."""

    def delete(
        self, obj: O, *, propagation: str = "Background", lock: bool = False, dry_run: bool = False
    ) -> O | None:
        """Delete an object, or with ``dry_run`` only say whether the server would."""
        ...


class Refused(InvalidField):
    """Somebody does not let the StatefulSet go; nothing was touched."""


class Mover:
    """Moves sets.

    Args:
        client: reads sets, StatefulSets and records, and writes all that is written.
        live: reads dependents, and rehearses the deletion.
        recorder: tells about it on the set.
        clock: where time comes from.
    """

    def __init__(
        self,
        client: Client,
        live: Rehearsal,
        recorder: EventRecorder,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._live = live
        self._recorder = recorder
        self._clock = clock

    def advance(self, gss: GameServerSet) -> Result | None:
        """Make the next step of a set's move; None if it is not moved, and its work can go on.

        Raises:
            InvalidField: it cannot be moved; nothing was touched, and its work can go on as well.
            Conflict: something has changed meanwhile.
        """
        meta = gss.metadata
        workload = self._client.get(AdvancedStatefulSet, meta.namespace, meta.name)
        record = self._client.get(ConfigMap, meta.namespace, record_name(meta.name))
        move = Move(gss, workload, record)
        if problem := find_obstacle(move):
            raise problem
        step = decide_step(move, self._clock.now())
        if step is Step.NONE:
            return None
        if workload is None:
            self._end_without(move, step)
        else:
            self._take(step, move, workload)
        return Result(requeue_after=_LOOK)

    def abandon(self, request: Request) -> None:
        """Let the StatefulSet of a set go that is itself gone or going."""
        workload = self._client.get(AdvancedStatefulSet, request.namespace, request.name)
        if workload is not None and is_guarded(workload):
            self._let_go(workload)

    def _take(self, step: Step, move: Move, workload: AdvancedStatefulSet) -> None:
        gss = move.gss
        if step is Step.GUARD:
            self._guard(gss, workload)
        elif step is Step.COPY:
            self._copy(move, workload)
        elif step is Step.DELETE:
            self._hand_over_claims(gss, workload)
            self._client.delete(workload, propagation=_ORPHAN, lock=True)
        elif step is Step.WAIT:
            what = awaited(workload, self._clock.now())
            self._recorder.normal(gss, "MoveWorkload", f"waiting for {what}")
        elif step is Step.WITHDRAW:
            self._withdraw(move)
            self._let_go(workload)
        elif not self._release(gss, workload):
            self._finish(step, move, workload)

    def _guard(self, gss: GameServerSet, workload: AdvancedStatefulSet) -> None:
        """Begin, unless somebody says beforehand that it would come to nothing."""
        try:
            self._live.delete(workload, propagation=_ORPHAN, dry_run=True)
        except (Conflict, NotFound):
            return
        except ApiError as error:
            raise Refused(FIELD, f"the StatefulSet cannot be deleted: {error.message}") from error
        self._client.patch(workload, guarded(workload))
        self._recorder.normal(gss, "MoveWorkload", "moving the servers from OpenKruise to okg")
        price = attempt(price_of_next_update, workload, gss)
        if price:
            self._recorder.warning(
                gss,
                "MoveWorkload",
                "the StatefulSet differs from what the set asks for; the next update replaces the"
                f" servers, because of {price}",
            )

    def _copy(self, move: Move, workload: AdvancedStatefulSet) -> None:
        copy = held_record(workload, move.gss, move.record)
        if move.record is None:
            self._client.create(copy)
        else:
            self._client.patch(move.record, copy)

    def _hand_over_claims(self, gss: GameServerSet, workload: AdvancedStatefulSet) -> None:
        for claim in self._members(PersistentVolumeClaim, gss):
            with suppress(NotFound):
                self._client.patch(claim, owned_alike(claim, workload, gss))

    def _release(self, gss: GameServerSet, workload: AdvancedStatefulSet) -> bool:
        """Release what the garbage collector did not know of; return whether there was anything."""
        uid, found = workload.metadata.uid, False
        for kind in _DEPENDENTS:
            for member in self._members(kind, gss):
                released = released_from(member, uid)
                if released is not member:
                    found = True
                    with suppress(NotFound):
                        self._client.patch(member, released)
        return found

    def _finish(self, step: Step, move: Move, workload: AdvancedStatefulSet) -> None:
        if step is Step.OPEN:
            self._open(move)
        else:
            self._let_go(workload)

    def _open(self, move: Move) -> None:
        assert move.record is not None
        gss = move.gss
        self._client.patch(gss, moved_to(gss, BackendName.NATIVE))
        self._client.patch(move.record, in_force(move.record))
        self._recorder.normal(gss, "MoveWorkload", "moved: okg makes the servers from now on")

    def _end_without(self, move: Move, step: Step) -> None:
        """Go on where somebody took the StatefulSet away, guard and all."""
        if step is Step.OPEN:
            self._open(move)
        else:
            self._withdraw(move)

    def _withdraw(self, move: Move) -> None:
        if move.record is not None and move.is_held:
            with suppress(NotFound):
                self._client.delete(move.record)
        self._recorder.normal(move.gss, "MoveWorkload", "withdrawn: OpenKruise makes the servers")

    def _let_go(self, workload: AdvancedStatefulSet) -> None:
        with suppress(NotFound):
            self._client.patch(workload, let_go(workload))

    def _members(self, kind: type[O], gss: GameServerSet) -> Iterator[O]:
        meta = gss.metadata
        selector = f"{OWNER_GSS}={meta.name}"
        yield from self._live.list(kind, namespace=meta.namespace, labels=selector)
