"""Completion: whether the kubelet has done what an update in place asks for.

It is done with a container that shows another imageID than before. Where only the name of an image
is new, the imageID stays: then the container must show the new name, or have started again.
OpenKruise leaves such a pod waiting if the runtime shows the name in full. The price: a container
that ends by itself before its kubelet has heard of the new image counts as replaced too early.

That environments have changed, which only OpenKruise's daemon could bring about, is not waited for.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from okg.api.core import Container, ContainerStatus, Pod
from okg.api.meta import IntOrString
from okg.workload.native.images import kubelet_hash, same_image
from okg.workload.native.in_place_state import (
    ContainerRecord,
    InPlaceState,
    ReplacedContainer,
    is_in_grace,
    read_replaced,
    read_state,
)
from okg.workload.quantities import same_quantity

_RUNTIME = "apps.kruise.io/runtime-containers-meta"
_PENDING = "PodResizePending"
_RESIZING = {_PENDING, "PodResizeInProgress"}


class _Hashes(msgspec.Struct, frozen=True, rename="camel"):
    plain_hash: int = 0


class _RuntimeContainer(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    container_id: str = msgspec.field(default="", name="containerID")
    hashes: _Hashes = _Hashes()


class _Runtime(msgspec.Struct, frozen=True, rename="camel"):
    containers: tuple[_RuntimeContainer, ...] | None = None


def is_complete(pod: Pod) -> bool:
    """Whether the last update of a pod is; without one it is."""
    if is_in_grace(pod):
        return False
    state = read_state(pod)
    return state is None or (not state.has_next and is_batch_complete(pod, state))


def is_batch_complete(pod: Pod, state: InPlaceState) -> bool:
    """Whether what was changed so far has been done."""
    if state.update_resources and not _has_resources(pod):
        return False
    return _daemon_confirms(pod) or not unfinished(pod, state)


def resize_obstacle(pod: Pod) -> str:
    """Return why a node does not give a pod the amounts of its update, empty if nothing is said."""
    pending = pod.status.condition(_PENDING)
    if pending is None or pending.status != "True":
        return ""
    state = read_state(pod)
    if state is None or not state.update_resources:
        return ""
    return f"its node does not give it the new resources ({pending.reason}): {pending.message}"


def unfinished(pod: Pod, state: InPlaceState) -> Mapping[str, ContainerRecord]:
    """Return the containers that are not yet replaced, as they were before."""
    replaced = read_replaced(pod, state.revision)
    batches = state.container_batches_record
    since = batches[-1].timestamp if batches else state.update_timestamp
    return {
        name: record
        for name, record in (state.last_container_statuses or {}).items()
        if not _is_replaced(pod, name, record, replaced.get(name), since)
    }


def _is_replaced(
    pod: Pod,
    name: str,
    record: ContainerRecord,
    before: ReplacedContainer | None,
    since: datetime,
) -> bool:
    status, container = _status(pod, name), _container(pod, name)
    if status is None or container is None:
        return False
    if _shows(status, container.image):
        return True
    if status.image_id == record.image_id:
        return _has_restarted(status, before, since)
    # An update that overtook another one is not done when the other one's image shows up.
    return before is None or not any(_shows(status, image) for image in before.images)


def _shows(status: ContainerStatus, image: str) -> bool:
    """Whether a container is seen to have an image, by its name or by its digest."""
    digest = image.partition("@")[2]
    by_digest = bool(digest) and status.image_id.endswith(f"@{digest}")
    return by_digest or same_image(status.image, image)


def _has_restarted(
    status: ContainerStatus, before: ReplacedContainer | None, since: datetime
) -> bool:
    running = status.state.running if status.state else None
    if running is None:
        return False
    if before is None:
        return running.started_at is not None and running.started_at > since
    return status.container_id != before.container_id or status.restart_count > before.restart_count


def _has_resources(pod: Pod) -> bool:
    if any(c.type in _RESIZING and c.status == "True" for c in pod.status.conditions):
        return False
    return all(
        _has_amounts(container, _status(pod, container.name)) for container in pod.spec.containers
    )


def _has_amounts(container: Container, status: ContainerStatus | None) -> bool:
    wanted, actual = container.resources, status.resources if status else None
    if wanted is None:
        return True
    if actual is None:
        return False
    return _same(wanted.limits, actual.limits) and _same(wanted.requests, actual.requests)


def _same(wanted: Mapping[str, IntOrString], actual: Mapping[str, IntOrString]) -> bool:
    return all(
        same_quantity(wanted[name], actual.get(name))
        for name in ("cpu", "memory")
        if name in wanted
    )


def _daemon_confirms(pod: Pod) -> bool:
    """Whether OpenKruise's daemon has seen every container run what the spec asks for."""
    text = pod.metadata.annotations.get(_RUNTIME)
    if not text:
        return False
    try:
        seen = msgspec.json.decode(text, type=_Runtime).containers or ()
    except msgspec.DecodeError:
        return False
    return all(_is_confirmed(pod, container, seen) for container in pod.spec.containers)


def _is_confirmed(pod: Pod, container: Container, seen: Iterable[_RuntimeContainer]) -> bool:
    status = _status(pod, container.name)
    runtime = next((found for found in seen if found.name == container.name), None)
    if status is None or runtime is None:
        return False
    same = runtime.container_id == status.container_id
    return same and runtime.hashes.plain_hash == kubelet_hash(container.name, container.image)


def _container(pod: Pod, name: str) -> Container | None:
    return next((found for found in pod.spec.containers if found.name == name), None)


def _status(pod: Pod, name: str) -> ContainerStatus | None:
    return next((found for found in pod.status.container_statuses if found.name == name), None)
