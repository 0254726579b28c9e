"""From game server to pod: labels, annotations and images that follow the server.

Labels are what everybody else reads: the scaling code, OpenKruise's update order, network plugins
and users' selectors.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import Container, Pod
from okg.api.game import GameServer, GameServerSpec
from okg.api.meta import IntOrString
from okg.workload.labels import is_label_value
from okg.workload.names import (
    DELETION_PRIORITY,
    GS_STATE,
    NETWORK_DISABLED,
    OPS_STATE,
    OPS_STATE_CHANGED_AT,
    STATE_CHANGED_AT,
    SYNC_PREFIX,
    UPDATE_PRIORITY,
    UPDATING_CONTAINERS,
)
from okg.workload.notices import Notice
from okg.workload.state import CRASH, PRE_UPDATE, UPDATE_RUNNING, game_server_state, timestamp

STATE_CHANGED = "GsStateChanged"
INVALID_LABEL_VALUE = "InvalidLabelValue"

_STATE = "State"


class PodSync(msgspec.Struct, frozen=True):
    """What a pod should be.

    Attributes:
        pod: the pod as it should be, the very same object if it is so already.
        notices: what to tell once the pod is written.
        complaints: values that cannot be labels and were left out.
    """

    pod: Pod
    notices: tuple[Notice, ...] = ()
    complaints: tuple[Notice, ...] = ()


class _Mirror(msgspec.Struct, frozen=True):
    """One value of the server and the label that follows it.

    Attributes:
        label: the label's key.
        title: what events call it.
        field: where the user wrote the value; empty for what we computed.
        value: what the label should be.
        stamp: annotation that tells when it changed, or empty.
        stamp_first: whether the first value is stamped too.
        alarming: the value of which a Warning tells.
    """

    label: str
    title: str
    value: str
    field: str = ""
    stamp: str = ""
    stamp_first: bool = False
    alarming: str = ""


def sync_pod(pod: Pod, server: GameServer, images: Mapping[str, str], now: datetime) -> PodSync:
    """Return what the pod should be.

    Args:
        pod: as it is.
        server: the game server of the same name.
        images: image of each container in the set's template.
        now: the time that changed values carry.
    """
    state = game_server_state(pod)
    mirrors = _mirrors(server.spec, state)
    changed = [m for m in mirrors if is_label_value(m.value) and m.value != _current(pod, m)]
    labels = _followed(server.metadata.labels) | {m.label: m.value for m in changed}
    annotations = _followed(server.metadata.annotations) | _stamps(pod, changed, now)
    updating = _updating_containers(pod, state, images)
    return PodSync(
        pod=_with_images(_with_metadata(pod, labels, annotations, updating), server),
        notices=tuple(_notice(pod, m) for m in changed if _current(pod, m)),
        complaints=tuple(_complaint(m) for m in mirrors if not is_label_value(m.value)),
    )


def notices_of_state(pod: Pod, before: str, after: str) -> tuple[Notice, ...]:
    """Return what to tell of a server's state that somebody else wrote on the pod.

    Args:
        pod: as it was found.
        before: state in the stored status, empty for none.
        after: state in the new one.
    """
    if not before or before == after or pod.metadata.labels.get(GS_STATE) != after:
        return ()
    return (_turned(_STATE, before, after, warning=after == CRASH),)


def follows_defaults(server: GameServer) -> bool:
    """Whether a pod without any of our labels is treated as this server asks already."""
    spec = server.spec
    return (
        spec.ops_state in {"", "None"}
        and _text(spec.update_priority) in {"", "0"}
        and _text(spec.deletion_priority) in {"", "0"}
        and not spec.network_disabled
        and not spec.containers
        and not _followed(server.metadata.labels)
        and not _followed(server.metadata.annotations)
    )


def _mirrors(spec: GameServerSpec, state: str) -> Sequence[_Mirror]:
    return (
        _Mirror(
            label=DELETION_PRIORITY,
            title="DeletionPriority",
            field="spec.deletionPriority",
            value=_text(spec.deletion_priority),
        ),
        _Mirror(
            label=UPDATE_PRIORITY,
            title="UpdatePriority",
            field="spec.updatePriority",
            value=_text(spec.update_priority),
        ),
        _Mirror(
            label=OPS_STATE,
            title="OpsState",
            field="spec.opsState",
            value=spec.ops_state,
            stamp=OPS_STATE_CHANGED_AT,
            stamp_first=True,
            alarming="Maintaining",
        ),
        _Mirror(
            label=NETWORK_DISABLED,
            title="NetworkDisabled",
            value="true" if spec.network_disabled else "false",
        ),
        _Mirror(label=GS_STATE, title=_STATE, value=state, stamp=STATE_CHANGED_AT, alarming=CRASH),
    )


def _current(pod: Pod, mirror: _Mirror) -> str:
    return pod.metadata.labels.get(mirror.label, "")


def _text(value: IntOrString | None) -> str:
    return "" if value is None else str(value)


def _followed(texts: Mapping[str, str]) -> dict[str, str]:
    """Return what users ask to be copied; taking it away from the server is not followed."""
    return {key: value for key, value in texts.items() if key.startswith(SYNC_PREFIX)}


def _stamps(pod: Pod, changed: Sequence[_Mirror], now: datetime) -> dict[str, str]:
    at = timestamp(now)
    return {m.stamp: at for m in changed if m.stamp and (m.stamp_first or _current(pod, m))}


def _notice(pod: Pod, mirror: _Mirror) -> Notice:
    alarming = bool(mirror.alarming) and mirror.value == mirror.alarming
    return _turned(mirror.title, _current(pod, mirror), mirror.value, warning=alarming)


def _turned(what: str, before: str, after: str, *, warning: bool) -> Notice:
    # The blank at the end is part of the message people's event rules match.
    message = f"{what} turn from {before} to {after} "
    return Notice(reason=STATE_CHANGED, message=message, warning=warning)


def _complaint(mirror: _Mirror) -> Notice:
    return Notice(
        reason=INVALID_LABEL_VALUE,
        message=f'{mirror.field}: "{mirror.value}" cannot be a label of the pod; write at most 63 '
        'letters, digits, "-", "_" or ".", with a letter or digit at both ends',
        warning=True,
    )


def _updating_containers(pod: Pod, state: str, images: Mapping[str, str]) -> str | None:
    """Return the names of containers whose image is about to change; None removes the list.

    Images of the pod's spec are compared: what a runtime reports is normalised by it, so that
    ``nginx:1`` would differ from itself.
    """
    if state == UPDATE_RUNNING:
        return pod.metadata.annotations.get(UPDATING_CONTAINERS)
    if state != PRE_UPDATE:
        return None
    return ",".join(c.name for c in pod.spec.containers if images.get(c.name, c.image) != c.image)


def _with_metadata(
    pod: Pod, labels: Mapping[str, str], annotations: Mapping[str, str], updating: str | None
) -> Pod:
    meta = pod.metadata
    new_labels = {**meta.labels, **labels}
    new_annotations = {**meta.annotations, **annotations}
    if updating is None:
        new_annotations.pop(UPDATING_CONTAINERS, None)
    elif updating != new_annotations.get(UPDATING_CONTAINERS, ""):
        new_annotations[UPDATING_CONTAINERS] = updating
    if (new_labels, new_annotations) == (meta.labels, meta.annotations):
        return pod
    return replace(pod, metadata=replace(meta, labels=new_labels, annotations=new_annotations))


def _with_images(pod: Pod, server: GameServer) -> Pod:
    """Return the pod with the server's own images; resources apply when a pod is made."""
    wanted = {c.name: c.image for c in server.spec.containers if c.image}
    containers = tuple(_with_image(c, wanted.get(c.name, c.image)) for c in pod.spec.containers)
    if containers == pod.spec.containers:
        return pod
    return replace(pod, spec=replace(pod.spec, containers=containers))


def _with_image(container: Container, image: str) -> Container:
    return container if container.image == image else replace(container, image=image)
