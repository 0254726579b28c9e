"""HwCloud-CCE-EIP: a public address of its own for each pod of Huawei's container engine."""

from collections.abc import Mapping

from msgspec.structs import replace

from okg.api.game import NetworkStatus
from okg.cloudprovider.annotated import Annotations, Inquiry
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import text
from okg.cloudprovider.parameters import Parameter, Parameters
from okg.workload.network_status import READY

PREFIX = "yangtse.io/"

_MEANINGS = {
    "pod-with-eip": "whether an address is made",
    "eip-bandwidth-size": "bandwidth in Mbit/s",
    "eip-network-type": "kind of address, e.g. 5_bgp",
    "eip-charge-mode": "how it is paid for",
    "eip-bandwidth-name": "name of the bandwidth",
    "eip-bandwidth-id": "a bandwidth that is there already",
    "eip-id": "an address that is there already",
    "security-group-ids": "security groups of the pod",
    "additional-security-group-ids": "more of them",
}
COPIED = tuple(
    Parameter(name=PREFIX + name, grammar=text("any text"), meaning=meaning, changeable=False)
    for name, meaning in _MEANINGS.items()
)
"""Parameters that become annotations of the same name."""


def _ask(inquiry: Inquiry) -> Mapping[str, str]:
    conf = inquiry.conf
    return {parameter.name: conf[parameter] for parameter in COPIED if conf.given(parameter)}


def _answer(inquiry: Inquiry) -> NetworkStatus | None:
    """Return Ready at once: where the address is told, nobody has promised."""
    return replace(inquiry.network.status or NetworkStatus(), current_network_state=READY)


CCE_EIP = Annotations(
    name="HwCloud-CCE-EIP",
    alias="CCE-EIP-Network",
    parameters=Parameters(*COPIED),
    ask=_ask,
    answer=_answer,
    features=Features(reach="an address of its own", keeps=f"{PREFIX}eip-id"),
)
"""The network type."""
