"""Balancer: what one network type of load balancers has that others have not.

Seven network types are one algorithm, ``BalancedNetwork``. What differs is written down here, as
data and as functions of values.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import NetworkAddress, NetworkPort
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.resource import Object
from okg.api.service import LoadBalancerIngress, Service, ServicePort, ServiceSpec
from okg.cloudprovider.asked_annotations import brought_up, noted
from okg.cloudprovider.drawing import Group, Holding
from okg.cloudprovider.grammar import PortProtocol
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import bits_of
from okg.workload.names import POD_NAME

CONFIG_HASH = "game.kruise.io/network-config-hash"
"""Annotation of Services: fingerprint of the configuration they were made by."""

LOAD_BALANCER, CLUSTER_IP = "LoadBalancer", "ClusterIP"


class Member(msgspec.Struct, frozen=True):
    """One Service of a server.

    Attributes:
        name: of the Service.
        balancer: the load balancer it is on.
        carrier: what users call the way to it; empty where there is only one.
    """

    name: str
    balancer: str
    carrier: str = ""


class Entrance(msgspec.Struct, frozen=True):
    """A member and the Service that it has become.

    Attributes:
        member: which.
        service: as it is stored.
    """

    member: Member
    service: Service

    @property
    def ingress(self) -> Sequence[LoadBalancerIngress]:
        """Return where the cloud says it is reached; nowhere while traffic is cut off.

        What the cloud said before may stand there still.
        """
        cut = self.service.spec.type != LOAD_BALANCER
        return () if cut else self.service.status.load_balancer.ingress


class Addresses(msgspec.Struct, frozen=True):
    """Where a server is reached, from inside the cluster and from outside."""

    internal: tuple[NetworkAddress, ...]
    external: tuple[NetworkAddress, ...]


def one_each(ids: Parameter[tuple[str, ...]]) -> Callable[[Conf], tuple[Group, ...]]:
    """Return what reads groups of one load balancer each."""

    def groups(conf: Conf) -> tuple[Group, ...]:
        names: tuple[str, ...] = conf[ids]
        return tuple(Group((name,)) for name in dict.fromkeys(names))

    return groups


def one_service(_: Conf, pod: Pod, group: Group) -> tuple[Member, ...]:
    """Return the one Service of a server, which is called as its pod is."""
    return (Member(pod.metadata.name, group.balancers[0]),)


def by_number(_: Conf, pod: Pod, entrances: Sequence[Entrance]) -> Addresses:
    """Return addresses by the number that the cloud gives, one entry a port."""
    return addresses(pod, entrances[0].service, [(entrances[0].ingress[0].ip, "")])


class Balancer(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to a network type.

    Attributes:
        name: of the network type.
        alias: of the family, across clouds.
        parameters: what it can be told.
        id_keys: annotations or labels of a Service that name its load balancer, best first.
        groups: the load balancers of a configuration, in order of preference.
        ports: what is to be reached.
        fixed: whether the Services are the set's, and outlive pods.
        fingerprint: of a configuration.
        dress: gives a plain Service what the cloud looks for.
        optional: annotations that ``dress`` gives under some configurations only.
        asked: annotations that the user asks for; ``dress`` gives them, too.
        spread: whether to prefer the emptiest group.
        makes_own: whether the cloud makes a load balancer for each server, all of whose ports are
            free; its group has no name.
        members: the Services of a server on a group.
        speaks_both: whether a port of TCPUDP becomes two ports of the Service.
        names_protocols: whether ports are called ``80-tcp``, else ``80``.
        waits_for_pod: whether nothing is Ready before the pod is.
        addresses: where a server is reached once the cloud has answered for all its Services.
        prepare_pod: what a new pod needs.
    """

    name: str
    alias: str
    parameters: Parameters
    id_keys: tuple[str, ...]
    groups: Callable[[Conf], tuple[Group, ...]]
    ports: Callable[[Conf], tuple[PortProtocol, ...]]
    fixed: Callable[[Conf], bool]
    fingerprint: Callable[[Conf], str]
    dress: Callable[[Conf, Member, Service], Service]
    optional: frozenset[str] = frozenset()
    asked: Callable[[Conf], Mapping[str, str]] = lambda _: {}
    spread: Callable[[Conf], bool] = lambda _: False
    makes_own: Callable[[Conf], bool] = lambda _: False
    members: Callable[[Conf, Pod, Group], tuple[Member, ...]] = one_service
    speaks_both: bool = False
    names_protocols: bool = False
    waits_for_pod: bool = False
    addresses: Callable[[Conf, Pod, Sequence[Entrance]], Addresses] = by_number
    prepare_pod: Callable[[Conf, Pod], Pod] = lambda _, pod: pod


