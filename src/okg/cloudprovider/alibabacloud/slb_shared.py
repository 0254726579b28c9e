"""AlibabaCloud-SLB-SharedPort: all servers behind the same ports of classic load balancers."""

from collections.abc import Mapping

from msgspec.structs import replace

from okg.api.service import Service
from okg.cloudprovider.alibabacloud.shared import PORT_PROTOCOLS, Shared
from okg.cloudprovider.balancer import labelled
from okg.cloudprovider.grammar import ids, last, matching
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters

NAME = "AlibabaCloud-SLB-SharedPort"
MOST_PODS = 200
"""Servers that a classic load balancer can have behind it."""

SLB_IDS = Parameter(
    name="SlbIds",
    grammar=last(ids("ids of load balancers")),
    meaning=f"in front of the servers, {MOST_PODS} each",
    required=True,
)
MANAGED_NAMES = Parameter(
    name="ManagedServiceNames",
    grammar=last(ids("names of Services")),
    meaning="Services that reach servers that are updated, too",
)
MANAGED_SELECTOR = Parameter(
    name="ManagedServiceSelector",
    grammar=matching(r"[^=]+=[^=]*", "key=value"),
    meaning="label that puts a server behind those Services",
)


def _managed_label(conf: Conf) -> Mapping[str, str]:
    key, _, value = conf[MANAGED_SELECTOR].partition("=")
    return {key: value} if key else {}


def _dress(_: Conf, service: Service) -> Service:
    return labelled(service, {f"game.kruise.io/{NAME}": "true"})


SLB_SHARED = Shared(
    name=NAME,
    parameters=Parameters(
        SLB_IDS,
        replace(PORT_PROTOCOLS, changeable=False),
        MANAGED_NAMES,
        MANAGED_SELECTOR,
        ALLOW_NOT_READY,
    ),
    balancers=lambda conf: conf[SLB_IDS],
    dress=_dress,
    host=lambda ingress: (ingress.ip, ""),
    managed=lambda conf: conf[MANAGED_NAMES],
    managed_label=_managed_label,
)
"""The network type."""
