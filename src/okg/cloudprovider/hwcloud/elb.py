"""HwCloud-ELB: ports of elastic load balancers."""

from collections.abc import Mapping

from okg.api.service import Service
from okg.cloudprovider.balancer import Balancer, Member, annotated, one_each, specified
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import choice, flag, integer, json_text
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.service_parameters import (
    FIXED,
    balancer_ids,
    go_ports,
    server_ports,
    traffic_policy,
)

PREFIX = "kubernetes.io/elb."
ID = f"{PREFIX}id"
"""Annotation of a Service: the load balancer it is on."""

UNSET = -1
"""A number that is not given."""

ELB_IDS = balancer_ids("ElbIds", "ids of load balancers")
PORT_PROTOCOLS = server_ports("TCP", "UDP", "TCPUDP")
POLICY = traffic_policy("Cluster", changeable=True)
PUBLISH = Parameter(
    name="PublishNotReadyAddresses",
    grammar=flag(),
    meaning="whether servers that are not ready are reached, too",
)
CLASS = Parameter(
    name="ElbClass",
    grammar=choice(("dedicated", "shared"), "dedicated"),
    meaning="kind of the load balancers",
)
CONNECTIONS = Parameter(
    name="ElbConnLimit",
    grammar=integer(range(-1, 1 << 31), UNSET),
    meaning="most connections of a listener of a shared load balancer; -1 for no limit",
)
ALGORITHM = Parameter(
    name="ElbLbAlgorithm",
    grammar=choice(("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"), "ROUND_ROBIN"),
    meaning="how connections are shared out",
)
AFFINITY = Parameter(
    name="ElbSessionAffinityFlag",
    grammar=choice(("on", "off"), "off"),
    meaning="whether a client stays with its server",
)
AFFINITY_OPTION = Parameter(
    name="ElbSessionAffinityOption",
    grammar=json_text(),
    meaning="how it stays",
    strict=True,
)
TRANSPARENT = Parameter(
    name="ElbTransparentClientIP",
    grammar=flag(),
    meaning="whether servers see the client's address",
)
FORWARDED_HOST = Parameter(
    name="ElbXForwardedHost",
    grammar=flag(),
    meaning="whether the host of a request is passed on in X-Forwarded-Host",
)
IDLE = Parameter(
    name="ElbIdleTimeout",
    grammar=integer(range(4001), UNSET),
    meaning="seconds after which an idle connection is closed",
)
REQUEST = Parameter(
    name="ElbRequestTimeout",
    grammar=integer(range(1, 301), UNSET),
    meaning="seconds that a client has for its request",
)
RESPONSE = Parameter(
    name="ElbResponseTimeout",
    grammar=integer(range(1, 301), UNSET),
    meaning="seconds that a server has for its answer",
)
HEALTH = Parameter(
    name="LBHealthCheckFlag",
    grammar=choice(("on", "off"), "on"),
    meaning="whether servers are probed",
    strict=True,
)
HEALTH_OPTION = Parameter(
    name="LBHealthCheckOption",
    grammar=json_text(),
    meaning="how they are probed",
    strict=True,
)
PARAMETERS = Parameters(
    ELB_IDS,
    PORT_PROTOCOLS,
    FIXED,
    POLICY,
    PUBLISH,
    CLASS,
    CONNECTIONS,
    ALGORITHM,
    AFFINITY,
    AFFINITY_OPTION,
    TRANSPARENT,
    FORWARDED_HOST,
    IDLE,
    REQUEST,
    RESPONSE,
    HEALTH,
    HEALTH_OPTION,
    ALLOW_NOT_READY,
)
_TIMEOUTS: Mapping[str, Parameter[int]] = {
    f"{PREFIX}idle-timeout": IDLE,
    f"{PREFIX}request-timeout": REQUEST,
    f"{PREFIX}response-timeout": RESPONSE,
}

_LIMIT, _HEALTH_OPTION = f"{PREFIX}connection-limit", f"{PREFIX}health-check-option"


def _dress(conf: Conf, member: Member, service: Service) -> Service:
    told = {
        ID: member.balancer,
        f"{PREFIX}class": conf[CLASS],
        f"{PREFIX}lb-algorithm": conf[ALGORITHM],
        f"{PREFIX}session-affinity-flag": conf[AFFINITY],
        f"{PREFIX}session-affinity-option": conf[AFFINITY_OPTION],
        f"{PREFIX}enable-transparent-client-ip": _written(conf[TRANSPARENT]),
        f"{PREFIX}x-forwarded-host": _written(conf[FORWARDED_HOST]),
        f"{PREFIX}health-check-flag": conf[HEALTH],
    }
    told |= {key: str(conf[it]) for key, it in _TIMEOUTS.items() if conf[it] != UNSET}
    if conf[CLASS] == "shared":
        told[_LIMIT] = str(conf[CONNECTIONS])
    if conf[HEALTH] == "on":
        told[_HEALTH_OPTION] = conf[HEALTH_OPTION]
    return specified(
        annotated(service, told),
        external_traffic_policy=conf[POLICY],
        publish_not_ready_addresses=conf[PUBLISH],
    )


def _fingerprint(conf: Conf) -> str:
    fields = (
        ("lbIds", "[]string", conf[ELB_IDS]),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("isFixed", "bool", conf[FIXED]),
        ("elbClass", "string", conf[CLASS]),
        ("elbConnLimit", "int32", conf[CONNECTIONS]),
        ("elbLbAlgorithm", "string", conf[ALGORITHM]),
        ("elbSessionAffinityFlag", "string", conf[AFFINITY]),
        ("elbSessionAffinityOption", "string", conf[AFFINITY_OPTION]),
        ("elbTransparentClientIP", "bool", conf[TRANSPARENT]),
        ("elbXForwardedHost", "bool", conf[FORWARDED_HOST]),
        ("elbIdleTimeout", "int32", conf[IDLE]),
        ("elbRequestTimeout", "int32", conf[REQUEST]),
        ("elbResponseTimeout", "int32", conf[RESPONSE]),
        ("externalTrafficPolicyType", "v1.ServiceExternalTrafficPolicy", conf[POLICY]),
        ("publishNotReadyAddresses", "bool", conf[PUBLISH]),
        ("lBHealthCheckSwitch", "string", conf[HEALTH]),
        ("lBHealtchCheckOption", "string", conf[HEALTH_OPTION]),  # so it is spelled there
    )
    return fingerprint(GoStruct("*hwcloud.elbConfig", fields))


def _written(value: bool) -> str:  # noqa: FBT001 - the value is all there is
    return str(value).lower()


ELB = Balancer(
    name="HwCloud-ELB",
    alias="ELB-Network",
    parameters=PARAMETERS,
    id_keys=(ID,),
    groups=one_each(ELB_IDS),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=_fingerprint,
    dress=_dress,
    optional=frozenset({*_TIMEOUTS, _LIMIT, _HEALTH_OPTION}),
    speaks_both=True,
    names_protocols=True,
)
"""The network type."""