def balancer_of(id_keys: Sequence[str], service: Service) -> str:
    """Return the load balancer that a Service is on; empty if it is none of this kind."""
    meta = service.metadata
    found = (meta.annotations.get(key) or meta.labels.get(key) for key in id_keys)
    return next((name for name in found if name), "")


def placed_by(id_keys: Sequence[str]) -> Callable[[Object], Placement | None]:
    """Return what tells where a Service is, for an index of ports.

    Args:
        id_keys: annotations or labels that name its load balancer, best first.
    """

    def place(obj: Object) -> Placement | None:
        if not isinstance(obj, Service) or not (name := balancer_of(id_keys, obj)):
            return None
        pod = obj.spec.selector.get(POD_NAME, obj.metadata.name)
        ports = bits_of(port.port for port in obj.spec.ports)
        return Placement(name, f"{obj.metadata.namespace}/{pod}", ports)

    return place


class Draft(msgspec.Struct, frozen=True):
    """What the Services of a server are made from.

    Attributes:
        conf: of the pod.
        pod: whom they lead to.
        ports: of the load balancers, one for each port of the configuration.
        owner: with whom they go.
    """

    conf: Conf
    pod: Pod
    ports: tuple[int, ...]
    owner: OwnerReference


def build_service(balancer: Balancer, draft: Draft, member: Member) -> Service:
    """Return one of a server's Services as it is to be."""
    conf, pod = draft.conf, draft.pod
    meta = ObjectMeta(
        name=member.name, namespace=pod.metadata.namespace, owner_references=(draft.owner,)
    )
    spec = ServiceSpec(
        type=LOAD_BALANCER,
        selector={POD_NAME: pod.metadata.name},
        ports=_ports(balancer, conf, draft),
    )
    dressed = balancer.dress(conf, member, Service(metadata=meta, spec=spec))
    # Last, because nothing that a user writes may hide a change.
    last = {**noted(balancer.asked(conf)), CONFIG_HASH: balancer.fingerprint(conf)}
    return annotated(dressed, last)


def hash_of(service: Service) -> str | None:
    """Return the fingerprint of the configuration that a Service was made by."""
    return service.metadata.annotations.get(CONFIG_HASH)


def annotated(service: Service, annotations: Mapping[str, str]) -> Service:
    """Return the Service with more annotations."""
    meta = service.metadata
    return replace(service, metadata=replace(meta, annotations={**meta.annotations, **annotations}))


def labelled(service: Service, labels: Mapping[str, str]) -> Service:
    """Return the Service with more labels."""
    meta = service.metadata
    return replace(service, metadata=replace(meta, labels={**meta.labels, **labels}))


def specified(service: Service, **fields: object) -> Service:
    """Return the Service with other fields of its spec."""
    return replace(service, spec=replace(service.spec, **fields))


def redressed(stored: Service, wanted: Service, optional: Collection[str] = ()) -> Service:
    """Return a stored Service with all that is ours as it is to be, and the rest as it is.

    Args:
        stored: as it is.
        wanted: as it would be made.
        optional: annotations that it has of us under some configurations only.
    """
    kept = stored.metadata
    meta = replace(
        kept,
        labels={**kept.labels, **wanted.metadata.labels},
        annotations=brought_up(kept.annotations, wanted.metadata.annotations, optional),
        owner_references=wanted.metadata.owner_references,
    )
    ports = _on_their_nodes(stored.spec.ports, wanted.spec.ports)
    publishes = stored.spec.publish_not_ready_addresses or wanted.spec.publish_not_ready_addresses
    spec = replace(wanted.spec, ports=ports, publish_not_ready_addresses=publishes)
    return replace(stored, metadata=meta, spec=spec)


