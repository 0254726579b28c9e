"""TencentCloud-CLB: ports of load balancers, given out by Tencent's own controller."""

from collections.abc import Mapping

import msgspec

from okg.api.game import NetworkAddress, NetworkPort, NetworkStatus
from okg.cloudprovider.annotated import Annotations, Inquiry
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import Malformed, parse_int, text
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.service_parameters import server_ports
from okg.workload.names import OWNER_GSS
from okg.workload.network_status import READY

PREFIX = "networking.cloud.tencent.com/"
RESULT = f"{PREFIX}clb-port-mapping-result"

CLB_IDS = Parameter(
    name="ClbIds",
    grammar=text("anything"),
    meaning="without effect: Tencent's controller has pools of its own",
)
PORT_PROTOCOLS = server_ports("TCP", "UDP")


class _Mapped(msgspec.Struct, frozen=True):
    """One port as Tencent's controller notes it on the pod."""

    port: int = 0
    protocol: str = ""
    address: str = ""


def _rules(conf: Conf) -> tuple[str, ...]:
    return () if conf[PORT_PROTOCOLS] else ("missing PortProtocols config",)


def _ask(inquiry: Inquiry) -> Mapping[str, str]:
    meta = inquiry.pod.metadata
    pool = f"{meta.namespace}-{meta.labels.get(OWNER_GSS, '')}"
    lines = (f"{it.port} {it.protocol} {pool}\n" for it in inquiry.conf[PORT_PROTOCOLS])
    enabled = "false" if inquiry.network.disabled else "true"
    return {
        f"{PREFIX}clb-port-mapping": "".join(lines),
        f"{PREFIX}enable-clb-port-mapping": enabled,
    }


def _answer(inquiry: Inquiry) -> NetworkStatus | None:
    annotations = inquiry.pod.metadata.annotations
    text = annotations.get(RESULT, "")
    is_mapped = annotations.get(f"{PREFIX}clb-port-mapping-status") == READY
    if not is_mapped or not text or inquiry.network.disabled:
        return None
    try:
        mapped = msgspec.json.decode(text, type=tuple[_Mapped, ...])
    except msgspec.MsgspecError as error:
        why = f"annotation {RESULT} cannot be read: {error}"
        raise PluginError(PluginErrorType.INTERNAL, why) from error
    found = [(it, place) for it in mapped if (place := _place(it.address)) is not None]
    if not found:
        return None
    pod_ip = inquiry.pod.status.pod_ip
    return NetworkStatus(
        internal_addresses=tuple(_address(pod_ip, it.port, it) for it, _ in found),
        external_addresses=tuple(_address(ip, port, it) for it, (ip, port) in found),
        current_network_state=READY,
    )


def _place(address: str) -> tuple[str, int] | None:
    """Return address and port of ``ip:port``, None if it is not that."""
    ip, _, port = address.partition(":")
    try:
        return ip, parse_int(port)
    except Malformed:
        return None


def _address(ip: str, port: int, mapped: _Mapped) -> NetworkAddress:
    told = NetworkPort(name=str(mapped.port), protocol=mapped.protocol, port=port)
    return NetworkAddress(ip=ip, ports=(told,))


CLB = Annotations(
    name="TencentCloud-CLB",
    alias="CLB-Network",
    parameters=Parameters(CLB_IDS, PORT_PROTOCOLS, rules=_rules),
    ask=_ask,
    answer=_answer,
    features=Features(reach="a load balancer", cut_off="annotation of the pod"),
    asks_again=True,
)
"""The network type."""
