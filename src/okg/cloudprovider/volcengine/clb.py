"""Volcengine-CLB: ports of classic load balancers."""

from collections.abc import Sequence

from okg.api.core import Pod
from okg.api.service import Service
from okg.cloudprovider.balancer import (
    Addresses,
    Balancer,
    Entrance,
    Member,
    addresses,
    annotated,
    one_each,
    specified,
)
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import flag
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.service_parameters import (
    FIXED,
    NODE_PORTS,
    annotations,
    balancer_ids,
    go_ports,
    server_ports,
)

PREFIX = "service.beta.kubernetes.io/volcengine-loadbalancer-"
ID = f"{PREFIX}id"
"""Annotation of a Service, and the cloud controller's label: the load balancer it is on."""

CLB_IDS = balancer_ids("ClbIds", "ids of load balancers", distinct=True)
PORT_PROTOCOLS = server_ports("TCP", "UDP")
SCATTER = Parameter(
    name="EnableClbScatter",
    grammar=flag(),
    meaning="whether servers are spread over the load balancers",
)
MULTI_INGRESS = Parameter(
    name="EnableMultiIngress",
    grammar=flag(),
    meaning="whether all addresses of a load balancer are told, else the first",
)
ANNOTATIONS = annotations(ID)
PARAMETERS = Parameters(
    CLB_IDS,
    PORT_PROTOCOLS,
    FIXED,
    NODE_PORTS,
    ANNOTATIONS,
    SCATTER,
    MULTI_INGRESS,
    ALLOW_NOT_READY,
)


def _dress(conf: Conf, member: Member, service: Service) -> Service:
    told = {
        f"{PREFIX}scheduler": "wrr",
        f"{PREFIX}address-type": "PUBLIC",
        ID: member.balancer,
        **conf[ANNOTATIONS],
    }
    dressed = annotated(service, told)
    return specified(dressed, allocate_load_balancer_node_ports=conf[NODE_PORTS])


def _fingerprint(conf: Conf) -> str:
    fields = (
        ("lbIds", "[]string", conf[CLB_IDS]),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("isFixed", "bool", conf[FIXED]),
        ("annotations", "map[string]string", conf[ANNOTATIONS]),
        ("allocateLoadBalancerNodePorts", "bool", conf[NODE_PORTS]),
        ("enableClbScatter", "bool", conf[SCATTER]),
        ("enableMultiIngress", "bool", conf[MULTI_INGRESS]),
    )
    return fingerprint(GoStruct("*volcengine.clbConfig", fields))


def _addresses(conf: Conf, pod: Pod, entrances: Sequence[Entrance]) -> Addresses:
    [entrance] = entrances
    told = entrance.ingress if conf[MULTI_INGRESS] else entrance.ingress[:1]
    return addresses(pod, entrance.service, [(ingress.ip, "") for ingress in told])


CLB = Balancer(
    name="Volcengine-CLB",
    alias="CLB-Network",
    parameters=PARAMETERS,
    id_keys=(ID,),
    groups=one_each(CLB_IDS),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=_fingerprint,
    dress=_dress,
    asked=lambda conf: conf[ANNOTATIONS],
    spread=lambda conf: conf[SCATTER],
    names_protocols=True,
    addresses=_addresses,
)
"""The network type."""
