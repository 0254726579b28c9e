"""The objects of a server on a network load balancer of AWS, as they are to be.

Each port of a server is a route: a listener of the load balancer, a group of targets that the
listener passes connections to, and a binding that makes the pod of the server the target. One
Service has all the ports, so that bindings find the pod and we find the ports again.
"""

import re
from collections.abc import Mapping

import msgspec

from okg.api.core import Pod
from okg.api.elbv2 import (
    Action,
    Listener,
    ListenerSpec,
    ServiceReference,
    Tag,
    TargetGroup,
    TargetGroupBinding,
    TargetGroupBindingSpec,
    TargetGroupSpec,
)
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.resource import Object
from okg.api.service import Service, ServiceSpec
from okg.cloudprovider.amazonswebservices.parameters import (
    ANNOTATIONS,
    ARN,
    PORT_PROTOCOLS,
    PREFIX,
    VPC_ID,
    fingerprint_of,
    health_of,
)
from okg.cloudprovider.asked_annotations import noted
from okg.cloudprovider.balancer import CLUSTER_IP, CONFIG_HASH, placed_by, service_ports
from okg.cloudprovider.grammar import PORTS, Malformed, PortProtocol, parse_int
from okg.cloudprovider.parameters import Conf
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import bits_of
from okg.workload.hashing import fnv1
from okg.workload.names import POD_NAME

PORT = f"{PREFIX}port"
"""Annotation of target groups: the port there."""

SYNCED = "aws-load-balancer-nlb-target-group-synced"
"""Label of target groups: whether there are a listener and a binding, too."""

_MANAGED_BY, _US = "managed-by", "game.kruise.io"
_TAGS = (Tag(key=_MANAGED_BY, value=_US),)
_BY_ADDRESS = "ip"
_BOTH = "TCP_UDP"
_LONGEST = 32
"""Characters of a target group's name in AWS (ELBv2 API reference, CreateTargetGroup)."""


class Server(msgspec.Struct, frozen=True):
    """A server on a load balancer.

    Attributes:
        conf: of the pod.
        pod: the server itself.
        owner: with whom its objects go.
        arn: of the load balancer.
    """

    conf: Conf
    pod: Pod
    owner: OwnerReference
    arn: str


class Route(msgspec.Struct, frozen=True):
    """One port of a server.

    Attributes:
        server: whose.
        target: the port of the pod.
        port: the port of the load balancer.
    """

    server: Server
    target: PortProtocol
    port: int

    @property
    def name(self) -> str:
        """Name of all objects of the route."""
        return f"{self.server.pod.metadata.name}-{self.port}"


def build_service(server: Server, ports: tuple[int, ...]) -> Service:
    """Return the Service of a server."""
    pairs = [
        (msgspec.structs.replace(target, protocol=protocol), port)
        for target, port in zip(server.conf[PORT_PROTOCOLS], ports, strict=True)
        for protocol in (("TCP", "UDP") if target.protocol == _BOTH else (target.protocol,))
    ]
    own = {ARN: server.arn, CONFIG_HASH: fingerprint_of(server.conf)}
    asked = server.conf[ANNOTATIONS]
    name = server.pod.metadata.name
    spec = ServiceSpec(type=CLUSTER_IP, selector={POD_NAME: name}, ports=service_ports(pairs))
    return Service(metadata=_meta(server, name, {**asked, **noted(asked), **own}), spec=spec)


def build_target_group(route: Route) -> TargetGroup:
    """Return the targets of a route."""
    server = route.server
    meta = _meta(server, route.name, {ARN: server.arn, PORT: str(route.port)})
    spec = TargetGroupSpec(
        **msgspec.structs.asdict(health_of(server.conf)),
        name=_name_in_aws(route),
        port=route.target.port,
        protocol=route.target.protocol,
        tags=_TAGS,
        target_type=_BY_ADDRESS,
        vpc_id=server.conf[VPC_ID],
    )
    labelled = msgspec.structs.replace(meta, labels={**meta.labels, SYNCED: "false"})
    return TargetGroup(metadata=labelled, spec=spec)


def build_listener(route: Route, group: str) -> Listener:
    """Return the listener that passes connections to a group, by its ARN."""
    spec = ListenerSpec(
        default_actions=(Action(target_group_arn=group, type="forward"),),
        load_balancer_arn=route.server.arn,
        port=route.port,
        protocol=route.target.protocol,
        tags=_TAGS,
    )
    return Listener(metadata=_meta(route.server, route.name), spec=spec)


def build_binding(route: Route, group: str) -> TargetGroupBinding:
    """Return what makes the pod the target of a group, by its ARN."""
    spec = TargetGroupBindingSpec(
        target_group_arn=group,
        target_type=_BY_ADDRESS,
        service_ref=ServiceReference(name=route.server.pod.metadata.name, port=route.port),
    )
    return TargetGroupBinding(metadata=_meta(route.server, route.name), spec=spec)


def host_of(arn: str) -> str:
    """Return the name by which a load balancer is reached; empty if that is not its ARN."""
    parts = arn.split(":")
    if len(parts) != len(("arn", "partition", "service", "region", "account", "resource")):
        return ""
    region, resource = parts[3], parts[5]
    name = resource.removeprefix("loadbalancer/net/").replace("/", "-")
    return f"{name}.elb.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


def place(obj: Object) -> Placement | None:
    """Return which ports an object has.

    A Service goes at once when its owner does. A target group stays until AWS has taken listener
    and group back, and before that nobody else can have the port.
    """
    if not isinstance(obj, TargetGroup):
        return _place_of_service(obj)
    meta = obj.metadata
    port = _port_of(meta.annotations.get(PORT, ""))
    if ARN not in meta.annotations or port not in PORTS:
        return None
    holder = f"{meta.namespace}/{meta.labels.get(POD_NAME, '')}"
    return Placement(meta.annotations[ARN], holder, bits_of([port]))


_place_of_service = placed_by((ARN,))


def _port_of(text: str) -> int:
    """Return a port as it is written; 0 if it is none."""
    try:
        return parse_int(text)
    except Malformed:
        return 0


def _meta(server: Server, name: str, annotations: Mapping[str, str] = {}) -> ObjectMeta:
    return ObjectMeta(
        name=name,
        namespace=server.pod.metadata.namespace,
        labels={_MANAGED_BY: _US, POD_NAME: server.pod.metadata.name},
        annotations=annotations,
        owner_references=(server.owner,),
    )


def _name_in_aws(route: Route) -> str:
    """Return the route's name, cut and told apart by a hash where AWS cannot take it."""
    if re.fullmatch(rf"[A-Za-z0-9-]{{1,{_LONGEST}}}", route.name):
        return route.name
    number = f"-{fnv1(f'{route.server.pod.metadata.namespace}/{route.name}'.encode()):08x}"
    return re.sub(r"[^A-Za-z0-9-]", "-", route.name)[: _LONGEST - len(number)] + number
