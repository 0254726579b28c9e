from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from okg.api.core import ConfigMap, PersistentVolumeClaim
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, StatefulSetOrdinals, StatefulSetStatus
from okg.api.meta import ObjectMeta, OwnerReference
from okg.workload.native.migration import (
    Move,
    Step,
    awaited,
    decide_step,
    find_obstacle,
    guarded,
    held_record,
    in_force,
    is_copy,
    let_go,
    owned_alike,
    price_of_next_update,
    released_from,
)
from okg.workload.native.record import has_news, is_held, record_of
from okg.workload.ordinals import format_ordinals
from okg.workload.statefulset import build_statefulset
from unit.fleet import NOW, a_set

MOVE = "game.kruise.io/move-workload-to"
GUARD = "game.kruise.io/moving-workload"
ASKED = a_set(annotations={MOVE: "native"})
QUIET = a_set()


def a_statefulset(*, finalizers: tuple[str, ...] = (), **meta: Any) -> AdvancedStatefulSet:
    """Return a StatefulSet of set ``xxx`` in the middle of an update, with removed servers."""
    built = build_statefulset(a_set())
    return replace(
        built,
        metadata=replace(
            built.metadata,
            uid="uid-of-statefulset",
            resource_version="17",
            generation=4,
            finalizers=finalizers,
            **meta,
        ),
        spec=replace(built.spec, replicas=4, reserve_ordinals=format_ordinals([2, 5])),
        status=StatefulSetStatus(
            observed_generation=4,
            ready_replicas=5,
            updated_replicas=2,
            current_revision="xxx-old",
            update_revision="xxx-new",
        ),
    )


LIVE = a_statefulset()
GUARDED = guarded(LIVE)
GOING = a_statefulset(finalizers=(GUARD,), deletion_timestamp=NOW)
ORPHANING = a_statefulset(finalizers=(GUARD, "orphan"), deletion_timestamp=NOW)
UNGUARDED = a_statefulset(deletion_timestamp=NOW)
HELD = held_record(LIVE, ASKED)
OPEN = in_force(HELD)
OTHER = held_record(replace(LIVE, spec=replace(LIVE.spec, replicas=3)), ASKED)


@pytest.mark.parametrize(
    ("gss", "workload", "record", "step"),
    [
        # The way there.
        (ASKED, LIVE, None, Step.GUARD),
        (ASKED, GUARDED, None, Step.COPY),
        (ASKED, GUARDED, OTHER, Step.COPY),
        (ASKED, GUARDED, HELD, Step.DELETE),
        (ASKED, ORPHANING, HELD, Step.WAIT),
        (ASKED, GOING, HELD, Step.OPEN),
        (ASKED, GOING, OPEN, Step.LET_GO),
        (ASKED, None, OPEN, Step.NONE),
        # Nobody asks.
        (QUIET, LIVE, None, Step.NONE),
        (QUIET, None, None, Step.NONE),
        (QUIET, UNGUARDED, None, Step.NONE),
        (ASKED, None, None, Step.NONE),
        # The request is taken back: in time, and too late.
        (QUIET, GUARDED, None, Step.WITHDRAW),
        (QUIET, GUARDED, HELD, Step.WITHDRAW),
        (QUIET, LIVE, HELD, Step.WITHDRAW),
        (QUIET, ORPHANING, HELD, Step.WAIT),
        (QUIET, GOING, HELD, Step.OPEN),
        (QUIET, GOING, OPEN, Step.LET_GO),
        # Somebody else deletes something.
        (QUIET, GOING, None, Step.LET_GO),
        (ASKED, GOING, None, Step.COPY),
        (ASKED, UNGUARDED, HELD, Step.NONE),
        (ASKED, None, HELD, Step.OPEN),
        (QUIET, None, HELD, Step.WITHDRAW),
    ],
)
def test_the_next_step_is_read_off_what_is_there(
    gss: GameServerSet,
    workload: AdvancedStatefulSet | None,
    record: ConfigMap | None,
    step: Step,
) -> None:
    assert decide_step(Move(gss, workload, record), NOW) is step


def test_openkruise_is_waited_for_until_it_takes_note_or_is_silent_for_half_a_minute() -> None:
    unseen = replace(GOING, status=StatefulSetStatus(observed_generation=3))

    assert awaited(unseen, NOW) == "OpenKruise to take note"
    assert awaited(unseen, NOW + timedelta(seconds=29)) == "OpenKruise to take note"
    assert awaited(unseen, NOW + timedelta(seconds=30)) == ""
    assert awaited(GOING, NOW) == ""


def test_the_garbage_collector_is_waited_for_as_long_as_it_takes() -> None:
    assert awaited(ORPHANING, NOW + timedelta(days=1)) == (
        "the garbage collector to release the servers"
    )


def test_a_copy_says_to_the_byte_what_the_statefulset_did() -> None:
    copied = record_of(HELD)

    assert copied.spec == LIVE.spec
    assert (
        copied.metadata.annotations["game.kruise.io/asts-hash"]
        == (LIVE.metadata.annotations["game.kruise.io/asts-hash"])
    )
    assert (copied.status.current_revision, copied.status.update_revision) == ("xxx-old", "xxx-new")
    assert (copied.status.ready_replicas, copied.status.updated_replicas) == (5, 2)
    assert copied.status.observed_generation == copied.metadata.generation == 1


