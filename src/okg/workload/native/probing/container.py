"""What a pod says of the container that is probed."""

from datetime import datetime

import msgspec

from okg.api.core import ContainerStatus, Pod


class Sighting(msgspec.Struct, frozen=True):
    """A container as its pod's status shows it.

    Attributes:
        instance: tells one start of the container from the next.
        started_at: when it started; None unless it runs.
    """

    instance: str
    started_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.started_at is not None


def is_probed(pod: Pod) -> bool:
    """Whether the containers of a pod are probed at all."""
    initialized = pod.status.condition("Initialized")
    return (
        pod.metadata.deletion_timestamp is None
        and pod.status.phase == "Running"
        and bool(pod.spec.node_name)
        and initialized is not None
        and initialized.status == "True"
    )


def sight(pod: Pod, container: str, now: datetime) -> Sighting | None:
    """Return what is known of a container, None if it was never started.

    Args:
        pod: its pod.
        container: its name; containers that initialise and stay are as good as others.
        now: stands for a start that the kubelet does not tell.
    """
    statuses = (*pod.status.container_statuses, *pod.status.init_container_statuses)
    status = next((status for status in statuses if status.name == container), None)
    if status is None or status.state is None:
        return None
    running = status.state.running
    if running is not None:
        return Sighting(_instance(status, running.started_at), running.started_at or now)
    ended = status.state.terminated
    instance = status.container_id or (ended.container_id if ended else "")
    return Sighting(instance) if instance else None


def _instance(status: ContainerStatus, started_at: datetime | None) -> str:
    return status.container_id or f"{started_at}#{status.restart_count}"
