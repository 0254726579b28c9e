"""Parameters that network types of Services share."""

from collections.abc import Mapping

from msgspec.structs import replace

from okg.cloudprovider.balancer import CONFIG_HASH
from okg.cloudprovider.fingerprint import Fields
from okg.cloudprovider.grammar import (
    PortProtocol,
    Reading,
    Texts,
    choice,
    flag,
    ids,
    last,
    pairs,
    port_protocols,
)
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


def annotations(key_of_id: str) -> Parameter[Mapping[str, str]]:
    """Return the parameter for annotations of the Service that are the user's.

    Those by which a Service is recognised are not: somebody else may have the port elsewhere.

    Args:
        key_of_id: of the annotation that names the load balancer.
    """
    taken = (key_of_id, CONFIG_HASH)
    grammar = pairs(f"key:value, separated by commas, and neither {' nor '.join(taken)}")

    def read(texts: Texts) -> Reading[Mapping[str, str]]:
        given = grammar.read(texts)
        refused = tuple(f"{key}:{given.value[key]}" for key in taken if key in given.value)
        kept = {key: value for key, value in given.value.items() if key not in taken}
        return Reading(kept, (*given.faults, *refused))

    return Parameter(
        name="Annotations",
        grammar=replace(grammar, read=read),
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


def server_ports(*protocols: str, adds_up: bool = True) -> Parameter[tuple[PortProtocol, ...]]:
    """Return the parameter for what is to be reached, in some protocols.

    Args:
        protocols: that may be written.
        adds_up: whether all entries count, else the last.
    """
    grammar = port_protocols(*protocols)
    return Parameter(
        name="PortProtocols",
        grammar=grammar if adds_up else last(grammar),
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
