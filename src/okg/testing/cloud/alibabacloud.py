"""Alibaba Cloud: its cloud controller, and the operators of PodDNAT and PodEIP."""

from msgspec.structs import replace

from okg.api.alibaba_nlb import Eip, EipStatus, Nlb, NlbStatus
from okg.api.core import Pod, PodCondition
from okg.api.meta import ObjectMeta
from okg.api.service import LoadBalancerIngress, Service
from okg.cloudprovider.alibabacloud.kinds import (
    DnatEntry,
    PodDnat,
    PodDnatStatus,
    PodEip,
    PodEipStatus,
)
from okg.testing.cloud.balancing import Balancing
from okg.testing.cloud.line import LATER, Answer, Change, Cluster, Line, address_of, number_of
from okg.workload.ownership import controlled_by, is_of_another

PREFIX = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
ID_LABEL = "service.k8s.alibaba/loadbalancer-id"
NLB_CLASS = "alibabacloud.com/nlb"
GATE = "service.readiness.alibabacloud.com/"
DNAT = "k8s.aliyun.com/pod-dnat"
EIP = "k8s.aliyun.com/pod-with-eip"
RELEASE = "k8s.aliyun.com/pod-eip-release-strategy"


def _id_of(service: Service) -> str:
    """Return the load balancer that is named, or the one that is made."""
    meta = service.metadata
    named = meta.annotations.get(f"{PREFIX}id", "")
    if not named and service.spec.load_balancer_class == NLB_CLASS:
        return f"nlb-{number_of(meta.uid):08x}"
    return named


def _hosts(service: Service, balancer: str) -> tuple[LoadBalancerIngress, ...]:
    if service.spec.load_balancer_class == NLB_CLASS:
        return (LoadBalancerIngress(hostname=f"{balancer}.nlb.example"),)
    return (LoadBalancerIngress(ip=address_of(balancer)),)


BALANCERS = Balancing(
    name="load balancers of Alibaba Cloud",
    id_of=_id_of,
    hosts=_hosts,
    labels=lambda balancer: {ID_LABEL: balancer},
    finalizer="service.k8s.alibaba/resources",
).line()


def _gates(pod: Pod) -> tuple[str, ...]:
    """Return the gates that nobody has opened."""
    names = (gate.condition_type for gate in pod.spec.readiness_gates)
    ours = (name for name in names if name.startswith(GATE))
    return tuple(name for name in ours if not _is_true(pod, name))


def _is_true(pod: Pod, condition: str) -> bool:
    found = pod.status.condition(condition)
    return found is not None and found.status == "True"


def _open_gates(pod: Pod, cluster: Cluster) -> Answer:
    """Say of each Service that leads to a running pod that it does."""
    reached = {name for name in _gates(pod) if pod.status.pod_ip and _leads(cluster, pod, name)}
    kept = tuple(c for c in pod.status.conditions if c.type not in reached)
    opened = tuple(PodCondition(type=name, status="True") for name in sorted(reached))
    status = replace(pod.status, conditions=(*kept, *opened))
    after = replace(pod, status=status)
    return Answer((Change(pod, after),), settled=len(reached) == len(_gates(pod)))


def _leads(cluster: Cluster, pod: Pod, gate: str) -> bool:
    service = cluster.get(Service, pod.metadata.namespace, gate.removeprefix(GATE))
    if service is None or not service.status.load_balancer.ingress:
        return False
    return service.spec.selector.items() <= pod.metadata.labels.items()


GATES = Line(
    name="readiness gates of Alibaba Cloud",
    kind=Pod,
    asks=lambda pod: bool(_gates(pod)),
    give=_open_gates,
)


def _asks(pod: Pod, annotation: str) -> bool:
    return pod.metadata.annotations.get(annotation) == "true"


