"""Spec change: a pod with new images, amounts and metadata, and the note of what was replaced."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from okg.api.core import Pod
from okg.workload.native.amounts import merged, with_amounts
from okg.workload.native.capability import InPlaceChange
from okg.workload.native.completion import is_complete, unfinished
from okg.workload.native.health import is_of_revision
from okg.workload.native.in_place_state import (
    Batch,
    ContainerRecord,
    GracePeriod,
    InPlaceState,
    RefMetadata,
    ReplacedContainer,
    read_grace,
    read_replaced,
    read_state,
    state_annotations,
)
from okg.workload.native.metadata_patch import MetadataPatch, decode_patch, encode_patch
from okg.workload.native.pod_step import PodStep


def new_images(pod: Pod, change: InPlaceChange) -> Mapping[str, str]:
    """Return the images that a pod does not have yet, by container."""
    has = {container.name: container.image for container in pod.spec.containers}
    return {name: image for name, image in change.images.items() if has.get(name, image) != image}


def resize(pod: Pod, change: InPlaceChange) -> PodStep | None:
    """Return the write that gives a pod its new amounts of resources, None if it has them."""
    resized = with_amounts(pod, change.resources)
    return PodStep(resized, "resize") if resized is not pod else None


def begin(pod: Pod, change: InPlaceChange, revision: str, now: datetime) -> InPlaceState:
    """Return the state of an update before anything is changed.

    What an earlier update has yet to replace is waited for by this one.
    """
    open_before = _unfinished(pod)
    before = read_state(pod)
    resizing = before is not None and before.update_resources and not is_complete(pod)
    return InPlaceState(
        revision=revision,
        update_timestamp=now,
        last_container_statuses=open_before or None,
        update_resources=bool(change.resources) or resizing,
        update_images=bool(change.images or open_before),
    )


def postpone(pod: Pod, change: InPlaceChange, state: InPlaceState, seconds: int) -> Pod:
    """Return a pod that gets a change when a grace period is over."""
    grace = GracePeriod(
        revision=state.revision,
        container_images=change.images,
        container_resources=change.resources,
        meta_data_patch=encode_patch(change.metadata),
        grace_seconds=seconds,
    )
    replaced = _replaced(pod, state, {})
    annotations = state_annotations(pod, state, grace=grace, replaced=replaced)
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


def apply_change(pod: Pod, change: InPlaceChange, state: InPlaceState, now: datetime) -> Pod:
    """Return a pod with images and metadata changed, noted as one more batch of an update.

    Args:
        pod: the pod, its resources changed already.
        change: what changes.
        state: the update that this belongs to.
        now: whole seconds.
    """
    images = new_images(pod, change)
    batch = Batch(timestamp=now, containers=tuple(sorted({*change.images, *change.resources})))
    noted = replace(
        state,
        last_container_statuses={**(state.last_container_statuses or {}), **_records(pod, images)}
        or None,
        next_container_images={},
        next_container_ref_metadata={},
        next_container_resources={},
        pre_check_before_next=None,
        container_batches_record=(*state.container_batches_record, batch),
    )
    changed = replace(pod, metadata=change.metadata.apply(pod.metadata))
    annotations = state_annotations(changed, noted, replaced=_replaced(pod, noted, images))
    containers = tuple(replace(c, image=images.get(c.name, c.image)) for c in pod.spec.containers)
    return replace(
        changed,
        metadata=replace(changed.metadata, annotations=annotations),
        spec=replace(pod.spec, containers=containers),
    )


def pending_change(pod: Pod) -> InPlaceChange:
    """Return what an update has begun and not yet written: a grace period, or further batches."""
    grace = read_grace(pod)
    if grace is not None and is_of_revision(pod, grace.revision):
        return change_of_grace(grace)
    state = read_state(pod)
    if state is not None and state.has_next and is_of_revision(pod, state.revision):
        return change_of_next(state)
    return InPlaceChange()


def change_of_grace(grace: GracePeriod) -> InPlaceChange:
    """Return what is written when a grace period is over."""
    patch = decode_patch(grace.meta_data_patch)
    return InPlaceChange(
        images=grace.container_images,
        resources=grace.container_resources,
        metadata=_with_references(patch, grace.container_ref_metadata),
    )


def change_of_next(state: InPlaceState) -> InPlaceChange:
    """Return what is written after a batch; several further batches of OpenKruise become one."""
    return InPlaceChange(
        images=state.next_container_images,
        resources=state.next_container_resources,
        metadata=_with_references(MetadataPatch(), state.next_container_ref_metadata),
    )


def joined(first: InPlaceChange, then: InPlaceChange) -> InPlaceChange:
    """Return the change that does what two would do one after the other."""
    resources = dict(first.resources)
    for name, amounts in then.resources.items():
        resources[name] = merged(resources.get(name), amounts)
    return InPlaceChange(
        images={**first.images, **then.images},
        resources=resources,
        metadata=first.metadata.then(then.metadata),
        resize_restarts=bool(first.resources) or then.resize_restarts,
    )


def _with_references(patch: MetadataPatch, references: Mapping[str, RefMetadata]) -> MetadataPatch:
    for metadata in references.values():
        patch = patch.then(MetadataPatch(labels=metadata.labels, annotations=metadata.annotations))
    return patch


def _records(pod: Pod, images: Mapping[str, str]) -> Mapping[str, ContainerRecord]:
    return {
        status.name: ContainerRecord(image_id=status.image_id)
        for status in pod.status.container_statuses
        if status.name in images
    }


def _unfinished(pod: Pod) -> Mapping[str, ContainerRecord]:
    """Return the containers that the last update has yet to replace."""
    state = read_state(pod)
    return unfinished(pod, state) if state is not None else {}


def _replaced(
    pod: Pod, state: InPlaceState, images: Mapping[str, str]
) -> Mapping[str, ReplacedContainer]:
    """Return what is noted of the containers that an update replaces.

    Of those that an earlier update has yet to replace, the images it wanted stay in mind.
    """
    before, open_before = read_state(pod), _unfinished(pod)
    known = dict(read_replaced(pod, before.revision)) if before is not None else {}
    had = {container.name: container.image for container in pod.spec.containers}
    for status in pod.status.container_statuses:
        if status.name in images:
            earlier = known.get(status.name) if status.name in open_before else None
            known[status.name] = ReplacedContainer(
                images=(*(earlier.images if earlier else ()), had[status.name]),
                container_id=status.container_id,
                restart_count=status.restart_count,
            )
    recorded = state.last_container_statuses or {}
    return {name: container for name, container in known.items() if name in recorded}
