"""What network types that have load balancers made share: parameters and their consequences."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from okg.api.core import Pod
from okg.api.game import GameServerSet, NetworkConfParam
from okg.cloudprovider.alibabacloud import nlb
from okg.cloudprovider.alibabacloud.blocks import Blocks
from okg.cloudprovider.alibabacloud.multi_nlbs import POLICY, PORT_PROTOCOLS
from okg.cloudprovider.grammar import (
    PORTS,
    Grammar,
    Malformed,
    PortProtocol,
    Reading,
    Texts,
    integer,
    items,
    last,
    one,
    parse_int,
)
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.workload.ordinals import ordinal_of

MOST_RESERVED = 100
"""Load balancers that can be made ahead: each costs money, and an account may have some dozens."""

_FEWEST_ZONES = 2
"""Zones that a network load balancer stands in (Alibaba Cloud, CreateLoadBalancer)."""

_DEFAULT_TYPES: tuple[str, ...] = ("BGP",)
_NONE: tuple[str, ...] = ()
_TYPE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?", re.ASCII)


class Zones(msgspec.Struct, frozen=True):
    """Where load balancers stand.

    Attributes:
        text: as the user wrote it.
        vpc: the network; empty if the text is malformed.
        switches: zone and switch of each place.
    """

    text: str = ""
    vpc: str = ""
    switches: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is written."""
        return bool(self.text)


def part_of_name(isp_type: str) -> str:
    """Return a type of line as names of objects can have it."""
    return isp_type.lower().replace("_", "-")


def is_intranet(isp_type: str) -> bool:
    """Whether a type of line stays inside, without public addresses."""
    return "intranet" in isp_type.lower()


def _read_zones(texts: Texts) -> Reading[Zones]:
    text = texts[-1]
    vpc, _, listed = text.partition("@")
    try:
        switches = tuple(map(_parse_switch, listed.split(",")))
    except Malformed:
        switches = ()
    if not vpc.strip() or len(switches) < _FEWEST_ZONES:
        return Reading(Zones(text), (text,))
    return Reading(Zones(text, vpc.strip(), switches))


def _parse_switch(text: str) -> tuple[str, str]:
    zone, _, switch = (part.strip() for part in text.partition(":"))
    if not zone or not switch or ":" in switch:
        raise Malformed(text)
    return zone, switch


def _parse_type(text: str) -> str:
    if not _TYPE.fullmatch(text):
        raise Malformed(text)
    return text


def _read_types(texts: Texts) -> Reading[tuple[str, ...]]:
    """Leave out types whose objects would have the names of an earlier one's."""
    reading = items("", _parse_type).read(texts)
    kept: dict[str, str] = {}
    doubled: list[str] = []
    for isp_type in reading.value:
        if part_of_name(isp_type) in kept:
            doubled.append(isp_type)
        kept.setdefault(part_of_name(isp_type), isp_type)
    return Reading(tuple(kept.values()) or _DEFAULT_TYPES, (*reading.faults, *doubled))


def _read_reserve(texts: Texts) -> Reading[int]:
    """What is no number counts as none at all, not as the default."""
    try:
        number = parse_int(texts[-1])
    except Malformed:
        return Reading(0, (texts[-1],))
    reserve = min(max(number, 0), MOST_RESERVED)
    return Reading(reserve, () if reserve == number else (texts[-1],))


