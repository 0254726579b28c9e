"""Kill: servers that asked to be removed shrink their set."""

from okg.workload.pod_counts import MemberCounts


def replicas_after_kill(replicas: int, workload_replicas: int | None, members: MemberCounts) -> int:
    """Return the size of a set without its servers in opsState Kill.

    Nothing changes while the set is in motion (sizes differ, or a pod terminates), and a server on
    whose removal a hook holds its hand is none any more: it would be subtracted twice.

    Args:
        replicas: size of the set.
        workload_replicas: size of its workload.
        members: the servers of the set.
    """
    staying = members.living - members.leaving
    at_rest = replicas == workload_replicas == staying and not members.terminating
    return replicas - members.killed if at_rest else replicas
