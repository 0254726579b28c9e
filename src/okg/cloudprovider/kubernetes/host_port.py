"""Kubernetes-HostPort: ports of its node for the ports of a server.

The ports are written into the pod when it is made. No object goes with them: which are given, pods
tell. A pod that is about to be made has a claim in the ledger, and so has one that goes, so that a
server which is made again under its name has its ports back; ten minutes later they are anybody's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec
from msgspec.structs import replace

from okg.api.core import Container, ContainerPort, Node, Pod
from okg.api.game import NetworkAddress, NetworkPort, NetworkStatus
from okg.api.resource import Object
from okg.client.client import Client
from okg.cloudprovider.drawing import Books, Shelf
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import BOTH, PORTS, Grammar, Malformed, Reading, Texts, parse_int
from okg.cloudprovider.kubernetes.host_port_draw import (
    HostPortWish,
    draw_host_ports,
    expected_usage,
)
from okg.cloudprovider.kubernetes.node_address import address_of
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.owners import set_of
from okg.cloudprovider.parameters import Parameter, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pod_network import read_pod_network, told, told_ready
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import PortBook, PortRange, bits_of, forget, leave, ports_of
from okg.context import Context
from okg.workload.network_status import NOT_READY

NODES = "nodes"
"""Stands for a load balancer where books are kept: the ports of all nodes are one pool."""

_SAME = "SameAsHost"
_SAME_PORT = -1
"""The number that means the same."""

_PROTOCOLS = ("TCP", "UDP", "SCTP", BOTH)


class HostPortItem(msgspec.Struct, frozen=True):
    """A port that is to be reached through its node.

    Attributes:
        port: of the container; None if it is to be the node's.
        protocol: as the user wrote it; ``TCPUDP`` for both.
    """

    port: int | None
    protocol: str


Items = Mapping[str, tuple[HostPortItem, ...]]
"""Ports by container."""


def _parse_item(text: str) -> HostPortItem:
    name, *rest = text.split("/")
    protocol = rest[0] if len(rest) == 1 else "TCP"
    number = _SAME_PORT if name == _SAME else parse_int(name)
    if number != _SAME_PORT and number not in PORTS:
        raise Malformed(text)
    return HostPortItem(None if number == _SAME_PORT else number, protocol)


def _read_items(text: str) -> Reading[tuple[HostPortItem, ...]]:
    """Read ports with commas between them; one of an unknown protocol is the API server's."""
    found: list[HostPortItem] = []
    faults: list[str] = []
    for part in text.split(","):
        try:
            item = _parse_item(part)
        except Malformed:
            faults.append(part)
            continue
        found.append(item)
        if item.protocol not in _PROTOCOLS:
            faults.append(part)
    return Reading(tuple(found), tuple(faults))


def _read_containers(texts: Texts) -> Reading[Items]:
    """Read ``container:ports``, one an entry; the last of a container counts."""
    found: dict[str, tuple[HostPortItem, ...]] = {}
    faults: list[str] = []
    for text in texts:
        container, *rest = text.split(":")
        if len(rest) != 1 or not container:
            faults.append(text)
            continue
        items = _read_items(rest[0])
        found[container] = items.value
        faults.extend(items.faults)
    return Reading(found, tuple(faults))


_DESCRIPTION = (
    "container:ports, once for each container, such as game:80,443/UDP,SameAsHost/TCPUDP; each port"
    " is a number from 1 to 65535 or SameAsHost, with TCP, UDP, SCTP or TCPUDP"
)

CONTAINER_PORTS = Parameter(
    name="ContainerPorts",
    grammar=Grammar[Items](_DESCRIPTION, {}, _read_containers),
    meaning="ports of a container; may be written several times",
    required=True,
    changeable=False,
    names_containers=True,
)
PARAMETERS = Parameters(CONTAINER_PORTS)


