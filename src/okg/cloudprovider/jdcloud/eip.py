"""JdCloud-EIP: a public address of its own for each pod."""

from collections.abc import Mapping

from okg.api.game import NetworkAddress, NetworkStatus
from okg.cloudprovider.annotated import Annotations, Inquiry
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import choice, flag, integer, verbatim
from okg.cloudprovider.parameters import Parameter, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.workload.network_status import READY

PREFIX = "jdos.jd.com/"
ENABLED = f"{PREFIX}eip.enable"

BANDWIDTH = Parameter(
    name="Bandwidth",
    grammar=verbatim(integer(range(1, 1 << 31), 0)),
    meaning="bandwidth in Mbit/s",
    changeable=False,
)
CHARGE_TYPE = Parameter(
    name="ChargeType",
    grammar=verbatim(choice(("postpaid_by_usage", "postpaid_by_duration"), "")),
    meaning="how it is paid for",
    changeable=False,
)
FIXED = Parameter(
    name="Fixed",
    grammar=verbatim(flag()),
    meaning="whether the address outlives the pod",
    changeable=False,
)
_WRITTEN: Mapping[str, Parameter[str]] = {
    f"{PREFIX}eip.bandwith": BANDWIDTH,  # so it is spelled there
    f"{PREFIX}eip.chargeMode": CHARGE_TYPE,
    f"{PREFIX}eip.static": FIXED,
}


def _ask(inquiry: Inquiry) -> Mapping[str, str]:
    conf = inquiry.conf
    given = {key: conf[parameter] for key, parameter in _WRITTEN.items() if conf.given(parameter)}
    return {ENABLED: "true", f"{PREFIX}eip-name": inquiry.pod.key, **given}


def _answer(inquiry: Inquiry) -> NetworkStatus | None:
    annotations = inquiry.pod.metadata.annotations
    if annotations.get(ENABLED) != "true":
        why = f"annotation {ENABLED} of the pod is not true; set it, or delete the pod"
        raise PluginError(PluginErrorType.INTERNAL, why)
    address = annotations.get(f"{PREFIX}eip.ip")
    if address is None or f"{PREFIX}eip.id" not in annotations:
        return None
    return NetworkStatus(
        internal_addresses=(NetworkAddress(ip=inquiry.pod.status.pod_ip),),
        external_addresses=(NetworkAddress(ip=address),),
        current_network_state=READY,
    )


EIP = Annotations(
    name="JdCloud-EIP",
    alias="EIP-Network",
    parameters=Parameters(BANDWIDTH, CHARGE_TYPE, FIXED),
    ask=_ask,
    answer=_answer,
    features=Features(reach="an address of its own", keeps=FIXED.name),
)
"""The network type."""
