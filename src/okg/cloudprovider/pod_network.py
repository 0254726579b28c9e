"""PodNetwork: what a pod says of its network, and what is told about it on the pod."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import NetworkAddress, NetworkConfParam, NetworkStatus
from okg.api.meta import Value
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.workload.go_json import encode_as_go
from okg.workload.names import NETWORK_CONF, NETWORK_STATUS
from okg.workload.network_status import NOT_READY, READY, is_disabled, read_network_status

WAITING = "Waiting"


class PodNetwork(msgspec.Struct, frozen=True):
    """What a pod says of its network.

    Attributes:
        entries: its configuration.
        disabled: whether its traffic is to be cut off.
        status: what was told of it last; None if nothing, or nothing legible.
    """

    entries: Sequence[NetworkConfParam]
    disabled: bool
    status: NetworkStatus | None


class _Wire(Value, frozen=True, kw_only=True):
    """A status as the Go manager writes it: the times are never left out."""

    network_type: str = ""
    internal_addresses: tuple[NetworkAddress, ...] = ()
    external_addresses: tuple[NetworkAddress, ...] = ()
    desired_network_state: str = ""
    current_network_state: str = ""
    create_time: datetime | None
    last_transition_time: datetime | None


def read_pod_network(pod: Pod) -> PodNetwork:
    """Return what a pod says of its network.

    Raises:
        PluginError: the configuration is no list of names and values.
    """
    text = pod.metadata.annotations.get(NETWORK_CONF, "null")
    try:
        entries = msgspec.json.decode(text, type=tuple[NetworkConfParam, ...] | None) or ()
    except (msgspec.MsgspecError, RecursionError) as error:
        why = f"annotation {NETWORK_CONF} is no list of names and values: {error}"
        raise PluginError(PluginErrorType.PARAMETER, why) from error
    return PodNetwork(entries, is_disabled(pod), read_network_status(pod))


def told(pod: Pod, status: NetworkStatus) -> Pod:
    """Return the pod with a status noted; the very same object if it says so already."""
    text = encode_as_go(_wire(status))
    if pod.metadata.annotations.get(NETWORK_STATUS) == text:
        return pod
    annotations = {**pod.metadata.annotations, NETWORK_STATUS: text}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


def told_state(pod: Pod, network: PodNetwork, state: str = NOT_READY) -> Pod:
    """Return the pod with a state noted; the addresses stay."""
    return told(pod, replace(network.status or NetworkStatus(), current_network_state=state))


def told_ready(
    pod: Pod, internal: Iterable[NetworkAddress], external: Iterable[NetworkAddress]
) -> Pod:
    """Return the pod with a network that is Ready at these addresses."""
    status = NetworkStatus(
        internal_addresses=tuple(internal),
        external_addresses=tuple(external),
        current_network_state=READY,
    )
    return told(pod, status)


def _wire(status: NetworkStatus) -> _Wire:
    return _Wire(**{field: getattr(status, field) for field in status.__struct_fields__})