class HostPort:
    """The network type, as a plugin.

    Args:
        pool: the ports of nodes.

    Attributes:
        pools: the pool, for whoever feeds it.
    """

    name = "Kubernetes-HostPort"
    alias = ""
    parameters = PARAMETERS
    features = Features(reach="the node")
    reads = (Node, LedgerRecord)

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.pools = (pool,)

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: what is given is told by pods, to the index of the pool."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod with ports of its node; those that it has already are left as they are.

        Raises:
            PluginError: more are asked for than there are.
        """
        items: Items = PARAMETERS.read(read_pod_network(pod).entries)[CONTAINER_PORTS]
        wanting = {
            container.name: _wanting(container, items, self._pool.allowed)
            for container in pod.spec.containers
        }
        count = sum(map(len, wanting.values()))
        if not count:
            return pod
        allowed = self._pool.allowed.bits & ~_host_ports(pod)
        if count > allowed.bit_count():
            raise PluginError(PluginErrorType.INTERNAL, self._exhausted(pod, count))
        kept = self._pool.index.ports_of(NODES, pod.key)
        wish = HostPortWish(holder=pod.key, count=count, allowed=allowed, kept=kept)
        return _with_ports(pod, wanting, self._pool.change(ctx, client, partial(self._draw, wish)))

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod with its addresses, once it has one and its node is known."""
        del ctx
        node = client.get(Node, "", pod.spec.node_name) if pod.spec.node_name else None
        if node is None and read_pod_network(pod).status is None:
            return pod
        ports = tuple(_given(pod, self._pool.allowed))
        if node is None or not ports or not pod.status.pod_ip:
            return told(pod, NetworkStatus(current_network_state=NOT_READY))
        inside = NetworkAddress(
            ip=pod.status.pod_ip, ports=tuple(_told(*it, it[1].container_port) for it in ports)
        )
        outside = NetworkAddress(
            ip=address_of(node), ports=tuple(_told(*it, it[1].host_port) for it in ports)
        )
        return told_ready(pod, [inside], [outside])

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Keep the ports for a server of this name, unless its set goes, too."""
        ports = ports_of(_host_ports(pod) & self._pool.allowed.bits)
        if not ports:
            return
        gss = set_of(client, pod)
        may_return = gss is not None and gss.metadata.deletion_timestamp is None

        def note(shelf: Shelf, now: datetime) -> tuple[None, Books]:
            book = shelf.book(NODES)
            noted = leave(book, pod.key, ports, now) if may_return else forget(book, pod.key, ports)
            return None, {} if noted is book else {NODES: noted}

        self._pool.note_departure(ctx, client, pod.key, note)

    def _draw(
        self, wish: HostPortWish, shelf: Shelf, now: datetime
    ) -> tuple[tuple[int, ...], Books]:
        ports, book = draw_host_ports(shelf.book(NODES), wish, self._usage, now)
        return ports, {NODES: book}

    def _usage(self, book: PortBook) -> Mapping[int, int]:
        index = self._pool.index
        return expected_usage(book, index.usage(NODES), partial(index.ports_of, NODES))

    def _exhausted(self, pod: Pod, count: int) -> str:
        allowed = self._pool.allowed
        return (
            f"{count} ports wanted for {pod.key}, there are {allowed.size} in"
            f" {allowed.low}-{allowed.high}; widen hostPort of section kubernetes"
        )


def host_ports(namespace: str, allowed: PortRange) -> Pool:
    """Return the pool of the ports of nodes.

    Args:
        namespace: of the record.
        allowed: which ports may be given.
    """
    return Pool("kubernetes-hostport", namespace, allowed, placed_on_nodes(allowed), kinds=(Pod,))


def placed_on_nodes(allowed: PortRange) -> Callable[[Object], Placement | None]:
    """Return what tells an index of ports where a pod is."""

    def place(obj: Object) -> Placement | None:
        ports = _host_ports(obj) & allowed.bits if isinstance(obj, Pod) else 0
        return Placement(NODES, obj.key, ports) if ports else None

    return place


def _wanting(container: Container, items: Items, allowed: PortRange) -> tuple[HostPortItem, ...]:
    """Return the items for which a container has no port of the range yet."""
    has = [port for port in container.ports if allowed.bits >> port.host_port & 1]
    wanting: list[HostPortItem] = []
    for item in items.get(container.name, ()):
        found = _found_for(item, has)
        has = [port for port in has if port not in found]
        if not found:
            wanting.append(item)
    return tuple(wanting)


def _found_for(item: HostPortItem, ports: Sequence[ContainerPort]) -> Sequence[ContainerPort]:
    """Return the ports that are what an item asks for; none if not all of them are there."""
    for first in ports:
        wanted = tuple(_made_of(item, first.host_port))
        if set(wanted) <= set(ports):
            return wanted
    return ()


def _made_of(item: HostPortItem, port: int) -> Iterator[ContainerPort]:
    """Yield what an item becomes with a port of the node."""
    for protocol in ("TCP", "UDP") if item.protocol == BOTH else (item.protocol,):
        yield ContainerPort(container_port=item.port or port, host_port=port, protocol=protocol)


def _with_ports(pod: Pod, items: Items, ports: tuple[int, ...]) -> Pod:
    """Return the pod with ports of its node; the last of them is the first port's."""
    left = list(ports)

    def dressed(container: Container) -> Container:
        new = [port for item in items[container.name] for port in _made_of(item, left.pop())]
        return replace(container, ports=(*container.ports, *new)) if new else container

    containers = tuple(map(dressed, pod.spec.containers))
    return replace(pod, spec=replace(pod.spec, containers=containers))


def _host_ports(pod: Pod) -> int:
    """Return the ports that a pod has of its node, as a set."""
    return bits_of(
        port.host_port
        for container in pod.spec.containers
        for port in container.ports
        if port.host_port
    )


def _given(pod: Pod, allowed: PortRange) -> Iterator[tuple[Container, ContainerPort]]:
    """Yield the ports that a pod has of the range, whoever gave them."""
    for container in pod.spec.containers:
        for port in container.ports:
            if allowed.bits >> port.host_port & 1:
                yield container, port


def _told(container: Container, port: ContainerPort, number: int) -> NetworkPort:
    name = f"{container.name}-{port.container_port}"
    return NetworkPort(name=name, protocol=port.protocol, port=number)
