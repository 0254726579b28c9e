"""AlibabaCloud-NATGW: ports of a NAT gateway."""

from collections.abc import Mapping

from okg.api.game import NetworkAddress, NetworkPort, NetworkStatus
from okg.cloudprovider.alibabacloud.kinds import DnatEntry, PodDnat
from okg.cloudprovider.annotated import Annotations, Inquiry
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import choice, flag, numbers, verbatim
from okg.cloudprovider.parameters import Parameter, Parameters
from okg.workload.network_status import NOT_READY, READY
from okg.workload.ownership import is_of_another

PREFIX = "k8s.aliyun.com/pod-dnat"
EXPOSED = f"{PREFIX}-expose-port"

PORTS = Parameter(
    name="Ports",
    grammar=verbatim(numbers("ports from 1 to 65535 such as 80,8080")),
    meaning="ports of the server",
    required=True,
    changeable=False,
)
PROTOCOL = Parameter(
    name="Protocol",
    grammar=verbatim(choice(("tcp", "udp"), "tcp")),
    meaning="what is spoken",
    changeable=False,
)
FIXED = Parameter(
    name="Fixed",
    grammar=verbatim(flag()),
    meaning="whether address and ports outlive the pod",
    changeable=False,
)


def _ask(inquiry: Inquiry) -> Mapping[str, str]:
    conf = inquiry.conf
    optional = {f"{PREFIX}-expose-protocol": conf[PROTOCOL], f"{PREFIX}-fixed": conf[FIXED]}
    given = {key: value for key, value in optional.items() if value}
    return {PREFIX: "true", EXPOSED: conf[PORTS], **given}


def _answer(inquiry: Inquiry) -> NetworkStatus | None:
    meta = inquiry.pod.metadata
    found = inquiry.client.get(PodDnat, meta.namespace, meta.name)
    entries = found.status.entries if found else None
    if found is None or entries is None or is_of_another(found, inquiry.pod):
        return None
    wanted = sum(1 for port in meta.annotations.get(EXPOSED, "").split(",") if port)
    is_whole = 0 < wanted == len(entries)
    return NetworkStatus(
        internal_addresses=tuple(_address(e.internal_ip, e.internal_port, e) for e in entries),
        external_addresses=tuple(_address(e.external_ip, e.external_port, e) for e in entries),
        current_network_state=READY if is_whole else NOT_READY,
    )


def _address(ip: str, port: str, entry: DnatEntry) -> NetworkAddress:
    protocol = entry.ip_protocol.upper()
    told = NetworkPort(name=entry.internal_port, protocol=protocol, port=port)
    return NetworkAddress(ip=ip, ports=(told,))


NATGW = Annotations(
    name="AlibabaCloud-NATGW",
    alias="NATGW-Network",
    parameters=Parameters(PORTS, PROTOCOL, FIXED),
    ask=_ask,
    answer=_answer,
    features=Features(reach="a gateway", keeps=FIXED.name),
    reads=(PodDnat,),
)
"""The network type."""
