"""State of a server's network: what the plugin notes on the pod, told on the game server.

At admission plugins are called when a pod is written. A pod whose network is not what it should be
is therefore touched every now and then, until it is. When the patience is over it is touched
seldom, or no more if nothing would come of it: there is no plugin, or one that cannot cut traffic
off. Of pods that we make ourselves plugins are asked without a write.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias, cast

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerCondition, NetworkConfParam, NetworkStatus
from okg.workload.conditions import NETWORK_NORMAL
from okg.workload.go_strconv import is_true
from okg.workload.names import (
    NETWORK_CONF,
    NETWORK_DISABLED,
    NETWORK_STATUS,
    NETWORK_TRIGGERED_AT,
    NETWORK_TYPE,
    POD_WEBHOOK,
)
from okg.workload.notices import Notice
from okg.workload.ownership import is_native

READY = "Ready"
NOT_READY = "NotReady"
NETWORK_STATE = "GsNetworkState"

_Json: TypeAlias = "Mapping[str, _Json] | list[_Json] | str | int | float | bool | None"
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_ILLEGIBLE = (msgspec.MsgspecError, RecursionError)
"""What decoding raises; the second where a text nests too deeply."""

_REFUSED = f'"{POD_WEBHOOK}" denied the request: '
"""What a refusal has before the words of the plugin."""

SELDOM = timedelta(seconds=60)
"""Time between two looks at a network for which the patience is over."""


class NetworkPatience(msgspec.Struct, frozen=True):
    """How long a network is waited for.

    Attributes:
        total: after which users are told, and it is looked at seldom.
        interval: between two looks.
    """

    total: timedelta = timedelta(seconds=60)
    interval: timedelta = timedelta(seconds=5)


DEFAULT_PATIENCE = NetworkPatience()


class NetworkWait(msgspec.Struct, frozen=True):
    """What is left to do about a network.

    Attributes:
        look_after: when to look again, None for not.
        complaint: that the patience is over.
    """

    look_after: timedelta | None = None
    complaint: Notice | None = None


def compute_network_status(
    pod: Pod, stored: NetworkStatus, now: datetime, *, recovers: bool = False
) -> NetworkStatus:
    """Return the state of a pod's network; empty if it has none, equal if nothing changed.

    ``last_transition_time`` is when it last became other than it should be, or when its plugin
    began to work on it again; from then the patience counts. That it becomes as it should be does
    not move it.

    Args:
        pod: as just written.
        stored: what was told before.
        now: the time that a transition carries.
        recovers: whether its plugin has just given in, after it had refused the pod.
    """
    if not _has_network(pod):
        return NetworkStatus()
    told = read_network_status(pod)
    fresh = replace(
        stored,
        network_type=pod.metadata.annotations[NETWORK_TYPE],
        internal_addresses=told.internal_addresses if told else stored.internal_addresses,
        external_addresses=told.external_addresses if told else stored.external_addresses,
        desired_network_state=_desired_state(pod),
        current_network_state=told.current_network_state if told else NOT_READY,
        create_time=stored.create_time or now,
    )
    starts = recovers or _starts_wait(stored, fresh)
    return replace(fresh, last_transition_time=now) if starts else fresh


def trigger_network(
    pod: Pod, stored: NetworkStatus, now: datetime, patience: NetworkPatience
) -> Pod:
    """Return the pod, touched if its plugin should be called again, else the very same object.

    Args:
        pod: as it is about to be written, or as it is.
        stored: what was told of its network before.
        now: the time that a touched pod carries.
        patience: how often, and for how long.
    """
    meta = pod.metadata
    if not meta.annotations.get(NETWORK_TYPE) or is_native(pod):
        return pod
    if not _is_trigger_due(pod, stored, now, patience):
        return pod
    at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    annotations = {**meta.annotations, NETWORK_TRIGGERED_AT: at}
    return replace(pod, metadata=replace(meta, annotations=annotations))


def wait_for_network(
    pod: Pod, status: NetworkStatus, now: datetime, patience: NetworkPatience
) -> NetworkWait:
    """Return what is left to do about the network of a pod, which is in this state."""
    if _is_as_desired(status):
        return NetworkWait()
    waited = _waited(status, now)
    pause = _pause(waited, patience)
    if waited < patience.total:
        return NetworkWait(look_after=min(patience.total - waited, pause))
    # The text stays the same for as long as this is so.
    spent = _as_go_writes(patience.total)
    message = f"Network wait timeout: waited {spent}, max {spent}"
    return NetworkWait(
        look_after=pause if _may_come_late(pod) else None,
        complaint=Notice(NETWORK_STATE, message, warning=True),
    )


def trouble_of_network(pod: Pod, stored: Sequence[GameServerCondition], refusal: str | None) -> str:
    """Return why a pod cannot have its network; empty if nothing is known against it.

    What its plugin says is known only when a write of the pod was refused, and holds until one is
    not.

    Args:
        pod: as it is.
        stored: conditions of its server.
        refusal: what stood against writing it, empty for nothing; None if it was not written.
    """
    if refusal is not None:
        _, _, why = refusal.partition(_REFUSED)
        return why
    known = next((c.message for c in stored if c.type == NETWORK_NORMAL), "")
    return "" if _is_told_so(pod) or not _has_network(pod) else known


def time_to_ask(pod: Pod, unchanged: int, patience: NetworkPatience) -> timedelta | None:
    """Return when a plugin is asked again though nothing happened; None if all is as it should be.

    Args:
        pod: as its plugin wants it.
        unchanged: how many times in a row the plugin wanted nothing else.
        patience: how often, and for how long.
    """
    return None if _is_told_so(pod) else _pause(unchanged * patience.interval, patience)


def is_disabled(pod: Pod) -> bool:
    """Whether a pod's traffic is to be cut off."""
    return is_true(pod.metadata.labels.get(NETWORK_DISABLED, ""))


