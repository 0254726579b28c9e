"""How far an update in place is: what pods carry of it, readable for OpenKruise and by it.

Fields come in OpenKruise's order and are left out where it leaves them out, so that a set can
change hands in the middle of an update. Its older names of the annotations are read, not written.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from okg.api.core import Pod, ResourceRequirements
from okg.workload.go_json import encode_as_go
from okg.workload.native.metadata_patch import Texts

STATE = "apps.kruise.io/inplace-update-state"
GRACE = "apps.kruise.io/inplace-update-grace"
REPLACED = "game.kruise.io/inplace-update-replaced"
"""Ours: which containers an update replaces, for images of which the name alone is new."""

_OLD_STATE = "inplace-update-state"
_OLD_GRACE = "inplace-update-grace"

_T = TypeVar("_T")


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Fields without a default are written always."""


class ContainerRecord(_Wire, frozen=True, kw_only=True):
    """A container before it is replaced."""

    image_id: str = msgspec.field(default="", name="imageID")


class RefMetadata(_Wire, frozen=True, kw_only=True):
    """Labels and annotations that a container's environment is made of."""

    labels: Texts = {}
    annotations: Texts = {}


class ReadyCheck(_Wire, frozen=True, kw_only=True):
    """What must be ready before the next batch."""

    containers_required_ready: tuple[str, ...] = ()


class Batch(_Wire, frozen=True, kw_only=True):
    """Containers that were updated together."""

    timestamp: datetime
    containers: tuple[str, ...]


class InPlaceState(_Wire, frozen=True, kw_only=True):
    """The last update in place of a pod; it stays when it is complete.

    Attributes:
        revision: what the pod was updated to.
        update_timestamp: when it began.
        last_container_statuses: containers before they were replaced; None if none was, or none
            yet.
        update_env_from_metadata: whether environments were to change.
        update_resources: whether resources change.
        update_images: whether images change.
        next_container_images: images of batches to come.
        next_container_ref_metadata: metadata of batches to come.
        next_container_resources: resources of batches to come.
        pre_check_before_next: what the next batch waits for.
        container_batches_record: the batches so far.
    """

    revision: str
    update_timestamp: datetime
    last_container_statuses: Mapping[str, ContainerRecord] | None
    update_env_from_metadata: bool = False
    update_resources: bool = False
    update_images: bool = False
    next_container_images: Mapping[str, str] = {}
    next_container_ref_metadata: Mapping[str, RefMetadata] = {}
    next_container_resources: Mapping[str, ResourceRequirements] = {}
    pre_check_before_next: ReadyCheck | None = None
    container_batches_record: tuple[Batch, ...] = ()

    @property
    def has_next(self) -> bool:
        """Whether a batch is still to come; only OpenKruise makes more than one."""
        return bool(
            self.next_container_images
            or self.next_container_ref_metadata
            or self.next_container_resources
        )


class GracePeriod(_Wire, frozen=True, kw_only=True):
    """An update that waits for the players to be led elsewhere.

    Attributes:
        revision: what the pod is updated to.
        container_images: new images by container.
        container_ref_metadata: metadata that environments are made of.
        container_resources: new amounts by container.
        meta_data_patch: strategic merge patch of the pod.
        update_env_from_metadata: whether environments were to change.
        grace_seconds: how long it waits.
    """

    revision: str
    container_images: Mapping[str, str] = {}
    container_ref_metadata: Mapping[str, RefMetadata] = {}
    container_resources: Mapping[str, ResourceRequirements] = {}
    meta_data_patch: bytes = b""
    update_env_from_metadata: bool = False
    grace_seconds: int = 0


class ReplacedContainer(_Wire, frozen=True, kw_only=True):
    """A container when its image was changed.

    Attributes:
        images: those it was to run since its last complete update.
        container_id: of what ran.
        restart_count: how often it had started again.
    """

    images: tuple[str, ...]
    container_id: str = msgspec.field(default="", name="containerID")
    restart_count: int = 0


class Replaced(_Wire, frozen=True, kw_only=True):
    """The containers that the update to a revision replaces."""

    revision: str
    containers: Mapping[str, ReplacedContainer]


def read_state(pod: Pod) -> InPlaceState | None:
    """Return the state of the last update; None without one or if it cannot be read."""
    return _read(pod, InPlaceState, STATE, _OLD_STATE)


def read_grace(pod: Pod) -> GracePeriod | None:
    """Return the update that waits; None without one or if it cannot be read."""
    return _read(pod, GracePeriod, GRACE, _OLD_GRACE)


def is_in_grace(pod: Pod) -> bool:
    """Whether an update waits, also one that cannot be read."""
    annotations = pod.metadata.annotations
    return GRACE in annotations or _OLD_GRACE in annotations


def read_replaced(pod: Pod, revision: str) -> Mapping[str, ReplacedContainer]:
    """Return the containers that the update to a revision replaces, as far as they are known."""
    found = _read(pod, Replaced, REPLACED)
    return found.containers if found is not None and found.revision == revision else {}


def state_annotations(
    pod: Pod,
    state: InPlaceState,
    *,
    grace: GracePeriod | None = None,
    replaced: Mapping[str, ReplacedContainer],
) -> Mapping[str, str]:
    """Return the annotations of a pod with these in place of those it has."""
    kept = without_grace(pod)
    kept.pop(REPLACED, None)
    kept[STATE] = encode_as_go(state)
    if grace is not None:
        kept[GRACE] = encode_as_go(grace)
    if replaced:
        kept[REPLACED] = encode_as_go(Replaced(revision=state.revision, containers=replaced))
    return kept


def without_grace(pod: Pod) -> dict[str, str]:
    """Return the annotations of a pod without those of an update that waits."""
    annotations = pod.metadata.annotations
    return {key: text for key, text in annotations.items() if key not in {GRACE, _OLD_GRACE}}


def _read(pod: Pod, kind: type[_T], *keys: str) -> _T | None:
    annotations = pod.metadata.annotations
    text = next((annotations[key] for key in keys if annotations.get(key)), "")
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        return None