def _translate(pod: Pod, cluster: Cluster) -> Answer:
    """Give a pod its ports on a gateway; fixed ones wait for the next pod of this name."""
    notes = pod.metadata.annotations
    fixed = notes.get(f"{DNAT}-fixed") == "true"
    found = cluster.get(PodDnat, pod.metadata.namespace, pod.metadata.name)
    if not pod.status.pod_ip or (found is not None and is_of_another(found, pod)):
        return LATER
    address = address_of(pod.key if fixed else pod.metadata.uid)
    entries = tuple(
        DnatEntry(
            external_port=port,
            external_ip=address,
            internal_port=port,
            internal_ip=pod.status.pod_ip,
            ip_protocol=notes.get(f"{DNAT}-expose-protocol", "tcp"),
        )
        for port in notes.get(f"{DNAT}-expose-port", "").split(",")
        if port
    )
    dnat = found or PodDnat(metadata=_meta(pod, owned=not fixed))
    return Answer((Change(found, replace(dnat, status=PodDnatStatus(entries=entries))),))


def _close(pod: Pod, cluster: Cluster) -> Answer:
    """Take a pod's ports back."""
    meta = pod.metadata
    found = cluster.get(PodDnat, meta.namespace, meta.name) if _asks(pod, DNAT) else None
    if found is None or is_of_another(found, pod):
        return Answer()
    return Answer((Change(found, replace(found, status=PodDnatStatus(entries=()))),))


DNATS = Line(
    name="NAT gateways of Alibaba Cloud",
    kind=Pod,
    asks=lambda pod: _asks(pod, DNAT),
    give=_translate,
    take=_close,
)


def _address(pod: Pod, cluster: Cluster) -> Answer:
    """Give a pod its address; one that is never released waits for the next pod of this name."""
    kept = pod.metadata.annotations.get(RELEASE) == "Never"
    found = cluster.get(PodEip, pod.metadata.namespace, pod.metadata.name)
    if not pod.status.pod_ip or (found is not None and is_of_another(found, pod)):
        return LATER
    status = PodEipStatus(
        eip_address=address_of(pod.key if kept else pod.metadata.uid),
        private_ip_address=pod.status.pod_ip,
    )
    eip = found or PodEip(metadata=_meta(pod, owned=not kept))
    return Answer((Change(found, replace(eip, status=status)),))


def _release(pod: Pod, cluster: Cluster) -> Answer:
    """Take a pod's address back."""
    meta = pod.metadata
    found = cluster.get(PodEip, meta.namespace, meta.name) if _asks(pod, EIP) else None
    if found is None or is_of_another(found, pod):
        return Answer()
    return Answer((Change(found, replace(found, status=PodEipStatus())),))


EIPS = Line(
    name="addresses of Alibaba Cloud",
    kind=Pod,
    asks=lambda pod: _asks(pod, EIP),
    give=_address,
    take=_release,
)


def _meta(pod: Pod, *, owned: bool) -> ObjectMeta:
    meta = pod.metadata
    owners = (controlled_by(pod),) if owned else ()
    return ObjectMeta(name=meta.name, namespace=meta.namespace, owner_references=owners)


POOL_EIPS = Line(
    name="operator of public addresses of Alibaba Cloud",
    kind=Eip,
    asks=lambda _: True,
    give=lambda eip, _: Answer(
        (Change(eip, replace(eip, status=EipStatus(allocation_id=f"eip-{eip.metadata.uid}"))),)
    ),
)
POOL_NLBS = Line(
    name="operator of network load balancers of Alibaba Cloud",
    kind=Nlb,
    asks=lambda _: True,
    give=lambda nlb, _: Answer(
        (Change(nlb, replace(nlb, status=NlbStatus(load_balancer_id=f"nlb-{nlb.metadata.uid}"))),)
    ),
)
NLB_OPERATORS = (POOL_EIPS, POOL_NLBS)
"""The operators of AlibabaCloud-AutoNLBs-V2, whose kinds have to be there."""

LINES = (BALANCERS, GATES, DNATS, EIPS)
"""All that is simulated of it."""
