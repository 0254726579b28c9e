"""networking.k8s.io/v1 Ingress, in full but for what only Services of other kinds need."""

from typing import ClassVar

from okg.api.meta import Value
from okg.api.resource import Object, ResourceType


class ServiceBackendPort(Value, frozen=True, kw_only=True):
    """A port of a service, by number."""

    number: int = 0


class IngressServiceBackend(Value, frozen=True, kw_only=True):
    """A service that requests are led to."""

    name: str
    port: ServiceBackendPort = ServiceBackendPort()


class IngressBackend(Value, frozen=True, kw_only=True):
    """Where requests are led."""

    service: IngressServiceBackend | None = None


class HttpIngressPath(Value, frozen=True, kw_only=True):
    """Which requests are led where."""

    path: str = ""
    path_type: str = ""
    backend: IngressBackend = IngressBackend()


class HttpIngressRule(Value, frozen=True, kw_only=True):
    """The paths of a host."""

    paths: tuple[HttpIngressPath, ...] = ()


class IngressRule(Value, frozen=True, kw_only=True):
    """What is served under a host name."""

    host: str = ""
    http: HttpIngressRule | None = None


class IngressTls(Value, frozen=True, kw_only=True):
    """Which certificate is shown to whom."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Value, frozen=True, kw_only=True):
    """What is served."""

    ingress_class_name: str | None = None
    tls: tuple[IngressTls, ...] = ()
    rules: tuple[IngressRule, ...] = ()


class Ingress(Object, frozen=True, kw_only=True):
    """A way into the cluster for HTTP."""

    resource_type: ClassVar = ResourceType("networking.k8s.io", "v1", "Ingress", "ingresses")
    spec: IngressSpec = IngressSpec()
