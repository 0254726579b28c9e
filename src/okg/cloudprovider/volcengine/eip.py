"""Volcengine-EIP: a public address of its own for each pod."""

from collections.abc import Mapping

import msgspec

from okg.api.game import NetworkAddress, NetworkStatus
from okg.cloudprovider.annotated import Annotations, Inquiry
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import integer, text
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.workload.go_json import encode_as_go
from okg.workload.network_status import READY

PREFIX = "vke.volcengine.com/"
ALLOCATED = f"{PREFIX}allocated-eips"

EXISTING = Parameter(
    name=f"{PREFIX}primary-eip-id",
    grammar=text("the id of an address"),
    meaning="an address that is there already; nothing else is written then",
    changeable=False,
)
BANDWIDTH = Parameter(
    name="bandwidth",
    grammar=integer(range(1, 1 << 63), 0),
    meaning="bandwidth in Mbit/s",
    strict=True,
    refusal=PluginErrorType.INTERNAL,
    changeable=False,
)
BILLING = Parameter(
    name="billingType",
    grammar=integer(range(1 << 63), 0),
    meaning="2 by bandwidth, 3 by traffic",
    strict=True,
    refusal=PluginErrorType.INTERNAL,
    changeable=False,
)
NUMBERS = (BANDWIDTH, BILLING)
DESCRIPTION = "Created by the OKG Volcengine EIP plugin. Do not delete or modify."


class _Eip(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """One address as the cloud notes it on the pod; the private one under either of two names."""

    eip_address: str | None = None
    eni_ip: str | None = None
    misspelled: str | None = msgspec.field(default=None, name="niIp")


def _ask(inquiry: Inquiry) -> Mapping[str, str]:
    conf = inquiry.conf
    if conf[EXISTING]:
        return {EXISTING.name: conf[EXISTING]}
    return {
        f"{PREFIX}primary-eip-allocate": '{"type": "Elastic"}',
        f"{PREFIX}primary-eip-attributes": encode_as_go(_attributes(conf)),
    }


def _attributes(conf: Conf) -> Mapping[str, object]:
    given = {parameter.name: conf[parameter] for parameter in NUMBERS if conf.given(parameter)}
    return {**given, **conf.others()} or {"description": DESCRIPTION}


def _answer(inquiry: Inquiry) -> NetworkStatus | None:
    text = inquiry.pod.metadata.annotations.get(ALLOCATED)
    if text is None:
        return None
    try:
        noted = msgspec.json.decode(text, type=tuple[_Eip | None, ...] | None)
    except msgspec.MsgspecError as error:
        why = f"annotation {ALLOCATED} cannot be read: {error}"
        raise PluginError(PluginErrorType.PARAMETER, why) from error
    found = tuple(eip for eip in noted or () if eip is not None)
    if not found:
        return None
    return NetworkStatus(
        internal_addresses=tuple(NetworkAddress(ip=e.misspelled or e.eni_ip or "") for e in found),
        external_addresses=tuple(NetworkAddress(ip=e.eip_address or "") for e in found),
        current_network_state=READY,
    )


EIP = Annotations(
    name="Volcengine-EIP",
    alias="EIP-Network",
    parameters=Parameters(EXISTING, *NUMBERS, takes_others=True),
    ask=_ask,
    answer=_answer,
    features=Features(reach="an address of its own", keeps=EXISTING.name),
)
"""The network type."""
