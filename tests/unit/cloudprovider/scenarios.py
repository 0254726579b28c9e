"""The network types there are, for all tests that every one of them has to pass."""

from collections.abc import Callable, Mapping

import okg.cloudprovider.alibabacloud.provider as alibabacloud
import okg.cloudprovider.amazonswebservices.provider as amazonswebservices
import okg.cloudprovider.hwcloud.provider as hwcloud
import okg.cloudprovider.jdcloud.provider as jdcloud
import okg.cloudprovider.kubernetes.provider as kubernetes
import okg.cloudprovider.tencentcloud.provider as tencentcloud
import okg.cloudprovider.volcengine.provider as volcengine
from okg.api.alibaba_nlb import Eip, Nlb
from okg.api.core import Pod
from okg.api.elbv2 import Listener, TargetGroup, TargetGroupBinding
from okg.cloudprovider.alibabacloud.auto_nlbs import AutoNlbs
from okg.cloudprovider.alibabacloud.auto_nlbs_v2 import AUTO_NLBS_V2
from okg.cloudprovider.alibabacloud.eip import EIP as ALIBABA_EIP
from okg.cloudprovider.alibabacloud.kinds import PodDnat, PodEip
from okg.cloudprovider.alibabacloud.multi_nlbs import MULTI_NLBS
from okg.cloudprovider.alibabacloud.natgw import NATGW
from okg.cloudprovider.alibabacloud.nlb import NLB as ALIBABA_NLB
from okg.cloudprovider.alibabacloud.nlb_shared import NLB_SHARED
from okg.cloudprovider.alibabacloud.places import places
from okg.cloudprovider.alibabacloud.shared import Shared, SharedNetwork
from okg.cloudprovider.alibabacloud.slb import SLB
from okg.cloudprovider.alibabacloud.slb_shared import SLB_SHARED
from okg.cloudprovider.amazonswebservices.nlb import NlbNetwork
from okg.cloudprovider.annotated import Annotations
from okg.cloudprovider.balancer import Balancer
from okg.cloudprovider.hwcloud.eip_cce import CCE_EIP
from okg.cloudprovider.hwcloud.elb import ELB
from okg.cloudprovider.hwcloud.elb_cce import CCE_ELB
from okg.cloudprovider.jdcloud.eip import EIP as JD_EIP
from okg.cloudprovider.jdcloud.nlb import NLB as JD_NLB
from okg.cloudprovider.kubernetes.host_port import HostPort
from okg.cloudprovider.kubernetes.ingress import IngressNetwork
from okg.cloudprovider.kubernetes.node_port import NodePort
from okg.cloudprovider.options import Section
from okg.cloudprovider.plugin import NetworkPlugin
from okg.cloudprovider.provider import Site, Vendor
from okg.cloudprovider.tencentcloud.clb import CLB as TENCENT_CLB
from okg.cloudprovider.volcengine.clb import CLB as VOLC_CLB
from okg.cloudprovider.volcengine.eip import EIP as VOLC_EIP
from okg.testing.apiserver import FakeApiServer
from okg.testing.cloud import (
    ALIBABACLOUD,
    AMAZONSWEBSERVICES,
    HWCLOUD,
    JDCLOUD,
    KUBERNETES,
    TENCENTCLOUD,
    VOLCENGINE,
    AnyLine,
)
from okg.testing.cloud.alibabacloud import NLB_OPERATORS
from okg.testing.network import SYSTEM, Scenario, entries, reached_by_services
from okg.testing.network.scenario import Conf

_ZONES = "ZoneMaps=vpc-x@cn-h:vsw-a,cn-i:vsw-b"
_SIX = {"min_port": 1000, "max_port": 1006, "block_ports": [1003]}
_SIX_TOO = {"min_port": 1000, "max_port": 1007, "block_ports": [1003]}
"""Six ports, so that a pool is soon exhausted; where the last is not included, one more."""

