"""Status of a set."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from okg.api.game import GameServerSet, GameServerSetStatus
from okg.api.kruise import AdvancedStatefulSet, StatefulSetStatus
from okg.workload.invalid import InvalidField
from okg.workload.pod_counts import PodCounts
from okg.workload.rollout import INVALID_SPEC, READY, Rollout, compute_conditions, find
from okg.workload.scaling import spec_of


def compute_set_status(
    gss: GameServerSet,
    workload: AdvancedStatefulSet | None,
    counts: PodCounts,
    rollout: Rollout,
    problems: Sequence[InvalidField],
    *,
    now: datetime,
) -> GameServerSetStatus:
    """Return the status of a set.

    ``replicas`` is what the user asks for, not what is there: autoscalers divide by it.

    Args:
        gss: the set.
        workload: its workload, if it is there.
        counts: of the set's pods.
        rollout: how far it is on the way to its spec.
        problems: what keeps the set from being acted on.
        now: the time that a changed condition carries.
    """
    reported = workload.status if workload is not None else StatefulSetStatus()
    counters = GameServerSetStatus(
        replicas=spec_of(gss).replicas,
        ready_replicas=reported.ready_replicas,
        available_replicas=reported.available_replicas,
        current_replicas=counts.total,
        updated_replicas=reported.updated_replicas,
        observed_generation=gss.metadata.generation,
        updated_ready_replicas=reported.updated_ready_replicas,
        maintaining_replicas=counts.maintaining,
        wait_to_be_deleted_replicas=counts.wait_to_be_deleted,
        pre_delete_replicas=counts.pre_delete,
        label_selector=reported.label_selector,
    )
    conditions = compute_conditions(gss, counters, rollout, problems, now)
    return replace(counters, conditions=conditions)


def is_news(
    stored: GameServerSetStatus | None, fresh: GameServerSetStatus, *, conditions_kept: bool
) -> bool:
    """Whether a status is worth a write.

    A message that alone is another is not: it has the numbers of a moment. What a user has to
    change is.

    Args:
        stored: what the server has.
        fresh: what there is to tell.
        conditions_kept: whether the server keeps conditions; the definition of OpenKruiseGame has
            none, and the stored status never matches then.
    """
    if stored is None:
        return True
    if not conditions_kept:
        return replace(fresh, conditions=stored.conditions) != stored
    return _without_messages(fresh) != _without_messages(stored)


def is_urgent(
    stored: GameServerSetStatus | None, fresh: GameServerSetStatus, told: str | None = None
) -> bool:
    """Whether somebody waits for this status: it is the first, or what is to be changed is new.

    Args:
        stored: what the server has.
        fresh: what there is to tell.
        told: what the user was told to change last, None if that is not known.
    """
    return stored is None or complaint_of(fresh) != (complaint_of(stored) if told is None else told)


def complaint_of(status: GameServerSetStatus | None) -> str:
    """Return what a status tells the user to change; empty if nothing."""
    ready = find(status, READY)
    return ready.message if ready is not None and ready.reason == INVALID_SPEC else ""


def _without_messages(status: GameServerSetStatus) -> GameServerSetStatus:
    conditions = (
        condition if condition.reason == INVALID_SPEC else replace(condition, message="")
        for condition in status.conditions
    )
    return replace(status, conditions=tuple(conditions))
