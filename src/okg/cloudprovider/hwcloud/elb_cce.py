"""HwCloud-CCE-ELB: a load balancer of Huawei's container engine, given or made for each server."""

from collections.abc import Iterator, Mapping

from okg.api.service import Service
from okg.cloudprovider.balancer import Balancer, Member, annotated, specified
from okg.cloudprovider.drawing import Group
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import json_text, text, verbatim
from okg.cloudprovider.hwcloud.elb import ID, PREFIX
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.service_parameters import FIXED, go_ports, server_ports, traffic_policy

ELB_ID = Parameter(
    name=ID,
    grammar=text("the id of one load balancer"),
    meaning="the load balancer of all servers",
)
AUTOCREATE = Parameter(
    name=f"{PREFIX}autocreate",
    grammar=verbatim(json_text()),
    meaning="what a load balancer is like that is made for each server",
)
PORT_PROTOCOLS = server_ports("TCP", "UDP", "TCPUDP")
POLICY = traffic_policy("Cluster", changeable=True)


def _rules(conf: Conf) -> Iterator[str]:
    """Yield what is wrong with the choice of a load balancer."""
    is_said = conf[ELB_ID] or conf[AUTOCREATE]
    if not is_said or (conf.given(ELB_ID) and conf.given(AUTOCREATE)):
        yield f"write either {ELB_ID.name} or {AUTOCREATE.name}"
    if "," in conf[ELB_ID]:
        yield f'{ELB_ID.name}: "{conf[ELB_ID]}" is more than one; write the id of one'


PARAMETERS = Parameters(
    ELB_ID,
    AUTOCREATE,
    PORT_PROTOCOLS,
    FIXED,
    POLICY,
    ALLOW_NOT_READY,
    takes_others=True,
    rules=_rules,
)
_NOT_COPIED = (PORT_PROTOCOLS.name, FIXED.name, POLICY.name)


def _options(conf: Conf) -> Mapping[str, str]:
    """Return the entries that become annotations as they are."""
    return {name: value for name, value in conf.entries().items() if name not in _NOT_COPIED}


def _dress(conf: Conf, member: Member, service: Service) -> Service:
    told = dict(_options(conf))
    if member.balancer:  # Else it is yet to be made.
        told[ID] = member.balancer
    return specified(annotated(service, told), external_traffic_policy=conf[POLICY])


def _fingerprint(conf: Conf) -> str:
    fields = (
        ("elbIds", "[]string", (conf[ELB_ID],) if conf[ELB_ID] else None),
        *go_ports(conf[PORT_PROTOCOLS]),
        ("isFixed", "bool", conf[FIXED]),
        ("externalTrafficPolicyType", "v1.ServiceExternalTrafficPolicy", conf[POLICY]),
        ("hwOptions", "map[string]string", _options(conf)),
    )
    return fingerprint(GoStruct("*hwcloud.cceElbConfig", fields))


CCE_ELB = Balancer(
    name="HwCloud-CCE-ELB",
    alias="CCE-ELB-Network",
    parameters=PARAMETERS,
    id_keys=(ID,),
    groups=lambda conf: (Group((conf[ELB_ID],)),),
    ports=lambda conf: conf[PORT_PROTOCOLS],
    fixed=lambda conf: conf[FIXED],
    fingerprint=_fingerprint,
    dress=_dress,
    optional=frozenset({AUTOCREATE.name, ALLOW_NOT_READY.name}),
    asked=Conf.others,
    makes_own=lambda conf: conf.given(AUTOCREATE),
    speaks_both=True,
    names_protocols=True,
)
"""The network type."""
