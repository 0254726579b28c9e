"""AlibabaCloud-NLB: ports of network load balancers."""

from collections.abc import Sequence

from okg.api.core import Pod
from okg.api.service import Service
from okg.cloudprovider.alibabacloud import health
from okg.cloudprovider.alibabacloud.health import PREFIX
from okg.cloudprovider.alibabacloud.marks import ID_KEYS, NLB_CLASS, NO_PROXY, placed
from okg.cloudprovider.balancer import (
    Addresses,
    Balancer,
    Entrance,
    Member,
    addresses,
    annotated,
    labelled,
    one_each,
    specified,
)
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import choice
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.service_parameters import FIXED, balancer_ids, go_ports, server_ports

NLB_IDS = balancer_ids("NlbIds", "ids of network load balancers")
PORT_PROTOCOLS = server_ports("TCP", "UDP")
FLAG = Parameter(
    name="LBHealthCheckFlag",
    grammar=choice(("on", "off"), "on"),
    meaning="whether servers are probed",
    strict=True,
)
HEALTH = (FLAG, health.CONNECT_PORT, *health.PARAMETERS)
PARAMETERS = Parameters(NLB_IDS, PORT_PROTOCOLS, FIXED, ALLOW_NOT_READY, *HEALTH)

HEALTH_KEYS = health.KEYS | {f"{PREFIX}health-check-connect-port"}
"""Annotations of Services whose servers are probed."""


def health_annotations(conf: Conf) -> dict[str, str]:
    """Return what the cloud controller is told of the checks of a network load balancer."""
    told = {f"{PREFIX}health-check-flag": conf[FLAG]}
    if conf[FLAG] == "on":
        told[f"{PREFIX}health-check-connect-port"] = conf[health.CONNECT_PORT]
        told |= health.annotations(conf)
    return told


def health_struct(conf: Conf) -> GoStruct:
    """Return the part of a fingerprint that is about them."""
    fields = (
        ("lBHealthCheckFlag", "string", conf[FLAG]),
        ("lBHealthCheckType", "string", conf[health.TYPE]),
        ("lBHealthCheckConnectPort", "string", conf[health.CONNECT_PORT]),
        *health.details(conf),
    )
    return GoStruct("*alibabacloud.nlbHealthConfig", fields)


def dress(conf: Conf, member: Member, service: Service) -> Service:
    """Return the Service as the cloud controller wants it."""
    told = placed(member.balancer) | health_annotations(conf)
    marked = annotated(labelled(service, NO_PROXY), told)
    return specified(marked, load_balancer_class=NLB_CLASS, external_traffic_policy="Local")


def by_name_and_number(_: Conf, pod: Pod, entrances: Sequence[Entrance]) -> Addresses:
    """Return addresses by the name that the cloud gives, and by its number."""
    first = entrances[0].ingress[0]
    return addresses(pod, entrances[0].service, [(first.ip, first.hostname)])


def _fingerprint(conf: Conf) -> str:
    fields = (
        ("lbIds", "[]string", conf[NLB_IDS]),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("isFixed", "bool", conf[FIXED]),
        ("nlbHealthConfig", "", health_struct(conf)),
    )
    return fingerprint(GoStruct("*alibabacloud.nlbConfig", fields))


NLB = Balancer(
    name="AlibabaCloud-NLB",
    alias="NLB-Network",
    parameters=PARAMETERS,
    id_keys=ID_KEYS,
    groups=one_each(NLB_IDS),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=_fingerprint,
    dress=dress,
    optional=HEALTH_KEYS,
    addresses=by_name_and_number,
)
"""The network type."""
