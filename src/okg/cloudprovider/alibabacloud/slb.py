"""AlibabaCloud-SLB: ports of classic load balancers."""

from okg.api.service import Service
from okg.cloudprovider.alibabacloud import health
from okg.cloudprovider.alibabacloud.health import PREFIX
from okg.cloudprovider.alibabacloud.marks import ID_KEYS, NO_PROXY, placed
from okg.cloudprovider.balancer import Balancer, Member, annotated, labelled, one_each, specified
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import choice, matching
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.service_parameters import (
    FIXED,
    balancer_ids,
    go_ports,
    server_ports,
    traffic_policy,
)

SLB_IDS = balancer_ids("SlbIds", "ids of load balancers")
PORT_PROTOCOLS = server_ports("TCP", "UDP", "TCPUDP")
POLICY = traffic_policy("Cluster", changeable=False)
SWITCH = Parameter(
    name="LBHealthCheckSwitch",
    grammar=choice(("on", "off"), "on"),
    meaning="whether servers are probed",
    strict=True,
)
FLAG = Parameter(
    name="LBHealthCheckFlag",
    grammar=choice(("on", "off"), "off"),
    meaning="whether TCP and UDP listeners probe",
    strict=True,
)
PROTOCOL_PORT = Parameter(
    name="LBHealthCheckProtocolPort",
    grammar=matching(
        r"https?:[0-9]{1,5}(,https?:[0-9]{1,5})*", "http:PORT or https:PORT, separated by commas"
    ),
    meaning="listeners that speak HTTP",
    strict=True,
)
PARAMETERS = Parameters(
    SLB_IDS,
    PORT_PROTOCOLS,
    FIXED,
    POLICY,
    ALLOW_NOT_READY,
    SWITCH,
    FLAG,
    PROTOCOL_PORT,
    *health.PARAMETERS,
)

_PROTOCOL_PORT_KEY = f"{PREFIX}protocol-port"


def _dress(conf: Conf, member: Member, service: Service) -> Service:
    told = placed(member.balancer) | {
        f"{PREFIX}health-check-flag": conf[FLAG],
        f"{PREFIX}health-check-switch": conf[SWITCH],
    }
    if conf[SWITCH] == "on":
        told |= health.annotations(conf)
        if conf[health.TYPE] == "http":
            told[_PROTOCOL_PORT_KEY] = conf[PROTOCOL_PORT]
    marked = annotated(labelled(service, NO_PROXY), told)
    return specified(marked, external_traffic_policy=conf[POLICY])


def _fingerprint(conf: Conf) -> str:
    fields = (
        ("lbIds", "[]string", conf[SLB_IDS]),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("isFixed", "bool", conf[FIXED]),
        ("externalTrafficPolicyType", "v1.ServiceExternalTrafficPolicy", conf[POLICY]),
        ("lBHealthCheckSwitch", "string", conf[SWITCH]),
        ("lBHealthCheckProtocolPort", "string", conf[PROTOCOL_PORT]),
        ("lBHealthCheckFlag", "string", conf[FLAG]),
        ("lBHealthCheckType", "string", conf[health.TYPE]),
        *health.details(conf),
    )
    return fingerprint(GoStruct("*alibabacloud.slbConfig", fields))


SLB = Balancer(
    name="AlibabaCloud-SLB",
    alias="LB-Network",
    parameters=PARAMETERS,
    id_keys=ID_KEYS,
    groups=one_each(SLB_IDS),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=_fingerprint,
    dress=_dress,
    optional=health.KEYS | {_PROTOCOL_PORT_KEY},
    speaks_both=True,
    names_protocols=True,
)
"""The network type."""
