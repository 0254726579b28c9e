"""Servers that share the ports of a load balancer."""

import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.meta import ObjectMeta
from okg.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from okg.cloudprovider.alibabacloud.nlb_shared import NLB_SHARED
from okg.cloudprovider.alibabacloud.shared import Shared, SharedNetwork
from okg.cloudprovider.alibabacloud.slb_shared import SLB_SHARED
from okg.cloudprovider.plugin import PluginError
from okg.cloudprovider.pod_network import read_pod_network
from okg.context import Context
from unit.cloudprovider.golden import GSS, HASH, spec_of
from unit.cloudprovider.network_pods import a_pod, disabled
from unit.controllers.memory import MemoryClient

CTX = Context()
ALB = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
BEHIND = "service.k8s.alibaba/loadbalancer-id"
STATUS = "game.kruise.io/network-status"
SLB = ("SlbIds=lb-a", "PortProtocols=80/TCP", "ManagedServiceSelector=in=yes")
NLB = ("NlbIds=nlb-a", "PortProtocols=80/TCP")


def _service(client: MemoryClient, name: str) -> Service:
    return client.expect(Service, f"ns/{name}")


def _answered(client: MemoryClient, name: str) -> None:
    ingress = (LoadBalancerIngress(ip="1.2.3.4", hostname="nlb.example"),)
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
    client.put(replace(_service(client, name), status=status))


def _ready(shared: Shared, client: MemoryClient, balancer: str, *lines: str) -> Pod:
    network = SharedNetwork(shared)
    pod = network.on_pod_updated(CTX, client, network.on_pod_added(CTX, client, a_pod(*lines)))
    _answered(client, balancer)
    return network.on_pod_updated(CTX, client, pod)


def test_the_service_of_a_classic_load_balancer() -> None:
    client = MemoryClient(GSS)

    pod = SharedNetwork(SLB_SHARED).on_pod_added(CTX, client, a_pod(*SLB))

    service = _service(client, "lb-a")
    assert pod.metadata.labels[BEHIND] == "lb-a"
    assert pod.metadata.labels["in"] == "yes"
    assert STATUS not in pod.metadata.annotations
    assert service.metadata.labels == {"game.kruise.io/AlibabaCloud-SLB-SharedPort": "true"}
    assert service.metadata.annotations == {
        f"{ALB}force-override-listeners": "true",
        f"{ALB}id": "lb-a",
    }
    assert [owner.uid for owner in service.metadata.owner_references] == ["gu"]
    assert spec_of(service) == {
        "ports": [{"name": "80", "protocol": "TCP", "port": 80, "targetPort": 80}],
        "selector": {BEHIND: "lb-a"},
        "type": "LoadBalancer",
    }


def test_the_service_of_a_network_load_balancer() -> None:
    client = MemoryClient(GSS)

    SharedNetwork(NLB_SHARED).on_pod_added(CTX, client, a_pod(*NLB))

    service = _service(client, "nlb-a")
    assert service.metadata.labels == {}
    assert service.metadata.annotations == {
        HASH: "2642386481",
        f"{ALB}force-override-listeners": "true",
        f"{ALB}id": "nlb-a",
    }
    assert spec_of(service) == {
        "ports": [{"name": "80", "protocol": "TCP", "port": 80, "targetPort": 80}],
        "selector": {BEHIND: "nlb-a"},
        "type": "LoadBalancer",
        "loadBalancerClass": "alibabacloud.com/nlb",
    }


@pytest.mark.parametrize(
    ("shared", "balancer", "lines", "host"),
    [
        (SLB_SHARED, "lb-a", SLB, '{"ip":"1.2.3.4","ports":[%s]}'),
        (NLB_SHARED, "nlb-a", NLB, '{"ip":"","ports":[%s],"endPoint":"nlb.example"}'),
    ],
)
def test_a_server_is_told_where_its_load_balancer_is(
    shared: Shared, balancer: str, lines: tuple[str, ...], host: str
) -> None:
    pod = _ready(shared, MemoryClient(GSS), balancer, *lines)

    port = '{"name":"80","protocol":"TCP","port":80}'
    assert pod.metadata.annotations[STATUS] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[' + port + "]}],"
        '"externalAddresses":[' + host % port + '],"currentNetworkState":"Ready",'
        '"createTime":null,"lastTransitionTime":null}'
    )


def test_a_server_leaves_its_load_balancer_and_comes_back() -> None:
    client = MemoryClient(GSS)
    network = SharedNetwork(SLB_SHARED)
    pod = _ready(SLB_SHARED, client, "lb-a", *SLB)

    cut = network.on_pod_updated(CTX, client, disabled(pod, "true"))
    back = network.on_pod_updated(CTX, client, disabled(cut, "false"))

    assert BEHIND not in cut.metadata.labels
    assert "in" not in cut.metadata.labels
    assert '"currentNetworkState":"NotReady"' in cut.metadata.annotations[STATUS]
    assert back.metadata.labels[BEHIND] == "lb-a"
    assert '"currentNetworkState":"Ready"' in back.metadata.annotations[STATUS]


def test_the_emptiest_load_balancer_is_taken_and_a_full_one_never() -> None:
    behind = [
        Pod(metadata=ObjectMeta(name=f"a-{i}", namespace="other", labels={BEHIND: "lb-a"}))
        for i in range(200)
    ]
    network = SharedNetwork(SLB_SHARED)
    lines = ("SlbIds=lb-a,lb-b,", "PortProtocols=80")

    pod = network.on_pod_added(CTX, MemoryClient(GSS, *behind), a_pod(*lines))

    assert pod.metadata.labels[BEHIND] == "lb-b"
    with pytest.raises(PluginError, match="lb-a has 200 of 200 pods; add a load balancer"):
        network.on_pod_added(CTX, MemoryClient(GSS, *behind), a_pod(*SLB))


def test_other_ports_reach_the_service() -> None:
    client = MemoryClient(GSS)
    pod = _ready(NLB_SHARED, client, "nlb-a", *NLB)
    annotations = a_pod("NlbIds=nlb-a", "PortProtocols=81/UDP").metadata.annotations
    meta = replace(pod.metadata, annotations={**pod.metadata.annotations, **annotations})

    pod = SharedNetwork(NLB_SHARED).on_pod_updated(CTX, client, replace(pod, metadata=meta))

    status = read_pod_network(pod).status
    assert status is not None
    assert status.current_network_state == "NotReady"
    assert [(p.port, p.protocol) for p in _service(client, "nlb-a").spec.ports] == [(81, "UDP")]
