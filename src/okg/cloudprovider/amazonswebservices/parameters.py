"""What AmazonWebServices-NLB can be told."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import msgspec

from okg.api.elbv2 import HealthCheck
from okg.cloudprovider.fingerprint import Fields, GoStruct, Pointed, fingerprint
from okg.cloudprovider.grammar import (
    Grammar,
    Malformed,
    Reading,
    Texts,
    ids,
    items,
    parse_bool,
    parse_int,
    text,
)
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.service_parameters import FIXED, annotations, server_ports

PREFIX = "service.beta.kubernetes.io/aws-load-balancer-nlb-"
ARN = f"{PREFIX}arn"
"""Annotation of Services and target groups: the load balancer they are on."""

Setting: TypeAlias = "tuple[str, bool | int | str]"
"""Name and value of one setting of a health check."""

_ARN = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]+:loadbalancer/net/[^:/]+/[^:/]+"
)


def _arns() -> Grammar[tuple[str, ...]]:
    named = ids("ARNs of network load balancers, arn:aws:elasticloadbalancing:…:loadbalancer/net/…")

    def read(texts: Texts) -> Reading[tuple[str, ...]]:
        found = named.read(texts).value
        return Reading(found, tuple(arn for arn in found if not _ARN.fullmatch(arn)))

    return Grammar(named.description, (), read)


def _within(allowed: range, value: object) -> bool:
    return value in allowed


_KINDS: Mapping[str, str] = {
    "healthCheckEnabled": "*bool",
    "healthCheckIntervalSeconds": "*int64",
    "healthCheckPath": "*string",
    "healthCheckPort": "*string",
    "healthCheckProtocol": "*string",
    "healthCheckTimeoutSeconds": "*int64",
    "healthyThresholdCount": "*int64",
    "unhealthyThresholdCount": "*int64",
}
"""Settings with the types that the Go manager has for them, in its order."""

_PARSERS: Mapping[str, Callable[[str], bool | int | str]] = {
    "*bool": parse_bool,
    "*int64": parse_int,
    "*string": str,
}
_BOUNDS: Mapping[str, Callable[[object], bool]] = {
    "healthCheckEnabled": lambda on: on is True,
    "healthCheckIntervalSeconds": partial(_within, range(5, 301)),
    "healthCheckPath": lambda path: str(path).startswith("/"),
    "healthCheckPort": lambda port: port == "traffic-port" or str(port).isdecimal(),
    "healthCheckProtocol": lambda protocol: protocol in {"TCP", "HTTP", "HTTPS"},
    "healthCheckTimeoutSeconds": partial(_within, range(2, 121)),
    "healthyThresholdCount": partial(_within, range(2, 11)),
    "unhealthyThresholdCount": partial(_within, range(2, 11)),
}
"""What AWS takes of groups of addresses (ELBv2 API reference, CreateTargetGroup)."""


def _parse_setting(text: str) -> Setting:
    name, _, value = text.partition(":")
    if name not in _KINDS or ":" in value:
        raise Malformed(text)
    return name, _PARSERS[_KINDS[name]](value)


def _is_possible(setting: Setting) -> bool:
    name, value = setting
    return _BOUNDS[name](value)


NLB_ARNS = Parameter(
    name="NlbARNs",
    grammar=_arns(),
    meaning="where servers get their ports; add new ones at the end",
    required=True,
)
VPC_ID = Parameter(
    name="NlbVPCId",
    grammar=text("the id of a VPC"),
    meaning="network that the load balancers and the servers are in",
    required=True,
)
HEALTH = Parameter(
    name="NlbHealthCheck",
    grammar=items(
        f"name:value, separated by commas; names are {', '.join(_KINDS)}",
        _parse_setting,
        _is_possible,
    ),
    meaning="how servers are probed",
)
PORT_PROTOCOLS = server_ports("TCP", "UDP", "TCP_UDP")
ANNOTATIONS = annotations(ARN)
PARAMETERS = Parameters(
    NLB_ARNS, PORT_PROTOCOLS, VPC_ID, HEALTH, FIXED, ANNOTATIONS, ALLOW_NOT_READY
)


def health_of(conf: Conf) -> HealthCheck:
    """Return how servers are probed."""
    return msgspec.convert(dict(conf[HEALTH]), HealthCheck)


def fingerprint_of(conf: Conf) -> str:
    """Return the fingerprint of a configuration."""
    given = dict(conf[HEALTH])
    health: Fields = tuple((name, kind, given.get(name)) for name, kind in _KINDS.items())
    backends = tuple(
        Pointed(
            GoStruct(
                "", (("targetPort", "int", item.port), ("protocol", "v1.Protocol", item.protocol))
            )
        )
        for item in conf[PORT_PROTOCOLS]
    )
    fields: Fields = (
        ("loadBalancerARNs", "[]string", conf[NLB_ARNS]),
        ("healthCheck", "", GoStruct("*amazonswebservices.healthCheck", health)),
        ("vpcID", "string", conf[VPC_ID]),
        ("backends", "[]*amazonswebservices.backend", backends),
        ("isFixed", "bool", conf[FIXED]),
        ("annotations", "map[string]string", conf[ANNOTATIONS]),
    )
    return fingerprint(GoStruct("*amazonswebservices.nlbConfig", fields))
