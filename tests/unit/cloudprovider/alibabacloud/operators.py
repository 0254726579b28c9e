"""A set with load balancers of its own on a cluster in memory, and the operators' side of it."""

import msgspec
from msgspec.structs import replace

from okg.api.alibaba_nlb import Eip, EipStatus, Nlb, NlbStatus
from okg.api.core import Pod, PodStatus
from okg.api.game import (
    GameServerSet,
    GameServerSetSpec,
    GameServerTemplate,
    Network,
)
from okg.api.meta import ObjectMeta
from okg.api.resource import O, Object
from okg.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from okg.cloudprovider.alibabacloud.auto_network import AutoNetwork
from okg.cloudprovider.alibabacloud.auto_nlbs_v2 import AUTO_NLBS_V2
from okg.context import Context
from unit.cloudprovider.golden import GSS, conf_of
from unit.controllers.memory import MemoryClient

STATUS = "game.kruise.io/network-status"
SMALL = ("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCP", "MaxPort=1001")
"""Two servers on a load balancer, and one load balancer in reserve."""
KEPT = (*SMALL, "RetainNLBOnDelete=false")


def a_set(*lines: str, replicas: int = 1) -> GameServerSet:
    network = Network(network_type=AUTO_NLBS_V2.name, network_conf=conf_of(*lines))
    spec = msgspec.Raw(b'{"containers":[{"name":"game","image":"game:2"}]}')
    template = GameServerTemplate(spec=spec)
    return replace(
        GSS,
        spec=GameServerSetSpec(replicas=replicas, network=network, game_server_template=template),
    )


def a_pod(*lines: str, ordinal: int = 0) -> Pod:
    text = msgspec.json.encode(conf_of(*lines)).decode()
    meta = ObjectMeta(
        name=f"gss-{ordinal}",
        namespace="ns",
        uid="u",
        labels={"game.kruise.io/owner-gss": "gss"},
        annotations={"game.kruise.io/network-conf": text},
    )
    return Pod(metadata=meta, status=PodStatus(pod_ip="10.0.0.1"))


class Operators:
    """The network type, and what others do for it.

    Args:
        lines: configuration of the set.
        replicas: of the set.
    """

    def __init__(self, *lines: str, replicas: int = 1) -> None:
        self.client = MemoryClient(a_set(*lines, replicas=replicas))
        self.plugin = AutoNetwork(AUTO_NLBS_V2)

    def look(self, pod: Pod) -> Pod:
        return self.plugin.on_pod_updated(Context(), self.client, pod)

    def allocate(self) -> None:
        """Give ids to all addresses that have none."""
        for eip in self.client.list(Eip):
            self.client.put(replace(eip, status=EipStatus(allocation_id=f"id-{_name(eip)}")))

    def build(self) -> None:
        """Give ids to all load balancers that have none."""
        for nlb in self.client.list(Nlb):
            self.client.put(replace(nlb, status=NlbStatus(load_balancer_id=f"id-{_name(nlb)}")))

    def answer(self) -> None:
        """Say of all Services where they are reached."""
        for service in self.client.list(Service):
            ingress = (LoadBalancerIngress(hostname=f"{_name(service)}.nlb"),)
            status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
            self.client.put(replace(service, status=status))

    def ready(self, pod: Pod) -> Pod:
        """Return the pod when its network is Ready."""
        pod = self.look(pod)
        self.allocate()
        pod = self.look(pod)
        self.build()
        pod = self.look(pod)
        self.answer()
        return self.look(pod)

    def find(self, kind: type[O], name: str) -> O:
        return self.client.expect(kind, f"ns/{name}")

    def names(self, kind: type[O]) -> list[str]:
        return sorted(_name(obj) for obj in self.client.list(kind))


def _name(obj: Object) -> str:
    return obj.metadata.name
