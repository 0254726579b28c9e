"""JdCloud-NLB: ports of network load balancers."""

import msgspec

from okg.api.service import Service
from okg.cloudprovider.balancer import Balancer, Member, annotated, one_each, specified
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import choice, integer, verbatim
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
from okg.workload.go_json import encode_as_go

PREFIX = "service.beta.kubernetes.io/jdcloud-"
ID = f"{PREFIX}loadbalancer-id"
"""Annotation of a Service, and the cloud controller's label: the load balancer it is on."""

NLB_IDS = balancer_ids("NlbIds", "ids of network load balancers")
PORT_PROTOCOLS = server_ports("TCP", "UDP")
ALGORITHM = Parameter(
    name=f"{PREFIX}lb-algorithm",
    grammar=verbatim(choice(("RoundRobin", "LeastConn", "IpHash"), ""), default="RoundRobin"),
    meaning="how connections are shared out",
)
IDLE = Parameter(
    name=f"{PREFIX}lb-idle-time",
    grammar=integer(range(1 << 31), 600),
    meaning="seconds after which an idle connection is closed",
)
ANNOTATIONS = annotations(ID)
PARAMETERS = Parameters(
    NLB_IDS, PORT_PROTOCOLS, FIXED, NODE_PORTS, ANNOTATIONS, ALGORITHM, IDLE, ALLOW_NOT_READY
)


class _Backend(msgspec.Struct, frozen=True, rename="camel"):
    proxy_protocol: bool
    algorithm: str


class _Listener(msgspec.Struct, frozen=True, rename="camel"):
    protocol: str
    connection_idle_time_seconds: int
    backend: _Backend


class _Specification(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the cloud controller reads, in the order in which the Go manager writes it."""

    version: str = "v1"
    load_balancer_id: str
    load_balancer_type: str = "nlb"
    internal: bool = False
    listeners: list[_Listener]


def _dress(conf: Conf, member: Member, service: Service) -> Service:
    backend = _Backend(proxy_protocol=False, algorithm=conf[ALGORITHM])
    protocols = [port.protocol.upper() for port in service.spec.ports]
    specification = _Specification(
        load_balancer_id=member.balancer,
        listeners=[_Listener(protocol, conf[IDLE], backend) for protocol in protocols],
    )
    told = {
        ID: member.balancer,
        f"{PREFIX}load-balancer-spec": encode_as_go(specification),
        **conf[ANNOTATIONS],
    }
    dressed = annotated(service, told)
    return specified(dressed, allocate_load_balancer_node_ports=conf[NODE_PORTS])


def _fingerprint(conf: Conf) -> str:
    fields = (
        ("lbIds", "[]string", conf[NLB_IDS]),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("isFixed", "bool", conf[FIXED]),
        ("annotations", "map[string]string", conf[ANNOTATIONS]),
        ("allocateLoadBalancerNodePorts", "bool", conf[NODE_PORTS]),
        ("algorithm", "string", conf[ALGORITHM]),
        ("connIdleTimeSeconds", "int", conf[IDLE]),
    )
    return fingerprint(GoStruct("*jdcloud.nlbConfig", fields))


NLB = Balancer(
    name="JdCloud-NLB",
    alias="NLB-Network",
    parameters=PARAMETERS,
    id_keys=(ID,),
    groups=one_each(NLB_IDS),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=_fingerprint,
    dress=_dress,
    asked=lambda conf: conf[ANNOTATIONS],
)
"""The network type."""