def test_a_copy_of_what_openkruise_has_not_seen_yet_is_not_seen_either() -> None:
    unseen = replace(LIVE, status=StatefulSetStatus(observed_generation=3))

    assert record_of(held_record(unseen, ASKED)).status.observed_generation == 0


def test_a_copy_made_again_is_of_the_next_generation() -> None:
    again = record_of(held_record(LIVE, ASKED, OTHER))

    assert again.spec.replicas == 4
    assert again.status.observed_generation == again.metadata.generation == 2


@pytest.mark.parametrize(
    ("record", "copied"),
    [
        (HELD, True),
        (OTHER, False),
        (OPEN, False),
        (held_record(replace(LIVE, status=StatefulSetStatus()), ASKED), False),
        (held_record(replace(LIVE, metadata=replace(LIVE.metadata, uid="x")), ASKED), False),
        (held_record(replace(LIVE, metadata=replace(LIVE.metadata, annotations={})), ASKED), False),
    ],
)
def test_a_copy_that_is_out_of_date_is_none(record: ConfigMap, *, copied: bool) -> None:
    assert is_copy(record, LIVE) is copied


def test_numbers_of_the_status_make_no_copy_out_of_date() -> None:
    busier = replace(LIVE, status=replace(LIVE.status, ready_replicas=1))

    assert is_copy(HELD, busier)


def test_a_record_that_comes_into_force_is_news() -> None:
    assert is_held(HELD)
    assert not is_held(OPEN)
    assert has_news(HELD, OPEN)
    assert not has_news(HELD, HELD)


@pytest.mark.parametrize(
    ("gss", "workload", "record", "problem"),
    [
        (QUIET, LIVE, OPEN, None),
        (ASKED, LIVE, None, None),
        (ASKED, LIVE, HELD, None),
        (ASKED, None, OPEN, None),
        (a_set(annotations={MOVE: "kruise"}), LIVE, None, '"kruise" is not to be had; '),
        (ASKED, LIVE, OPEN, "there is a record xxx-workload already; "),
        (
            ASKED,
            replace(LIVE, spec=replace(LIVE.spec, ordinals=StatefulSetOrdinals(start=1))),
            None,
            "do not start at 0",
        ),
        (
            ASKED,
            replace(LIVE, metadata=replace(LIVE.metadata, owner_references=())),
            None,
            "the StatefulSet belongs to nobody",
        ),
        (
            replace(ASKED, metadata=replace(ASKED.metadata, uid="another")),
            LIVE,
            None,
            "the StatefulSet belongs to GameServerSet xxx",
        ),
    ],
)
def test_what_stands_against_a_move_is_said_before_anything_is_touched(
    gss: GameServerSet,
    workload: AdvancedStatefulSet | None,
    record: ConfigMap | None,
    problem: str | None,
) -> None:
    found = find_obstacle(Move(gss, workload, record))

    assert (problem or "") in str(found or "")
    assert (found is None) is (problem is None)


def test_the_guard_is_ours_alone() -> None:
    others = a_statefulset(finalizers=("orphan",))

    assert guarded(others).metadata.finalizers == ("orphan", GUARD)
    assert let_go(guarded(others)) == others


def a_claim(*uids: str) -> PersistentVolumeClaim:
    owners = tuple(
        OwnerReference(api_version="v1", kind="Kind", name="name", uid=uid) for uid in uids
    )
    return PersistentVolumeClaim(metadata=ObjectMeta(name="data", owner_references=owners))


def test_a_claim_that_goes_with_the_statefulset_goes_with_the_set_too() -> None:
    owned = owned_alike(a_claim("uid-of-statefulset"), LIVE, ASKED)

    assert [o.uid for o in owned.metadata.owner_references] == ["uid-of-statefulset", "uid-of-xxx"]
    assert [o.controller for o in owned.metadata.owner_references] == [False, False]
    assert owned_alike(owned, LIVE, ASKED) is owned


def test_a_claim_that_is_kept_stays_nobodys() -> None:
    kept = a_claim("uid-of-pod")

    assert owned_alike(kept, LIVE, ASKED) is kept
    assert released_from(kept, "uid-of-statefulset") is kept


def test_what_is_released_keeps_its_other_owners() -> None:
    released = released_from(a_claim("uid-of-statefulset", "uid-of-pod"), "uid-of-statefulset")

    assert [o.uid for o in released.metadata.owner_references] == ["uid-of-pod"]


def test_a_statefulset_that_others_edited_makes_the_next_update_dear() -> None:
    edited = replace(LIVE, spec=replace(LIVE.spec, template=EDITED))

    assert price_of_next_update(LIVE, ASKED) == ""
    assert price_of_next_update(edited, ASKED) == "spec.hostPID"


EDITED = type(LIVE.spec.template)(
    bytes(LIVE.spec.template).replace(b'"spec":{', b'"spec":{"hostPID":true,', 1)
)
