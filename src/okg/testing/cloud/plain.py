"""What a Kubernetes without a cloud has: ports of nodes, and addresses of nodes.

A real API server gives ports of nodes itself; there is nothing left to do for these lines then.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from okg.api.core import Node, NodeAddress
from okg.api.service import Service
from okg.testing.cloud.line import Answer, Change, Cluster, Line, address_of

NODE_PORT = "NodePort"
NODE_PORTS = range(30000, 32768)
"""The default of kube-apiserver's ``--service-node-port-range``."""


def _lacks_ports(service: Service) -> bool:
    lacks = any(not port.node_port for port in service.spec.ports)
    return service.spec.type == NODE_PORT and lacks


def _give_ports(service: Service, cluster: Cluster) -> Answer:
    free = _free(cluster)
    ports = tuple(
        port if port.node_port else replace(port, node_port=next(free))
        for port in service.spec.ports
    )
    return Answer((Change(service, replace(service, spec=replace(service.spec, ports=ports))),))


def _free(cluster: Cluster) -> Iterator[int]:
    services = cluster.list(Service)
    taken = {port.node_port for service in services for port in service.spec.ports}
    return (number for number in NODE_PORTS if number not in taken)


NODE_PORT_SERVICES = Line(name="ports of nodes", kind=Service, asks=_lacks_ports, give=_give_ports)


def _give_addresses(node: Node, _: Cluster) -> Answer:
    name = node.metadata.name
    given = (
        NodeAddress(type="InternalIP", address=address_of(f"inside {name}")),
        NodeAddress(type="ExternalIP", address=address_of(name)),
    )
    status = replace(node.status, addresses=(*node.status.addresses, *given))
    return Answer((Change(node, replace(node, status=status)),))


NODE_ADDRESSES = Line(
    name="addresses of nodes",
    kind=Node,
    asks=lambda node: not any(it.type == "ExternalIP" for it in node.status.addresses),
    give=_give_addresses,
)
