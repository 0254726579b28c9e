"""Status of a set."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from okg.api.game import GameServerSet, GameServerSetStatus
from okg.api.kruise import StatefulSetStatus
from okg.api.meta import Condition
from okg.workload.invalid import InvalidField
from okg.workload.pod_counts import PodCounts
from okg.workload.scaling import spec_of

READY = "Ready"
INVALID_SPEC = "InvalidSpec"


def compute_set_status(
    gss: GameServerSet,
    workload: StatefulSetStatus,
    counts: PodCounts,
    problems: Sequence[InvalidField],
    now: datetime,
) -> GameServerSetStatus:
    """Return the status of a set; equal to the stored one where nothing changed.

    ``replicas`` is what the user asks for, not what is there: autoscalers divide by it.

    Args:
        gss: the set.
        workload: status of its workload, a blank one before it exists.
        counts: of the set's pods.
        problems: what keeps the set from being acted on.
        now: the time that a changed condition carries.
    """
    return GameServerSetStatus(
        replicas=spec_of(gss).replicas,
        ready_replicas=workload.ready_replicas,
        available_replicas=workload.available_replicas,
        current_replicas=counts.total,
        updated_replicas=workload.updated_replicas,
        observed_generation=gss.metadata.generation,
        updated_ready_replicas=workload.updated_ready_replicas,
        maintaining_replicas=counts.maintaining,
        wait_to_be_deleted_replicas=counts.wait_to_be_deleted,
        pre_delete_replicas=counts.pre_delete,
        label_selector=workload.label_selector,
        conditions=_conditions(gss, problems, now),
    )


def invalid_spec(status: GameServerSetStatus | None) -> Condition | None:
    """Return the condition that says what the user has to change, if it is there."""
    conditions = status.conditions if status else ()
    return next((c for c in conditions if c.type == READY and c.reason == INVALID_SPEC), None)


def _conditions(
    gss: GameServerSet, problems: Sequence[InvalidField], now: datetime
) -> tuple[Condition, ...]:
    stored = gss.status.conditions if gss.status else ()
    others = tuple(condition for condition in stored if condition.type != READY)
    if not problems:
        return others
    fresh = Condition(
        type=READY,
        status="False",
        reason=INVALID_SPEC,
        message="; ".join(str(problem) for problem in problems),
        observed_generation=gss.metadata.generation,
        last_transition_time=now,
    )
    return (*others, _since(invalid_spec(gss.status), fresh))


def _since(stored: Condition | None, fresh: Condition) -> Condition:
    """Keep the time of a condition whose status did not change (metav1.Condition)."""
    if stored is None or stored.last_transition_time is None:
        return fresh
    return replace(fresh, last_transition_time=stored.last_transition_time)
