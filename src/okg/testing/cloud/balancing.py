"""Balancing: what a vendor's cloud controller does about Services of type LoadBalancer."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from okg.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from okg.testing.cloud.line import Answer, Change, Cluster, Line, held, marked

LOAD_BALANCER = "LoadBalancer"
CLEANUP = "service.kubernetes.io/load-balancer-cleanup"
"""Finalizer of the Kubernetes library for cloud controllers."""


class Balancing(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to a vendor.

    Attributes:
        name: of the line.
        id_of: the load balancer that a Service is on, or that is made for it; empty if it is none
            of this vendor's.
        hosts: where that is reached.
        labels: what the controller notes on the Service; a load balancer's id comes in.
        annotations: the same.
        finalizer: by which it keeps the Service until its listeners are gone.
    """

    name: str
    id_of: Callable[[Service], str]
    hosts: Callable[[Service, str], tuple[LoadBalancerIngress, ...]]
    labels: Callable[[str], Mapping[str, str]] = lambda _: {}
    annotations: Callable[[str], Mapping[str, str]] = lambda _: {}
    finalizer: str = CLEANUP

    def line(self) -> Line[Service]:
        """Return what the controller does."""
        return Line(name=self.name, kind=Service, asks=self._asks, give=self._give, take=self._take)

    def _asks(self, service: Service) -> bool:
        return service.spec.type == LOAD_BALANCER and bool(self.id_of(service))

    def _give(self, service: Service, _: Cluster) -> Answer:
        balancer = self.id_of(service)
        notes = marked(
            service, labels=self.labels(balancer), annotations=self.annotations(balancer)
        )
        after = _reached(held(notes, self.finalizer), self.hosts(service, balancer))
        return Answer((Change(service, after),))

    def _take(self, service: Service, _: Cluster) -> Answer:
        """Let go of what is ours; of what never was, nothing."""
        meta = service.metadata
        if self.finalizer not in meta.finalizers or not self.id_of(service):
            return Answer()
        ours = self.labels("").keys()
        bare = replace(
            meta,
            labels={key: value for key, value in meta.labels.items() if key not in ours},
            finalizers=tuple(name for name in meta.finalizers if name != self.finalizer),
        )
        return Answer((Change(service, _reached(replace(service, metadata=bare), ())),))


def _reached(service: Service, ingress: tuple[LoadBalancerIngress, ...]) -> Service:
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
    return replace(service, status=status)
