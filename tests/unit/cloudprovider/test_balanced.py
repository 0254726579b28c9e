"""The way of a pod's Service, look by look."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.meta import OwnerReference
from okg.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from okg.cloudprovider.alibabacloud.nlb import NLB
from okg.cloudprovider.balanced import BalancedNetwork
from okg.cloudprovider.balancer import placed_by
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.ports import PortRange
from okg.context import Context
from unit.cloudprovider.golden import GSS
from unit.cloudprovider.network_pods import a_pod, changed, disabled, status_of
from unit.controllers.memory import MemoryClient

CTX = Context()
CONF = ("NlbIds=nlb-a", "PortProtocols=80/TCP")


class _Cloud:
    """One network type on a cluster in memory, and the cloud's side of it."""

    def __init__(self) -> None:
        self.client = MemoryClient(GSS)
        allowed = PortRange(low=1000, high=1002)
        self.pool = Pool("alibabacloud-nlb", "system", allowed, placed_by(NLB.id_keys))
        self.plugin = BalancedNetwork(NLB, self.pool)

    def look(self, pod: Pod, times: int = 1) -> Pod:
        for _ in range(times):
            pod = self.plugin.on_pod_updated(CTX, self.client, pod)
        return pod

    @property
    def service(self) -> Service:
        service = self.client.get(Service, "ns", "gss-3")
        assert service is not None
        return service

    def answer(self, hostname: str = "nlb-a.example") -> None:
        ingress = (LoadBalancerIngress(hostname=hostname),)
        status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
        self.pool.observe(None, self.client.put(replace(self.service, status=status)))

    def ready(self, *lines: str) -> Pod:
        """Return a pod whose network is Ready."""
        pod = self.look(a_pod(*lines), times=2)
        self.answer()
        return self.look(pod)


@pytest.fixture
def cloud() -> _Cloud:
    return _Cloud()


def test_a_pod_is_told_first_then_gets_its_service_then_its_addresses(cloud: _Cloud) -> None:
    told = cloud.look(a_pod(*CONF))
    made = cloud.look(told)
    waiting = cloud.look(made)
    cloud.answer()
    ready = cloud.look(waiting)

    assert status_of(told).current_network_state == "NotReady"
    assert status_of(waiting).current_network_state == "NotReady"
    assert ready.metadata.annotations["game.kruise.io/network-status"] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":80}]}],'
        '"externalAddresses":[{"ip":"","ports":[{"name":"80","protocol":"TCP","port":1000}],'
        '"endPoint":"nlb-a.example"}],"currentNetworkState":"Ready","createTime":null,'
        '"lastTransitionTime":null}'
    )


def test_a_network_that_is_ready_costs_nothing_more(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF)
    written = len(cloud.client.writes)

    assert cloud.look(pod) is pod
    assert len(cloud.client.writes) == written


def test_the_cloud_takes_back_what_it_gave(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF)
    cloud.client.put(replace(cloud.service, status=ServiceStatus()))

    status = status_of(cloud.look(pod))

    assert status.current_network_state == "NotReady"
    assert status.external_addresses[0].end_point == "nlb-a.example"


def test_another_configuration_reaches_the_service_and_leaves_the_clouds_own_alone(
    cloud: _Cloud,
) -> None:
    pod = cloud.ready(*CONF)
    labels = {**cloud.service.metadata.labels, "service.k8s.alibaba/loadbalancer-id": "nlb-a"}
    meta = replace(cloud.service.metadata, labels=labels, finalizers=("cloud/cleanup",))
    cloud.client.put(replace(cloud.service, metadata=meta))

    told = cloud.look(changed(pod, *CONF, "LBHealthCheckInterval=20"))
    again = cloud.look(told)

    meta = cloud.service.metadata
    prefix = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
    assert status_of(told).current_network_state == "NotReady"
    assert status_of(again).current_network_state == "Ready"
    assert meta.annotations[f"{prefix}health-check-interval"] == "20"
    assert meta.labels["service.k8s.alibaba/loadbalancer-id"] == "nlb-a"
    assert meta.finalizers == ("cloud/cleanup",)


@pytest.mark.parametrize(
    ("lines", "expected"), [((), False), (("AllowNotReadyContainers=game",), True)]
)
def test_a_server_that_is_not_ready_stays_reached_only_where_that_is_asked_for(
    cloud: _Cloud, lines: tuple[str, ...], *, expected: bool
) -> None:
    pod = cloud.ready(*CONF, *lines)
    service = cloud.service
    cloud.client.put(replace(service, spec=replace(service.spec, publish_not_ready_addresses=True)))

    cloud.look(changed(pod, *CONF, *lines, "LBHealthCheckInterval=20"), times=2)

    assert cloud.service.spec.publish_not_ready_addresses is expected


