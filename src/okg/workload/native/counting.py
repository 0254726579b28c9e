"""Counting: the status of a workload, from its pods."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet, StatefulSetStatus
from okg.api.meta import Condition
from okg.workload.names import OWNER_GSS
from okg.workload.native.health import (
    is_available,
    is_created,
    is_of_revision,
    is_ready,
    is_terminating,
)
from okg.workload.native.layout import replicas_of
from okg.workload.rolling_rules import Rules

FAILED_CREATE = "FailedCreatePod"
FAILED_UPDATE = "FailedUpdatePod"


def compute_status(
    workload: AdvancedStatefulSet,
    pods: Iterable[Pod],
    current: ControllerRevision,
    newest: ControllerRevision,
    *,
    failures: Mapping[str, str],
    now: datetime,
) -> StatefulSetStatus:
    """Return the status: counters over all pods, those on their way out included.

    An update that has reached every pod makes the newest revision the current one.

    Args:
        workload: whose status it is.
        pods: the workload's own.
        current: revision of pods that an update has yet to reach.
        newest: revision of the workload's template.
        failures: messages by type of condition; what is absent no longer fails.
        now: the time.
    """
    present = [pod for pod in pods if is_created(pod)]
    living = [pod for pod in present if not is_terminating(pod)]
    updated = [pod for pod in present if is_of_revision(pod, newest.metadata.name)]
    status = replace(
        workload.status,
        observed_generation=workload.metadata.generation,
        replicas=len(present),
        ready_replicas=_count(present, is_ready),
        available_replicas=_count(present, lambda pod: is_available(pod, workload, now)),
        current_replicas=_count(living, lambda pod: is_of_revision(pod, current.metadata.name)),
        updated_replicas=_count(living, lambda pod: is_of_revision(pod, newest.metadata.name)),
        updated_ready_replicas=_count(updated, is_ready),
        updated_available_replicas=_count(updated, lambda pod: is_available(pod, workload, now)),
        current_revision=current.metadata.name,
        update_revision=newest.metadata.name,
        label_selector=f"{OWNER_GSS}={workload.metadata.name}",
        conditions=_conditions(workload.status.conditions, failures, now),
    )
    return _completed(workload, status)


def _completed(workload: AdvancedStatefulSet, status: StatefulSetStatus) -> StatefulSetStatus:
    rules = Rules.of(workload.spec.update_strategy, replicas_of(workload))
    done = status.updated_replicas == status.replicas == status.ready_replicas
    if rules.on_delete or not done:
        return status
    return replace(
        status,
        current_revision=status.update_revision,
        current_replicas=status.updated_replicas,
    )


def _count(pods: Iterable[Pod], test: Callable[[Pod], bool]) -> int:
    return sum(map(test, pods))


def _conditions(
    before: Sequence[Condition], failures: Mapping[str, str], now: datetime
) -> tuple[Condition, ...]:
    since = {condition.type: condition.last_transition_time for condition in before}
    return tuple(
        Condition(
            type=type_,
            status="True",
            message=message,
            last_transition_time=since.get(type_) or now,
        )
        for type_, message in failures.items()
    )
