"""Kill: servers that asked to be removed shrink their set."""

from collections.abc import Collection

from okg.api.core import Pod
from okg.workload.names import OPS_STATE

KILL = "Kill"


def replicas_after_kill(replicas: int, workload_replicas: int | None, pods: Collection[Pod]) -> int:
    """Return the size of a set without its servers in opsState Kill.

    Nothing changes while the set is in motion (sizes differ, or a pod terminates): a server killed
    earlier would be subtracted twice.

    Args:
        replicas: size of the set.
        workload_replicas: size of its workload.
        pods: every pod of the set.
    """
    at_rest = replicas == workload_replicas == len(pods) and not any(
        pod.metadata.deletion_timestamp for pod in pods
    )
    killed = sum(pod.metadata.labels.get(OPS_STATE) == KILL for pod in pods)
    return replicas - killed if at_rest else replicas