def _parse_retain(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise Malformed(text)
    return text.lower() == "true"


def _read_protections(texts: Texts) -> Reading[tuple[str, ...]]:
    stripped = (part.strip() for part in texts[-1].split(","))
    return Reading(tuple(part for part in stripped if part))


ZONE_MAPS = Parameter(
    name="ZoneMaps",
    grammar=Grammar("vpc-id@zone:switch,zone:switch with at least two zones", Zones(), _read_zones),
    meaning="where load balancers stand",
    required=True,
    changeable=False,
)
EIP_ISP_TYPES = Parameter(
    name="EipIspTypes",
    grammar=last(Grammar("different lines such as BGP,ChinaTelecom", _DEFAULT_TYPES, _read_types)),
    meaning="lines; each has load balancers of its own",
    changeable=False,
)
MIN_PORT = Parameter(
    name="MinPort",
    grammar=integer(PORTS, 1000),
    meaning="first port of each load balancer",
    strict=True,
    changeable=False,
)
MAX_PORT = Parameter(
    name="MaxPort",
    grammar=integer(PORTS, 1499),
    meaning="last port of each load balancer",
    strict=True,
    changeable=False,
)
BLOCK_PORTS = Parameter(
    name="BlockPorts",
    grammar=last(
        items("ports from 1 to 65535 such as 1025,1434", parse_int, lambda port: port in PORTS)
    ),
    meaning="ports in between that no server gets",
    changeable=False,
)
RESERVE = Parameter(
    name="ReserveNlbNum",
    grammar=Grammar(f"a number from 0 to {MOST_RESERVED}", 1, _read_reserve),
    meaning="load balancers made ahead for servers to come",
)
RETAIN = Parameter(
    name="RetainNLBOnDelete",
    grammar=one("true or false", default=True, parse=_parse_retain),
    meaning="whether load balancers and addresses stay when their set is deleted",
)
SECURITY = Parameter(
    name="SecurityProtectionTypes",
    grammar=Grammar("kinds of protection such as AntiDDoS_Enhanced", _NONE, _read_protections),
    meaning="protection of public addresses",
    changeable=False,
)
SHARED: tuple[Parameter[object], ...] = (
    PORT_PROTOCOLS,
    EIP_ISP_TYPES,
    MIN_PORT,
    MAX_PORT,
    BLOCK_PORTS,
    RESERVE,
    POLICY,
    *nlb.HEALTH,
)
"""The parameters of all of them, besides the zones, which not all read for themselves."""


def room(conf: Conf) -> Iterator[str]:
    """Yield that not one server fits on a load balancer."""
    low, high, wanted = conf[MIN_PORT], conf[MAX_PORT], len(conf[PORT_PROTOCOLS])
    if low > high:
        yield f"{MIN_PORT.name} {low} is greater than {MAX_PORT.name} {high}; swap them"
    elif wanted and not blocks_of(conf).size:
        yield (
            f"{MIN_PORT.name} {low}, {MAX_PORT.name} {high}: {wanted} ports of a server do not fit"
            f" beside {len(conf[BLOCK_PORTS])} {BLOCK_PORTS.name}; take a wider range"
        )


def blocks_of(conf: Conf) -> Blocks:
    """Return how servers are put on load balancers; there are ports."""
    return Blocks(conf[MIN_PORT], conf[MAX_PORT], conf[BLOCK_PORTS], len(conf[PORT_PROTOCOLS]))


def read_conf(parameters: Parameters, entries: Sequence[NetworkConfParam]) -> Conf:
    """Understand a configuration that has zones and ports.

    Raises:
        PluginError: it cannot work.
    """
    conf = parameters.read(entries)
    needed: tuple[Parameter[object], ...] = (ZONE_MAPS, PORT_PROTOCOLS)
    for parameter in needed:
        if not conf[parameter]:
            raise PluginError(PluginErrorType.PARAMETER, f"{parameter.name} is missing")
    return conf


def spoken(conf: Conf) -> tuple[tuple[PortProtocol, int], ...]:
    """Return each port of a server as it is spoken, with its place among them: TCPUDP is two."""
    return tuple(
        (spoken, place) for place, item in enumerate(conf[PORT_PROTOCOLS]) for spoken in item.spoken
    )


def blocks_to_be(conf: Conf, gss: GameServerSet, pod: Pod) -> tuple[int, ...]:
    """Return the blocks that a pod sees to: its own, then all others of the set, the reserve last.

    Blocks never go, so what all pods together have seen to is that of the highest there ever was.
    """
    ordinal, blocks = ordinal_of(pod.metadata.name), blocks_of(conf)
    replicas = (gss.spec.replicas or 0) if gss.spec else 0
    own = blocks.of(ordinal)
    count = blocks.count(max(ordinal, replicas), conf[RESERVE])
    return (own, *(block for block in range(count) if block != own))


def entries_of(gss: GameServerSet) -> tuple[NetworkConfParam, ...]:
    """Return the configuration that new pods of a set get."""
    return (gss.spec.network.network_conf or ()) if gss.spec and gss.spec.network else ()