_OFFERED: Mapping[Vendor, Section] = {
    kubernetes.provider: {"enable": True, "hostport": {"min_port": 8000, "max_port": 8005}},
    alibabacloud.provider: {"enable": True, "slb": _SIX, "nlb": _SIX},
    volcengine.provider: {"enable": True, "clb": _SIX_TOO},
    jdcloud.provider: {"enable": True, "nlb": {"min_port": 1000, "max_port": 1006}},
    hwcloud.provider: {"enable": True, "elb": _SIX, "cce": {"elb": _SIX}},
    amazonswebservices.provider: {"enable": True, "nlb": {"min_port": 1000, "max_port": 1005}},
    tencentcloud.provider: {"enable": True},
}
"""All vendors, each with its options."""


def _installing(name: str) -> Callable[[], NetworkPlugin]:
    """Return what makes a network type anew, as a process that starts does."""

    def install() -> NetworkPlugin:
        site = Site(SYSTEM)
        plugins = (p for vendor, it in _OFFERED.items() for p in vendor.offered(it, site))
        return next(plugin for plugin in plugins if plugin.name == name)

    return install


def _balanced(
    balancer: Balancer,
    cloud: tuple[AnyLine, ...],
    ids: str,
    elsewhere: str,
    *,
    more: str = "another",
    asking: str = "",
) -> Scenario:
    """Return the scenario of a network type that gives two of six ports to each server.

    Args:
        balancer: the network type.
        cloud: its vendor.
        ids: entry that names one load balancer, ``Name=id``.
        elsewhere: entry that names another.
        more: ids of more; empty if there cannot be any.
        asking: entry that asks for an annotation; empty if there is none.
    """
    ports, other = "PortProtocols=80/TCP,81/UDP", "PortProtocols=82/TCP"
    return Scenario(
        name=balancer.name,
        install=_installing(balancer.name),
        parameters=balancer.parameters,
        conf=entries(ids, ports),
        cloud=cloud,
        other_ports=entries(ids, other),
        asking=entries(ids, ports, asking) if asking else None,
        elsewhere=entries(elsewhere, ports),
        fixed=entries(ids, ports, "Fixed=true"),
        capacity=3,
        more_room=entries(f"{ids},{more}", ports) if more else None,
        isolates=True,
        withdraws=True,
    )


def _carried(balancers: str, ports: str) -> Conf:
    """Return a configuration with load balancers of carriers, the emptiest first."""
    return entries(f"NlbIdNames={balancers}", f"PortProtocols={ports}", "AllocatePolicy=balanced")


def _shared(shared: Shared, ids: str, elsewhere: str, *, other: str = "") -> Scenario:
    return Scenario(
        name=shared.name,
        install=_installing(shared.name),
        parameters=shared.parameters,
        conf=entries(ids, "PortProtocols=80/TCP"),
        cloud=ALIBABACLOUD,
        other_ports=entries(ids, other) if other else None,
        elsewhere=entries(elsewhere, "PortProtocols=80/TCP"),
        isolates=True,
        shares=True,
        withdraws=True,
    )


def _annotated(
    annotations: Annotations,
    cloud: tuple[AnyLine, ...],
    *lines: str,
    fixed: str = "",
    needs_cloud: bool = True,
    reached: Callable[[FakeApiServer, Pod], bool] | None = None,
) -> Scenario:
    return Scenario(
        name=annotations.name,
        install=_installing(annotations.name),
        parameters=annotations.parameters,
        conf=entries(*lines),
        cloud=cloud,
        kinds=(PodDnat, PodEip) if cloud is ALIBABACLOUD else (),
        fixed=entries(*lines, fixed) if fixed else None,
        needs_cloud=needs_cloud,
        isolates=reached is not None,
        reached=reached or reached_by_services,
        withdraws=needs_cloud,
    )


def _is_mapped(_: FakeApiServer, pod: Pod) -> bool:
    asked = pod.metadata.annotations.get("networking.cloud.tencent.com/enable-clb-port-mapping")
    return asked == "true"


def _is_bound(server: FakeApiServer, pod: Pod) -> bool:
    bindings = server.objects(TargetGroupBinding, pod.metadata.namespace)
    return any(it.spec.service_ref.name == pod.metadata.name for it in bindings)


