"""AlibabaCloud-EIP: a public address of its own for each pod."""

from collections.abc import Mapping

from okg.api.game import NetworkAddress, NetworkStatus
from okg.cloudprovider.alibabacloud.kinds import PodEip
from okg.cloudprovider.annotated import Annotations, Inquiry
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import choice, integer, matching, text, verbatim
from okg.cloudprovider.parameters import Parameter, Parameters
from okg.workload.network_status import READY
from okg.workload.ownership import is_of_another

PREFIX = "k8s.aliyun.com/"

RELEASE = Parameter(
    name="ReleaseStrategy",
    grammar=verbatim(
        matching(
            r"Follow|Never|([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+",
            "Follow, Never or a duration such as 5m30s",
        )
    ),
    meaning="when the address is given back; Never keeps it for the next pod",
    changeable=False,
)
WRITTEN: Mapping[str, Parameter[str]] = {
    f"{PREFIX}pod-eip-release-strategy": RELEASE,
    f"{PREFIX}eip-public-ip-address-pool-id": Parameter(
        name="PoolId",
        grammar=text("the id of a pool"),
        meaning="pool of addresses",
        changeable=False,
    ),
    f"{PREFIX}eip-resource-group-id": Parameter(
        name="ResourceGroupId",
        grammar=text("the id of a group"),
        meaning="resource group",
        changeable=False,
    ),
    f"{PREFIX}eip-bandwidth": Parameter(
        name="Bandwidth",
        grammar=verbatim(integer(range(1, 1 << 31), 5)),
        meaning="bandwidth in Mbit/s",
        changeable=False,
    ),
    f"{PREFIX}eip-common-bandwidth-package-id": Parameter(
        name="BandwidthPackageId",
        grammar=text("the id of a package"),
        meaning="bandwidth package",
        changeable=False,
    ),
    f"{PREFIX}eip-internet-charge-type": Parameter(
        name="ChargeType",
        grammar=verbatim(choice(("PayByTraffic", "PayByBandwidth"), "PayByTraffic")),
        meaning="how it is paid for",
        changeable=False,
    ),
    f"{PREFIX}eip-description": Parameter(
        name="Description",
        grammar=text("any text"),
        meaning="description of the address",
        changeable=False,
    ),
}
"""Parameters by the annotation that they become."""


def _ask(inquiry: Inquiry) -> Mapping[str, str]:
    conf = inquiry.conf
    given = {key: conf[parameter] for key, parameter in WRITTEN.items() if conf.given(parameter)}
    named = {f"{PREFIX}pod-with-eip": "true", f"{PREFIX}eip-name": inquiry.pod.key}
    return {**named, **given}


def _answer(inquiry: Inquiry) -> NetworkStatus | None:
    meta = inquiry.pod.metadata
    found = inquiry.client.get(PodEip, meta.namespace, meta.name)
    if found is None or not found.status.eip_address or is_of_another(found, inquiry.pod):
        return None
    return NetworkStatus(
        internal_addresses=(NetworkAddress(ip=found.status.private_ip_address),),
        external_addresses=(NetworkAddress(ip=found.status.eip_address),),
        current_network_state=READY,
    )


EIP = Annotations(
    name="AlibabaCloud-EIP",
    alias="EIP-Network",
    parameters=Parameters(*WRITTEN.values()),
    ask=_ask,
    answer=_answer,
    features=Features(reach="an address of its own", keeps=f"{RELEASE.name}=Never"),
    reads=(PodEip,),
)
"""The network type."""
