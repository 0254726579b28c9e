"""core/v1 Service: the part of it that network plugins write and read."""

from collections.abc import Mapping
from typing import ClassVar

from okg.api.meta import IntOrString, Value
from okg.api.resource import Object, ResourceType


class ServicePort(Value, frozen=True, kw_only=True):
    """One port of a service."""

    name: str = ""
    protocol: str = ""
    port: int
    target_port: IntOrString | None = None
    node_port: int = 0


class ServiceSpec(Value, frozen=True, kw_only=True):
    """Who is reached, and how."""

    type: str = ""
    selector: Mapping[str, str] = {}
    ports: tuple[ServicePort, ...] = ()
    external_traffic_policy: str = ""
    publish_not_ready_addresses: bool = False
    load_balancer_class: str = ""
    allocate_load_balancer_node_ports: bool | None = None


class LoadBalancerIngress(Value, frozen=True, kw_only=True):
    """One address of a load balancer: by number, by name, or both."""

    ip: str = ""
    hostname: str = ""


class LoadBalancerStatus(Value, frozen=True, kw_only=True):
    """Where a load balancer is reached."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Value, frozen=True, kw_only=True):
    """What the cloud has given a service."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(Object, frozen=True, kw_only=True):
    """A service."""

    resource_type: ClassVar = ResourceType("", "v1", "Service", "services")
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()