def test_more_ports_are_drawn_beside_those_there_are_and_fewer_keep_the_first(
    cloud: _Cloud,
) -> None:
    pod = cloud.ready(*CONF)

    pod = cloud.look(changed(pod, "NlbIds=nlb-a", "PortProtocols=80/TCP,81/UDP"))
    more = [(port.port, port.target_port) for port in cloud.service.spec.ports]
    cloud.look(changed(pod, "NlbIds=nlb-a", "PortProtocols=82/TCP"))
    fewer = [(port.port, port.target_port) for port in cloud.service.spec.ports]

    assert more == [(1000, 80), (1001, 81)]
    assert fewer == [(1000, 82)]


def test_a_server_stays_on_its_load_balancer_when_another_is_configured(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF)

    cloud.look(changed(pod, "NlbIds=nlb-b", "PortProtocols=80/TCP"))

    assert (
        cloud.service.metadata.annotations[
            "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id"
        ]
        == "nlb-a"
    )


def test_a_server_is_cut_off_and_let_back_with_all_its_service_had(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF)

    pod = cloud.look(disabled(pod, "true"))
    cut = cloud.service.spec
    pod = cloud.look(disabled(pod, "false"))
    back = cloud.service.spec

    assert (cut.type, cut.load_balancer_class, cut.ports[0].port) == ("ClusterIP", "", 1000)
    assert (back.type, back.load_balancer_class) == ("LoadBalancer", "alibabacloud.com/nlb")
    assert back.external_traffic_policy == "Local"


def test_a_server_that_is_cut_off_is_not_ready_whatever_its_cloud_said_last(cloud: _Cloud) -> None:
    pod = cloud.look(disabled(cloud.ready(*CONF), "true"))
    cloud.answer()

    told = cloud.look(pod)

    assert cloud.service.spec.type == "ClusterIP"
    assert status_of(told).current_network_state == "NotReady"


def test_a_service_of_an_earlier_pod_is_waited_for(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF)
    anew = replace(pod, metadata=replace(pod.metadata, uid="another"))
    written = len(cloud.client.writes)

    told = cloud.look(anew)

    assert status_of(told).current_network_state == "NotReady"
    assert len(cloud.client.writes) == written


def test_a_service_of_an_earlier_set_is_waited_for(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF, "Fixed=true")
    cloud.client.put(replace(GSS, metadata=replace(GSS.metadata, uid="another")))
    written = len(cloud.client.writes)

    told = cloud.look(pod)

    assert status_of(told).current_network_state == "NotReady"
    assert len(cloud.client.writes) == written


def test_a_service_that_goes_is_waited_for(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF)
    going = replace(
        cloud.service.metadata,
        deletion_timestamp=datetime(2026, 1, 2, tzinfo=UTC),
        finalizers=("cloud/cleanup",),
    )
    cloud.client.put(replace(cloud.service, metadata=going))
    written = len(cloud.client.writes)

    told = cloud.look(changed(pod, *CONF, "LBHealthCheckInterval=20"))

    assert status_of(told).current_network_state == "NotReady"
    assert len(cloud.client.writes) == written


def test_a_fixed_service_is_the_sets_and_waits_for_the_next_pod(cloud: _Cloud) -> None:
    pod = cloud.ready(*CONF, "Fixed=true")
    anew = replace(pod, metadata=replace(pod.metadata, uid="another"))

    ready = cloud.look(anew)

    assert cloud.service.metadata.owner_references == (
        OwnerReference(
            api_version="game.kruise.io/v1alpha1",
            kind="GameServerSet",
            name="gss",
            uid="gu",
            controller=True,
            block_owner_deletion=True,
        ),
    )
    assert status_of(ready).current_network_state == "Ready"


def test_a_full_load_balancer_is_told_with_its_numbers(cloud: _Cloud) -> None:
    taken = ["NlbIds=nlb-a", "PortProtocols=80/TCP,81/TCP,82/TCP"]
    cloud.ready(*taken)
    other = replace(a_pod(*CONF), metadata=replace(a_pod(*CONF).metadata, name="gss-4", uid="v"))

    with pytest.raises(PluginError, match="nlb-a has 0 free of 3 in 1000-1002") as raised:
        cloud.look(other, times=2)

    assert raised.value.type is PluginErrorType.PARAMETER


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("PortProtocols=80/TCP",), "no load balancer is configured"),
        (("NlbIds=nlb-a",), "no port is configured"),
        ((*CONF, "LBHealthCheckInterval=0"), 'LBHealthCheckInterval: "0" is malformed'),
    ],
)
def test_a_configuration_that_cannot_work_is_told(
    cloud: _Cloud, lines: tuple[str, ...], message: str
) -> None:
    with pytest.raises(PluginError, match=message):
        cloud.look(a_pod(*lines), times=2)


def test_a_service_that_another_replica_has_just_made_is_no_trouble(cloud: _Cloud) -> None:
    pod = cloud.look(a_pod(*CONF))
    cloud.client.lag(Service)
    made = cloud.look(pod)

    assert cloud.look(made) == made


def test_without_its_set_a_fixed_server_keeps_its_service_to_itself(cloud: _Cloud) -> None:
    cloud.client.remove(GameServerSet, "ns/gss")

    cloud.look(a_pod(*CONF, "Fixed=true"), times=2)

    assert [owner.kind for owner in cloud.service.metadata.owner_references] == ["Pod"]