def _on_their_nodes(
    stored: Sequence[ServicePort], wanted: Sequence[ServicePort]
) -> tuple[ServicePort, ...]:
    """Return ports with the ports of nodes they have, though their names may be others now."""
    same = {(port.protocol, port.target_port): port.node_port for port in stored}
    named = {port.name: port.node_port for port in stored}
    return tuple(
        replace(it, node_port=same.get((it.protocol, it.target_port), named.get(it.name, 0)))
        for it in wanted
    )


def cut_off(service: Service) -> Service:
    """Return the Service without a load balancer; what only those have goes with it."""
    return specified(
        service,
        type=CLUSTER_IP,
        external_traffic_policy="",
        load_balancer_class="",
        allocate_load_balancer_node_ports=None,
    )


def known_ports(service: Service) -> tuple[int, ...]:
    """Return the ports that a Service has of its load balancer, in order, each once."""
    return tuple(dict.fromkeys(port.port for port in service.spec.ports))


def known_holding(
    balancer: Balancer, services: Sequence[Service], groups: Sequence[Group], count: int
) -> Holding | None:
    """Return what a server has by its Services; None if it is to draw anew.

    Load balancers that the configuration does not name any more are kept all the same, unless some
    of its ``count`` Services were never made there. What is on no load balancer may be somebody
    else's of that name; its ports are nobody's.
    """
    placed = {name: it for it in services if (name := balancer_of(balancer.id_keys, it))}
    configured = next((g for g in groups if placed.keys() <= set(g.balancers)), None)
    if not placed or (configured is None and len(placed) < count):
        return None
    ports = {name: known_ports(service) for name, service in placed.items()}
    return Holding(configured or Group(tuple(placed)), ports)


def service_ports(
    pairs: Iterable[tuple[PortProtocol, int]], *, names_protocols: bool = False
) -> tuple[ServicePort, ...]:
    """Return ports of a Service for those of a server.

    Args:
        pairs: port of the server and port of the Service.
        names_protocols: whether they are called ``80-tcp``, else ``80``, where that is no one
            else's name.
    """
    pairs = tuple(pairs)
    numbers = [item.port for item, _ in pairs]

    def name(item: PortProtocol) -> str:
        if names_protocols or numbers.count(item.port) > 1:
            return f"{item.port}-{item.protocol.lower()}"
        return str(item.port)

    return tuple(
        ServicePort(name=name(it), protocol=it.protocol, port=port, target_port=it.port)
        for it, port in pairs
    )


def addresses(
    pod: Pod,
    service: Service,
    hosts: Sequence[tuple[str, str]],
    *,
    by_name: bool = False,
    outside: Callable[[ServicePort], int] = lambda port: port.port,
) -> Addresses:
    """Return one entry for each host and port, hosts first.

    Args:
        pod: whom the Service leads to.
        service: whose ports.
        hosts: number and name of each.
        by_name: whether an entry is called as the Service's port is, else by the pod's port.
        outside: returns the number of a port out there.
    """

    def port(of: ServicePort, number: int) -> tuple[NetworkPort, ...]:
        name = of.name if by_name else str(_target(pod, of))
        return (NetworkPort(name=name, protocol=of.protocol, port=number),)

    ports = service.spec.ports
    inside = (NetworkAddress(ip=_ip(pod), ports=port(p, _target(pod, p))) for p in ports)
    out = (
        NetworkAddress(ip=ip, end_point=name, ports=port(p, outside(p)))
        for ip, name in hosts
        for p in ports
    )
    return Addresses(tuple(inside), tuple(out))


def _ip(pod: Pod) -> str:
    return pod.status.pod_ip


def _target(pod: Pod, port: ServicePort) -> int:
    """Return the pod's port; one that a name stands for if a container calls it so."""
    target = port.target_port or port.port
    if isinstance(target, int):
        return target
    ports = (it for container in pod.spec.containers for it in container.ports)
    return next((it.container_port for it in ports if it.name == target), port.port)


def _ports(balancer: Balancer, conf: Conf, draft: Draft) -> tuple[ServicePort, ...]:
    wanted = balancer.ports(conf)
    if balancer.speaks_both:
        pairs = [
            (spoken, port)
            for item, port in zip(wanted, draft.ports, strict=True)
            for spoken in item.spoken
        ]
    else:
        pairs = list(zip(wanted, draft.ports, strict=True))
    return service_ports(pairs, names_protocols=balancer.names_protocols)
