"""Vendors: which lines each has."""

from collections.abc import Mapping

from okg.api.service import LoadBalancerIngress, Service
from okg.testing.cloud import alibabacloud, amazonswebservices, annotating
from okg.testing.cloud.balancing import Balancing
from okg.testing.cloud.line import AnyLine, address_of, number_of
from okg.testing.cloud.plain import NODE_ADDRESSES, NODE_PORT_SERVICES

VOLCENGINE_ID = "service.beta.kubernetes.io/volcengine-loadbalancer-id"
JDCLOUD_ID = "service.beta.kubernetes.io/jdcloud-loadbalancer-id"
HWCLOUD_ID = "kubernetes.io/elb.id"
HWCLOUD_AUTOCREATE = "kubernetes.io/elb.autocreate"


def _annotation(service: Service, key: str) -> str:
    return service.metadata.annotations.get(key, "")


def _one(_: Service, balancer: str) -> tuple[LoadBalancerIngress, ...]:
    return (LoadBalancerIngress(ip=address_of(balancer)),)


def _two(_: Service, balancer: str) -> tuple[LoadBalancerIngress, ...]:
    """Return two addresses, as a load balancer of two networks has."""
    found = (address_of(balancer), address_of(f"{balancer} the other"))
    return tuple(LoadBalancerIngress(ip=ip) for ip in found)


def _of_hwcloud(service: Service) -> str:
    made = f"elb-{number_of(service.metadata.uid):08x}"
    wanted = made if _annotation(service, HWCLOUD_AUTOCREATE) else ""
    return _annotation(service, HWCLOUD_ID) or wanted


VOLCENGINE_CLBS = Balancing(
    name="load balancers of Volcengine",
    id_of=lambda service: _annotation(service, VOLCENGINE_ID),
    hosts=_two,
    labels=lambda balancer: {VOLCENGINE_ID: balancer},
).line()

JDCLOUD_NLBS = Balancing(
    name="load balancers of JD Cloud",
    id_of=lambda service: _annotation(service, JDCLOUD_ID),
    hosts=_one,
    labels=lambda balancer: {JDCLOUD_ID: balancer},
).line()

HWCLOUD_ELBS = Balancing(
    name="load balancers of Huawei Cloud",
    id_of=_of_hwcloud,
    hosts=_one,
    annotations=lambda balancer: {HWCLOUD_ID: balancer},
).line()

KUBERNETES: tuple[AnyLine, ...] = (NODE_PORT_SERVICES, NODE_ADDRESSES)
ALIBABACLOUD: tuple[AnyLine, ...] = alibabacloud.LINES
VOLCENGINE: tuple[AnyLine, ...] = (VOLCENGINE_CLBS, annotating.VOLCENGINE_EIPS)
JDCLOUD: tuple[AnyLine, ...] = (JDCLOUD_NLBS, annotating.JDCLOUD_EIPS)
HWCLOUD: tuple[AnyLine, ...] = (HWCLOUD_ELBS, annotating.HWCLOUD_EIPS)
AMAZONSWEBSERVICES: tuple[AnyLine, ...] = amazonswebservices.LINES
TENCENTCLOUD: tuple[AnyLine, ...] = (annotating.TENCENTCLOUD_CLBS,)

EVERY_LINE: Mapping[str, tuple[AnyLine, ...]] = {
    "Kubernetes": KUBERNETES,
    "AlibabaCloud": ALIBABACLOUD,
    "Volcengine": VOLCENGINE,
    "Jdcloud": JDCLOUD,
    "HwCloud": HWCLOUD,
    "AmazonsWebServices": AMAZONSWEBSERVICES,
    "TencentCloud": TENCENTCLOUD,
}
"""The lines of all vendors, by the name of the provider."""
