"""Health checks of Alibaba Cloud's load balancers: parameters, annotations, fingerprint."""

from collections.abc import Mapping

from okg.cloudprovider.fingerprint import Fields
from okg.cloudprovider.grammar import choice, digits, matching
from okg.cloudprovider.parameters import Conf, Parameter

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
"""Of the annotations that Alibaba's cloud controller reads."""

TYPE = Parameter(
    name="LBHealthCheckType",
    grammar=choice(("tcp", "http"), "tcp"),
    meaning="how a server is probed",
    strict=True,
)
CONNECT_TIMEOUT = Parameter(
    name="LBHealthCheckConnectTimeout",
    grammar=digits(range(1, 301), "5"),
    meaning="seconds until a probe has failed",
    strict=True,
)
INTERVAL = Parameter(
    name="LBHealthCheckInterval",
    grammar=digits(range(1, 51), "10"),
    meaning="seconds between probes",
    strict=True,
)
HEALTHY = Parameter(
    name="LBHealthyThreshold",
    grammar=digits(range(2, 11), "2"),
    meaning="successes in a row that make a server healthy",
    strict=True,
)
UNHEALTHY = Parameter(
    name="LBUnhealthyThreshold",
    grammar=digits(range(2, 11), "2"),
    meaning="failures in a row that make it unhealthy",
    strict=True,
)
URI = Parameter(
    name="LBHealthCheckUri",
    grammar=matching(
        r"/[A-Za-z0-9.!$%&'*+/=?^_{}~`|-]{0,79}",
        "a path of at most 80 characters that begins with a slash",
    ),
    meaning="path that is asked for by http",
    strict=True,
)
DOMAIN = Parameter(
    name="LBHealthCheckDomain",
    grammar=matching(
        r"(?!.*(--|\.\.))[a-z0-9]([a-z0-9.-]{0,78}[a-z0-9])?",
        "a domain of at most 80 small letters, digits, hyphens and dots",
    ),
    meaning="host that is asked for by http",
    strict=True,
)
METHOD = Parameter(
    name="LBHealthCheckMethod",
    grammar=choice(("get", "head"), ""),
    meaning="method of an http probe",
    strict=True,
)
CONNECT_PORT = Parameter(
    name="LBHealthCheckConnectPort",
    grammar=digits(range(65536), "0"),
    meaning="port that is probed; 0 for the server's own",
    strict=True,
)
PARAMETERS = (TYPE, CONNECT_TIMEOUT, INTERVAL, HEALTHY, UNHEALTHY, URI, DOMAIN, METHOD)
"""Those that all kinds of load balancers have."""


_ANNOTATIONS: Mapping[str, Parameter[str]] = {
    "health-check-type": TYPE,
    "health-check-connect-timeout": CONNECT_TIMEOUT,
    "health-check-interval": INTERVAL,
    "healthy-threshold": HEALTHY,
    "unhealthy-threshold": UNHEALTHY,
}
_HTTP_ANNOTATIONS: Mapping[str, Parameter[str]] = {
    "health-check-domain": DOMAIN,
    "health-check-uri": URI,
    "health-check-method": METHOD,
}

KEYS = frozenset(PREFIX + name for name in {**_ANNOTATIONS, **_HTTP_ANNOTATIONS})
"""Annotations that tell the cloud controller of a check."""


def annotations(conf: Conf) -> dict[str, str]:
    """Return what the cloud controller is told of a check."""
    told = {**_ANNOTATIONS, **(_HTTP_ANNOTATIONS if conf[TYPE] == "http" else {})}
    return {PREFIX + name: conf[parameter] for name, parameter in told.items()}


def details(conf: Conf) -> Fields:
    """Return the part of a fingerprint that all kinds of load balancers have."""
    return (
        ("lBHealthCheckConnectTimeout", "string", conf[CONNECT_TIMEOUT]),
        ("lBHealthCheckInterval", "string", conf[INTERVAL]),
        ("lBHealthCheckUri", "string", conf[URI]),
        ("lBHealthCheckDomain", "string", conf[DOMAIN]),
        ("lBHealthCheckMethod", "string", conf[METHOD]),
        ("lBHealthyThreshold", "string", conf[HEALTHY]),
        ("lBUnhealthyThreshold", "string", conf[UNHEALTHY]),
    )
