"""How a pod is, in the words by which a workload counts and waits."""

from datetime import datetime, timedelta

from okg.api.core import Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.workload.names import LIFECYCLE_NORMAL, LIFECYCLE_STATE, REVISION
from okg.workload.revisions import short_revision


def is_created(pod: Pod) -> bool:
    """Whether the server has taken note of the pod's existence."""
    return bool(pod.status.phase)


def is_ended(pod: Pod) -> bool:
    """Whether the pod will never run again."""
    return pod.status.phase in {"Failed", "Succeeded"}


def is_terminating(pod: Pod) -> bool:
    """Whether the pod was deleted and is still there."""
    return pod.metadata.deletion_timestamp is not None


def is_ready(pod: Pod) -> bool:
    """Whether the pod runs and serves, terminating or not."""
    ready = pod.status.condition("Ready")
    return pod.status.phase == "Running" and ready is not None and ready.status == "True"


def is_in_service(pod: Pod) -> bool:
    """Whether no update and no hook has the pod in hand."""
    return pod.metadata.labels.get(LIFECYCLE_STATE, "") in {"", LIFECYCLE_NORMAL}


def is_healthy(pod: Pod) -> bool:
    """Whether the pod serves and will go on to."""
    return is_ready(pod) and not is_terminating(pod) and is_in_service(pod)


def is_of_revision(pod: Pod, revision: str) -> bool:
    """Whether the pod is of a revision, named in full or by what follows the last dash."""
    named = pod.metadata.labels.get(REVISION, "")
    return bool(named) and short_revision(named) == short_revision(revision)


def time_to_available(pod: Pod, workload: AdvancedStatefulSet, now: datetime) -> timedelta | None:
    """Return how long a pod has yet to stay ready to be available; None if it is not ready."""
    if not is_ready(pod) or not is_in_service(pod):
        return None
    minimum = timedelta(seconds=min_ready_seconds(workload))
    ready = pod.status.condition("Ready")
    since = ready.last_transition_time if ready is not None else None
    if not minimum or since is None:
        return minimum
    return max(timedelta(0), since + minimum - now)


def is_available(pod: Pod, workload: AdvancedStatefulSet, now: datetime) -> bool:
    """Whether the pod has been ready for long enough; terminating or not."""
    return time_to_available(pod, workload, now) == timedelta(0)


def min_ready_seconds(workload: AdvancedStatefulSet) -> int:
    """Return how long a pod must be ready to count as available."""
    strategy = workload.spec.update_strategy
    rolling = strategy.rolling_update if strategy else None
    return (rolling.min_ready_seconds if rolling else None) or 0