def read_network_status(pod: Pod) -> NetworkStatus | None:
    """Return what a plugin noted on the pod, None if nothing or nothing legible."""
    text = pod.metadata.annotations.get(NETWORK_STATUS, "")
    try:
        document = cast("_Json", msgspec.json.decode(text)) if text else None
        return msgspec.convert(_tolerated(document), NetworkStatus) if text else None
    except _ILLEGIBLE:
        return None


def _has_network(pod: Pod) -> bool:
    annotations = pod.metadata.annotations
    if NETWORK_TYPE not in annotations:
        return False
    try:
        conf = annotations.get(NETWORK_CONF, "null")
        msgspec.json.decode(conf, type=list[NetworkConfParam] | None)
    except _ILLEGIBLE:
        return False
    return True


def _tolerated(document: _Json) -> _Json:
    """Return the document as Go reads it: null is as good as absent, no member is required."""
    if document is None:
        return {}
    if isinstance(document, list):
        return [_tolerated(item) for item in document]
    if not isinstance(document, Mapping):
        return document
    return {"ip": "", "name": ""} | {
        key: _tolerated(value) for key, value in document.items() if value is not None
    }


def _is_told_so(pod: Pod) -> bool:
    """Whether the plugin says that the network is as it should be."""
    told = read_network_status(pod)
    return told is not None and told.current_network_state == _desired_state(pod)


def _desired_state(pod: Pod) -> str:
    return NOT_READY if is_disabled(pod) else READY


def _starts_wait(stored: NetworkStatus, fresh: NetworkStatus) -> bool:
    if stored.last_transition_time is None:
        return True
    if stored.desired_network_state != fresh.desired_network_state:
        return True
    return _is_as_desired(stored) and not _is_as_desired(fresh)


def _is_as_desired(status: NetworkStatus) -> bool:
    return status.desired_network_state == status.current_network_state


def _is_trigger_due(
    pod: Pod, stored: NetworkStatus, now: datetime, patience: NetworkPatience
) -> bool:
    last = _instant(pod.metadata.annotations.get(NETWORK_TRIGGERED_AT, ""))
    if last is None:
        return True
    network = compute_network_status(pod, stored, now)
    waited = _waited(network, now)
    if _is_as_desired(network) or (waited >= patience.total and not _may_come_late(pod)):
        return False
    # A time to come is somebody's clock, not a reason to wait for it.
    return not timedelta(0) <= now - last < _pause(waited, patience)


def _may_come_late(pod: Pod) -> bool:
    """Whether there is a plugin that may make the network what it should be after its time."""
    return read_network_status(pod) is not None and not is_disabled(pod)


def _pause(waited: timedelta, patience: NetworkPatience) -> timedelta:
    """Return the time between two looks at a network that has been waited for so long."""
    return patience.interval if waited < patience.total else max(patience.interval, SELDOM)


def _waited(status: NetworkStatus, now: datetime) -> timedelta:
    return now - (status.last_transition_time or now)


def _instant(text: str) -> datetime | None:
    try:
        return msgspec.convert(text, _Instant)
    except msgspec.ValidationError:
        return None


def _as_go_writes(duration: timedelta) -> str:
    """Return e.g. ``1m0s``."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h{minutes}m{seconds}s"
    return re.sub(r"^0h(0m)?", "", text)