_ARN = "arn:aws:elasticloadbalancing:us-east-1:888:loadbalancer/net"
_ASKING = "Annotations=example.com/asked:yes"
_ROUTE = ("Path=/", "PathType=Prefix", "Port=80", "Host=game<id>.example")
_AWS = (f"NlbARNs={_ARN}/a/1", "NlbVPCId=vpc-1")

SCENARIOS = (
    Scenario(
        name="Kubernetes-HostPort",
        install=_installing("Kubernetes-HostPort"),
        parameters=HostPort.parameters,
        conf=entries("ContainerPorts=game:80,SameAsHost/TCPUDP"),
        cloud=KUBERNETES,
        needs_cloud=False,
        reuses=True,
    ),
    Scenario(
        name="AmazonWebServices-NLB",
        install=_installing("AmazonWebServices-NLB"),
        parameters=NlbNetwork.parameters,
        conf=entries(*_AWS, "PortProtocols=80/TCP,81/UDP"),
        cloud=AMAZONSWEBSERVICES,
        kinds=(TargetGroup, Listener, TargetGroupBinding),
        other_ports=entries(*_AWS, "PortProtocols=82/TCP"),
        asking=entries(*_AWS, "PortProtocols=80/TCP,81/UDP", _ASKING),
        elsewhere=entries(f"NlbARNs={_ARN}/b/2", _AWS[1], "PortProtocols=80/TCP,81/UDP"),
        fixed=entries(*_AWS, "PortProtocols=80/TCP,81/UDP", "Fixed=true"),
        capacity=3,
        more_room=entries(f"{_AWS[0]},{_ARN}/b/2", _AWS[1], "PortProtocols=80/TCP,81/UDP"),
        isolates=True,
        reached=_is_bound,
    ),
    Scenario(
        name="Kubernetes-NodePort",
        install=_installing("Kubernetes-NodePort"),
        parameters=NodePort.parameters,
        conf=entries("PortProtocols=80/TCP"),
        cloud=KUBERNETES,
        other_ports=entries("PortProtocols=81/UDP"),
        fixed=entries("PortProtocols=80/TCP", "Fixed=true"),
        fixed_host=False,
        isolates=True,
    ),
    Scenario(
        name="Kubernetes-Ingress",
        install=_installing("Kubernetes-Ingress"),
        parameters=IngressNetwork.parameters,
        conf=entries(*_ROUTE),
        other_ports=entries("Path=/", "PathType=Prefix", "Port=81", "Host=game<id>.example"),
        asking=entries(*_ROUTE, "Annotation=example.com/asked: yes"),
        fixed=entries(*_ROUTE, "Fixed=true"),
        needs_cloud=False,
    ),
    _balanced(SLB, ALIBABACLOUD, "SlbIds=lb-a", "SlbIds=lb-b"),
    _balanced(ALIBABA_NLB, ALIBABACLOUD, "NlbIds=nlb-a", "NlbIds=nlb-b"),
    _balanced(
        MULTI_NLBS,
        ALIBABACLOUD,
        "NlbIdNames=nlb-a/dx,nlb-b/lt",
        "NlbIdNames=nlb-c/dx,nlb-d/lt",
        more="nlb-c/dx,nlb-d/lt",
    ),
    _balanced(VOLC_CLB, VOLCENGINE, "ClbIds=clb-a", "ClbIds=clb-b", asking=_ASKING),
    _balanced(JD_NLB, JDCLOUD, "NlbIds=nlb-a", "NlbIds=nlb-b", asking=_ASKING),
    _balanced(ELB, HWCLOUD, "ElbIds=elb-a", "ElbIds=elb-b"),
    _balanced(
        CCE_ELB,
        HWCLOUD,
        "kubernetes.io/elb.id=elb-a",
        "kubernetes.io/elb.id=elb-b",
        more="",
        asking="example.com/asked=yes",
    ),
    Scenario(
        name=AutoNlbs.name,
        install=_installing(AutoNlbs.name),
        parameters=AutoNlbs.parameters,
        conf=entries(_ZONES, "PortProtocols=80/TCP,81/UDP", "BlockPorts=1001"),
        cloud=ALIBABACLOUD,
    ),
    Scenario(
        name=AUTO_NLBS_V2.name,
        install=_installing(AUTO_NLBS_V2.name),
        parameters=AUTO_NLBS_V2.parameters,
        conf=entries(_ZONES, "PortProtocols=80/TCP,81/UDP", "BlockPorts=1001", "MaxPort=1006"),
        cloud=(*ALIBABACLOUD, *NLB_OPERATORS),
        kinds=(Nlb, Eip),
        isolates=True,
        withdraws=True,
    ),
    Scenario(
        name=AUTO_NLBS_V2.name,
        install=_installing(AUTO_NLBS_V2.name),
        conf=entries(_ZONES, "PortProtocols=80/TCP", "MaxPort=1001", "RetainNLBOnDelete=false"),
        cloud=(*ALIBABACLOUD, *NLB_OPERATORS),
        kinds=(Nlb, Eip),
        isolates=True,
        withdraws=True,
    ),
    Scenario(
        name=MULTI_NLBS.name,
        install=_installing(MULTI_NLBS.name),
        conf=_carried("nlb-a/dx,nlb-b/lt,nlb-c/dx,nlb-d/lt", "80/TCP,81/UDP"),
        cloud=ALIBABACLOUD,
        other_ports=_carried("nlb-a/dx,nlb-b/lt,nlb-c/dx,nlb-d/lt", "82/TCP"),
        elsewhere=_carried("nlb-a/dx,nlb-d/lt,nlb-c/dx,nlb-b/lt", "80/TCP,81/UDP"),
        fixed=(*_carried("nlb-a/dx,nlb-b/lt", "80/TCP"), *entries("Fixed=true")),
        isolates=True,
        withdraws=True,
    ),
    Scenario(
        name=CCE_ELB.name,
        install=_installing(CCE_ELB.name),
        conf=entries("kubernetes.io/elb.autocreate={}", "PortProtocols=80/TCP,81/UDP"),
        cloud=HWCLOUD,
        other_ports=entries("kubernetes.io/elb.autocreate={}", "PortProtocols=82/TCP"),
        elsewhere=entries("kubernetes.io/elb.id=elb-b", "PortProtocols=80/TCP,81/UDP"),
        fixed=entries("kubernetes.io/elb.autocreate={}", "PortProtocols=80/TCP", "Fixed=true"),
        isolates=True,
        withdraws=True,
    ),
    _shared(SLB_SHARED, "SlbIds=lb-a", "SlbIds=lb-b"),
    Scenario(
        name=SLB_SHARED.name,
        install=lambda: SharedNetwork(SLB_SHARED, places("alibabacloud-slb-shared", SYSTEM, 2)),
        conf=entries("SlbIds=lb-a,lb-b", "PortProtocols=80/TCP"),
        cloud=ALIBABACLOUD,
        capacity=4,
        more_room=entries("SlbIds=lb-a,lb-b,lb-c", "PortProtocols=80/TCP"),
        isolates=True,
        shares=True,
        withdraws=True,
    ),
    _shared(NLB_SHARED, "NlbIds=nlb-a", "NlbIds=nlb-b", other="PortProtocols=81/UDP"),
    _annotated(NATGW, ALIBABACLOUD, "Ports=80,81", fixed="Fixed=true"),
    _annotated(ALIBABA_EIP, ALIBABACLOUD, "Bandwidth=5", fixed="ReleaseStrategy=Never"),
    _annotated(VOLC_EIP, VOLCENGINE, "bandwidth=5"),
    _annotated(JD_EIP, JDCLOUD, "Bandwidth=5", fixed="Fixed=true"),
    _annotated(CCE_EIP, HWCLOUD, "yangtse.io/pod-with-eip=true", needs_cloud=False),
    _annotated(TENCENT_CLB, TENCENTCLOUD, "PortProtocols=80/TCP", reached=_is_mapped),
)
