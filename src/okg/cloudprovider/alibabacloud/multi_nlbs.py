"""AlibabaCloud-Multi-NLBs: the same ports on one network load balancer of each carrier."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod, PodReadinessGate
from okg.api.service import Service
from okg.cloudprovider.alibabacloud import nlb
from okg.cloudprovider.alibabacloud.marks import ID_KEYS
from okg.cloudprovider.balancer import (
    Addresses,
    Balancer,
    Entrance,
    Member,
    addresses,
    annotated,
    labelled,
    specified,
)
from okg.cloudprovider.drawing import Group
from okg.cloudprovider.fingerprint import Fields, GoStruct, fingerprint
from okg.cloudprovider.grammar import Malformed, choice, items, port_protocols
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.service_parameters import FIXED as LENIENT_FIXED, go_ports, traffic_policy

NAME = "AlibabaCloud-Multi-NLBs"
GATE = "service.readiness.alibabacloud.com/"
"""Prefix of the condition that says a Service leads to a pod, by the cloud controller."""

GROUP_INDEX = "game.kruise.io/lb-belong-index"
"""Annotation of Services: which of the configuration's groups they are on."""


class Carried(msgspec.Struct, frozen=True):
    """A load balancer and the carrier it is reached by."""

    balancer: str
    carrier: str


def _parse(text: str) -> Carried:
    balancer, _, carrier = text.partition("/")
    if not balancer or not carrier or "/" in carrier:
        raise Malformed(text)
    return Carried(balancer, carrier)


NLB_ID_NAMES = Parameter(
    name="NlbIdNames",
    grammar=items("id/carrier of network load balancers, separated by commas", _parse, gaps=True),
    meaning="load balancers, each carrier's as many as every other's",
    strict=True,
    required=True,
)
PORT_PROTOCOLS = Parameter(
    name="PortProtocols",
    grammar=port_protocols("TCP", "UDP", "TCPUDP"),
    meaning="ports of the server",
    strict=True,
    required=True,
)
FIXED = replace(LENIENT_FIXED, strict=True)
POLICY = traffic_policy("Local", changeable=True)
ALLOCATE = Parameter(
    name="AllocatePolicy",
    grammar=choice(("default", "balanced"), "default"),
    meaning="whether the first load balancers with room are taken, or the emptiest",
    strict=True,
)


def _rules(conf: Conf) -> Iterator[str]:
    """Yield why load balancers and carriers do not go together."""
    name, listed = NLB_ID_NAMES.name, conf[NLB_ID_NAMES]
    if not listed or not conf[PORT_PROTOCOLS]:
        yield f"{name} and {PORT_PROTOCOLS.name} are needed"
    if len({len(balancers) for balancers in _by_carrier(conf).values()}) > 1:
        yield f"{name}: each carrier needs as many load balancers as every other"
    for _, carriers in _several((it.carrier.lower(), it.carrier) for it in listed):
        yield f"{name}: {carriers} are one name in small letters; write it always the same way"
    for balancer, carriers in _several((it.balancer, it.carrier.lower()) for it in listed):
        yield f"{name}: {balancer} is of {carriers}; write each load balancer with one carrier"


def _several(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield keys that have different values, with those."""
    found: dict[str, dict[str, None]] = {}
    for key, value in pairs:
        found.setdefault(key, {})[value] = None
    return ((key, " and ".join(values)) for key, values in found.items() if len(values) > 1)


PARAMETERS = Parameters(
    NLB_ID_NAMES,
    PORT_PROTOCOLS,
    FIXED,
    POLICY,
    ALLOCATE,
    ALLOW_NOT_READY,
    *nlb.HEALTH,
    rules=_rules,
)


def _by_carrier(conf: Conf) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for item in conf[NLB_ID_NAMES]:
        found.setdefault(item.carrier, []).append(item.balancer)
    return found


def _groups(conf: Conf) -> tuple[Group, ...]:
    """Return the first of each carrier, the second of each, and so on, in the order of the list."""
    ranks: dict[str, int] = {}
    groups: dict[int, list[str]] = {}
    for item in conf[NLB_ID_NAMES]:
        rank = ranks[item.carrier] = ranks.get(item.carrier, -1) + 1
        groups.setdefault(rank, []).append(item.balancer)
    return tuple(Group(tuple(balancers)) for balancers in groups.values())


def _members(conf: Conf, pod: Pod, group: Group) -> tuple[Member, ...]:
    """Return a Service for each carrier."""
    carriers = {item.balancer: item.carrier for item in conf[NLB_ID_NAMES]}
    return tuple(
        Member(_service_name(pod, carriers[name]), name, carriers[name])
        for name in group.balancers
        if name in carriers
    )


def _service_name(pod: Pod, carrier: str) -> str:
    return f"{pod.metadata.name}-{carrier.lower()}"


def _dress(conf: Conf, member: Member, service: Service) -> Service:
    dressed = labelled(nlb.dress(conf, member, service), {"game.kruise.io/network-type": NAME})
    groups = _groups(conf)
    index = next((i for i, g in enumerate(groups) if member.balancer in g.balancers), 0)
    return specified(
        annotated(dressed, {GROUP_INDEX: str(index)}),
        external_traffic_policy=conf[POLICY],
        allocate_load_balancer_node_ports=False,
    )


def _addresses(_: Conf, pod: Pod, entrances: Sequence[Entrance]) -> Addresses:
    """Return the ports once, and in one name all the ways that lead there."""
    names = [f"{e.ingress[0].hostname}/{e.member.carrier}" for e in entrances]
    last = entrances[-1]
    hosts = [(last.ingress[0].ip, ",".join(names))]
    return addresses(pod, last.service, hosts, by_name=True)


def _prepare_pod(conf: Conf, pod: Pod) -> Pod:
    """Return the pod, Ready only when each of its Services leads to it."""
    there = {gate.condition_type for gate in pod.spec.readiness_gates}
    names = [GATE + _service_name(pod, carrier) for carrier in _by_carrier(conf)]
    more = tuple(PodReadinessGate(condition_type=name) for name in names if name not in there)
    gates = (*pod.spec.readiness_gates, *more)
    return replace(pod, spec=replace(pod.spec, readiness_gates=gates))


def _fingerprint(conf: Conf) -> str:
    carriers = {item.balancer: item.carrier for item in conf[NLB_ID_NAMES]}
    fields: Fields = (
        ("lbNames", "map[string]string", carriers),
        ("idList", "[][]string", tuple(group.balancers for group in _groups(conf))),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("isFixed", "bool", conf[FIXED]),
        ("externalTrafficPolicy", "v1.ServiceExternalTrafficPolicy", conf[POLICY]),
        ("allocatePolicy", "string", conf[ALLOCATE]),
        ("nlbHealthConfig", "", nlb.health_struct(conf)),
    )
    return fingerprint(GoStruct("*alibabacloud.multiNLBsConfig", fields))


MULTI_NLBS = Balancer(
    name=NAME,
    alias="Multi-NLBs-Network",
    parameters=PARAMETERS,
    id_keys=ID_KEYS,
    groups=_groups,
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=_fingerprint,
    dress=_dress,
    optional=nlb.HEALTH_KEYS,
    spread=lambda conf: conf[ALLOCATE] == "balanced",
    members=_members,
    speaks_both=True,
    names_protocols=True,
    waits_for_pod=True,
    addresses=_addresses,
    prepare_pod=_prepare_pod,
)
"""The network type."""
