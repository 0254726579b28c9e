"""Parameters that network types of Services share."""

from okg.cloudprovider.fingerprint import Fields
from okg.cloudprovider.grammar import PortProtocol, choice, flag, ids, pairs, port_protocols
from okg.cloudprovider.parameters import Parameter

FIXED = Parameter(
    name="Fixed",
    grammar=flag(),
    meaning="whether address and ports outlive the pod; they are free when the set is gone",
)

NODE_PORTS = Parameter(
    name="AllocateLoadBalancerNodePorts",
    grammar=flag(default=True),
    meaning="whether the Service takes ports of nodes, too",
)
ANNOTATIONS = Parameter(
    name="Annotations",
    grammar=pairs("key:value, separated by commas"),
    meaning="annotations of the Service; they win over those of the network type",
)


def balancer_ids(name: str, what: str, *, distinct: bool = False) -> Parameter[tuple[str, ...]]:
    """Return the parameter that names load balancers to draw from.

    Args:
        name: of the parameter.
        what: it lists.
        distinct: whether each counts once an entry.
    """
    return Parameter(
        name=name,
        grammar=ids(what, distinct=distinct),
        meaning="where servers get their ports; add new ones at the end",
        required=True,
    )


def server_ports(*protocols: str) -> Parameter[tuple[PortProtocol, ...]]:
    """Return the parameter for what is to be reached, in some protocols."""
    return Parameter(
        name="PortProtocols",
        grammar=port_protocols(*protocols),
        meaning="ports of the server",
        required=True,
    )


def traffic_policy(default: str, *, changeable: bool) -> Parameter[str]:
    """Return the parameter for ``externalTrafficPolicy``."""
    return Parameter(
        name="ExternalTrafficPolicyType",
        grammar=choice(("Cluster", "Local"), default),
        meaning="whether nodes without the server may pass traffic on",
        changeable=changeable,
    )


def go_ports(wanted: tuple[PortProtocol, ...], name: str = "targetPorts") -> Fields:
    """Return the part of a fingerprint that is about ports.

    Args:
        wanted: the ports.
        name: what the Go manager calls their numbers.
    """
    return (
        (name, "[]int", tuple(item.port for item in wanted)),
        ("protocols", "[]v1.Protocol", tuple(item.protocol for item in wanted)),
    )
