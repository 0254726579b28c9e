"""Services of blocks of pods, for each of which the cloud makes a load balancer."""

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import Container, ContainerPort, Pod, PodCondition, PodSpec, PodStatus
from okg.api.game import GameServerSet, GameServerSetSpec, Network
from okg.api.meta import ObjectMeta
from okg.api.service import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from okg.cloudprovider.alibabacloud.auto_nlbs import (
    PARAMETERS,
    AutoNlbs,
    build_service,
    service_name,
)
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.context import Context
from okg.errors import ServerError
from unit.cloudprovider.golden import GSS, NO_PROXY, conf_of, spec_of
from unit.controllers.memory import MemoryClient

CTX = Context()
ALB = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
GATE = "service.readiness.alibabacloud.com/"
STATUS = "game.kruise.io/network-status"
CONF = ("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCP", "MaxPort=1001", "ReserveNlbNum=0")


def _set(*lines: str, replicas: int = 1) -> GameServerSet:
    network = Network(network_type="AlibabaCloud-AutoNLBs", network_conf=conf_of(*lines))
    return replace(GSS, spec=GameServerSetSpec(replicas=replicas, network=network))


def _pod(*lines: str, ordinal: int = 0, ready: str = "True") -> Pod:
    meta = ObjectMeta(
        name=f"gss-{ordinal}",
        namespace="ns",
        uid="u",
        labels={"game.kruise.io/owner-gss": "gss"},
        annotations={"game.kruise.io/network-conf": msgspec.json.encode(conf_of(*lines)).decode()},
    )
    conditions = (PodCondition(type="Ready", status=ready),)
    containers = (
        Container(name="game", ports=(ContainerPort(container_port=80),)),
        Container(name="sidecar", ports=(ContainerPort(container_port=81, name="own"),)),
    )
    return Pod(
        metadata=meta,
        spec=PodSpec(containers=containers),
        status=PodStatus(pod_ip="10.0.0.1", conditions=conditions),
    )


def _names(client: MemoryClient) -> list[str]:
    return sorted(service.metadata.name for service in client.list(Service))


def _service(client: MemoryClient, name: str) -> Service:
    service = client.get(Service, "ns", name)
    assert service is not None
    return service


def _answer(client: MemoryClient, name: str, host: str) -> None:
    ingress = (LoadBalancerIngress(hostname=host),)
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
    client.put(replace(_service(client, name), status=status))


def test_the_service_of_a_block() -> None:
    conf = PARAMETERS.read(
        conf_of("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCP", "MaxPort=1001")
    )

    service = build_service(conf, GSS, "BGP", 0)

    assert service.metadata.name == "gss-bgp-0"
    assert service.metadata.labels == NO_PROXY
    assert [(o.kind, o.name, o.uid) for o in service.metadata.owner_references] == [
        ("GameServerSet", "gss", "gu")
    ]
    assert service.metadata.annotations == {
        f"{ALB}health-check-connect-port": "0",
        f"{ALB}health-check-connect-timeout": "5",
        f"{ALB}health-check-flag": "on",
        f"{ALB}health-check-interval": "10",
        f"{ALB}health-check-type": "tcp",
        f"{ALB}healthy-threshold": "2",
        f"{ALB}unhealthy-threshold": "2",
        f"{ALB}zone-maps": "vpc-x@h:a,i:b",
    }
    assert spec_of(service) == {
        "ports": [
            {"name": "tcp-0-80", "protocol": "TCP", "port": 1000, "targetPort": "tcp-0-80"},
            {"name": "tcp-1-80", "protocol": "TCP", "port": 1001, "targetPort": "tcp-1-80"},
        ],
        "selector": {"game.kruise.io/owner-gss": "gss"},
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "allocateLoadBalancerNodePorts": False,
        "loadBalancerClass": "alibabacloud.com/nlb",
    }


def test_both_protocols_share_a_port_and_blocked_ports_are_passed_over() -> None:
    conf = PARAMETERS.read(
        conf_of(
            "ZoneMaps=vpc-x@h:a,i:b",
            "PortProtocols=80/TCPUDP",
            "MaxPort=1004",
            "BlockPorts=1002",
        )
    )

    service = build_service(conf, GSS, "intranet", 3)

    assert service.metadata.name == "gss-intranet-3"
    assert service.metadata.annotations[f"{ALB}address-type"] == "intranet"
    assert [(port.name, port.protocol, port.port) for port in service.spec.ports] == [
        ("tcp-12-80", "TCP", 1000),
        ("udp-12-80", "UDP", 1000),
        ("tcp-13-80", "TCP", 1001),
        ("udp-13-80", "UDP", 1001),
        ("tcp-14-80", "TCP", 1003),
        ("udp-14-80", "UDP", 1003),
        ("tcp-15-80", "TCP", 1004),
        ("udp-15-80", "UDP", 1004),
    ]


@pytest.mark.parametrize(
    ("isp_type", "name"),
    [("bgp", "gss-bgp-0"), ("BGP", "gss-bgp-0"), ("BGP_PRO", "gss-bgp-pro-0")],
)
def test_a_type_of_line_is_as_it_is_written_only_where_a_name_can_be_so(
    isp_type: str, name: str
) -> None:
    assert service_name("gss", isp_type, 0) == name


def test_a_new_pod_finds_the_services_of_its_whole_set_and_of_the_reserve() -> None:
    lines = (*CONF[:3], "ReserveNlbNum=1", "EipIspTypes=BGP,ChinaTelecom")
    client = MemoryClient(_set(*lines, replicas=3))
    network = AutoNlbs()

    network.on_pod_added(CTX, client, _pod(*lines))
    network.on_pod_added(CTX, client, _pod(*lines, ordinal=1))

    assert _names(client) == [
        "gss-bgp-0",
        "gss-bgp-1",
        "gss-bgp-2",
        "gss-chinatelecom-0",
        "gss-chinatelecom-1",
        "gss-chinatelecom-2",
    ]
    assert len(client.writes) == 6


def test_what_a_set_has_grown_to_is_found_again_by_any_replica() -> None:
    client = MemoryClient(_set(*CONF))

    AutoNlbs().on_pod_added(CTX, client, _pod(*CONF, ordinal=7))
    AutoNlbs().on_pod_added(CTX, client, _pod(*CONF, ordinal=0))

    assert _names(client) == ["gss-bgp-0", "gss-bgp-1", "gss-bgp-2", "gss-bgp-3"]
    assert len(client.writes) == 4


def test_a_service_that_another_replica_has_just_made_is_no_failure() -> None:
    client = MemoryClient(_set(*CONF))
    client.lag(Service)

    AutoNlbs().on_pod_added(CTX, client, _pod(*CONF))
    AutoNlbs().on_pod_added(CTX, client, _pod(*CONF))

    assert len(client.objects) == 2


def test_a_new_pod_gets_named_ports_and_waits_for_its_services() -> None:
    lines = ("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCPUDP,90", "EipIspTypes=BGP,bgp2")
    client = MemoryClient(_set(*lines))

    pod = AutoNlbs().on_pod_added(CTX, client, _pod(*lines, ordinal=3))

    game, sidecar = pod.spec.containers
    assert [(port.name, port.container_port, port.protocol) for port in game.ports] == [
        ("tcp-3-80", 80, "TCP"),
        ("udp-3-80", 80, "UDP"),
        ("tcp-3-90", 90, "TCP"),
    ]
    assert sidecar.ports == (ContainerPort(container_port=81, name="own"),)
    assert [gate.condition_type for gate in pod.spec.readiness_gates] == [
        f"{GATE}gss-bgp-0",
        f"{GATE}gss-bgp2-0",
    ]
    assert AutoNlbs().on_pod_added(CTX, client, pod) == pod


def test_a_pod_is_made_though_its_services_cannot_be_yet() -> None:
    client = MemoryClient(_set(*CONF))
    client.refusals[Service] = ServerError(500, "InternalError", "etcd")
    network = AutoNlbs()

    pod = network.on_pod_added(CTX, client, _pod(*CONF))
    none = _names(client)
    client.refusals.clear()
    network.on_pod_updated(CTX, client, network.on_pod_updated(CTX, client, pod))

    assert none == []
    assert _names(client) == ["gss-bgp-0"]


def test_a_pod_whose_set_is_not_there_yet_is_made_all_the_same() -> None:
    client = MemoryClient()

    pod = AutoNlbs().on_pod_added(CTX, client, _pod(*CONF))

    assert [gate.condition_type for gate in pod.spec.readiness_gates] == [f"{GATE}gss-bgp-0"]
    assert client.writes == []


@pytest.mark.parametrize("missing", ["ZoneMaps", "PortProtocols"])
def test_a_stored_configuration_without_zones_or_ports_cannot_work(missing: str) -> None:
    lines = [line for line in CONF if not line.startswith(missing)]

    with pytest.raises(PluginError, match=f"{missing} is missing") as refusal:
        AutoNlbs().on_pod_updated(CTX, MemoryClient(_set()), _pod(*lines))

    assert refusal.value.type is PluginErrorType.PARAMETER


def test_a_pod_is_told_first_and_then_where_all_its_lines_lead() -> None:
    lines = ("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCPUDP", "EipIspTypes=BGP,X")
    client = MemoryClient(_set(*lines))
    network = AutoNlbs()
    told = network.on_pod_updated(CTX, client, network.on_pod_added(CTX, client, _pod(*lines)))
    waiting = network.on_pod_updated(CTX, client, told)
    _answer(client, "gss-bgp-0", "hostA")
    half = network.on_pod_updated(CTX, client, waiting)
    _answer(client, "gss-x-0", "hostB")

    ready = network.on_pod_updated(CTX, client, half)

    not_ready = '{"currentNetworkState":"NotReady","createTime":null,"lastTransitionTime":null}'
    assert told.metadata.annotations[STATUS] == not_ready
    assert waiting is told
    assert half is told
    assert ready.metadata.annotations[STATUS] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":['
        '{"name":"tcp-0-80","protocol":"TCP","port":80},'
        '{"name":"udp-0-80","protocol":"UDP","port":80}]}],'
        '"externalAddresses":[{"ip":"","ports":['
        '{"name":"tcp-0-80","protocol":"TCP","port":1000},'
        '{"name":"udp-0-80","protocol":"UDP","port":1000}],"endPoint":"hostA/BGP,hostB/X"}],'
        '"currentNetworkState":"Ready","createTime":null,"lastTransitionTime":null}'
    )


def _ready(client: MemoryClient, *lines: str) -> Pod:
    network = AutoNlbs()
    pod = network.on_pod_updated(CTX, client, network.on_pod_added(CTX, client, _pod(*lines)))
    _answer(client, "gss-bgp-0", "host")
    return network.on_pod_updated(CTX, client, pod)


def test_a_network_that_is_ready_costs_nothing_more() -> None:
    client = MemoryClient(_set(*CONF))
    pod = _ready(client, *CONF)
    written = len(client.writes)

    assert AutoNlbs().on_pod_updated(CTX, client, pod) is pod
    assert len(client.writes) == written


def test_a_pod_that_is_not_ready_has_no_network() -> None:
    client = MemoryClient(_set(*CONF))
    pod = _ready(client, *CONF)
    unready = replace(pod, status=_pod(*CONF, ready="False").status)

    after = AutoNlbs().on_pod_updated(CTX, client, unready)

    assert '"currentNetworkState":"NotReady"' in after.metadata.annotations[STATUS]
    assert '"endPoint":"host/BGP"' in after.metadata.annotations[STATUS]


def test_a_service_that_somebody_removed_is_made_again() -> None:
    client = MemoryClient(_set(*CONF))
    pod = _ready(client, *CONF)
    client.remove(Service, "ns/gss-bgp-0")

    after = AutoNlbs().on_pod_updated(CTX, client, pod)

    assert '"currentNetworkState":"NotReady"' in after.metadata.annotations[STATUS]
    assert _names(client) == ["gss-bgp-0"]


def test_services_of_a_set_that_is_gone_are_not_made_for_another() -> None:
    client = MemoryClient(_set(*CONF))
    pod = _ready(client, *CONF)
    client.put(replace(_set(*CONF), metadata=replace(GSS.metadata, uid="another")))
    written = len(client.writes)

    after = AutoNlbs().on_pod_updated(CTX, client, pod)

    assert '"currentNetworkState":"NotReady"' in after.metadata.annotations[STATUS]
    assert len(client.writes) == written


def test_another_configuration_reaches_services_by_the_pods_that_have_it() -> None:
    client = MemoryClient(_set(*CONF))
    old = _ready(client, *CONF)
    before = _service(client, "gss-bgp-0")
    lines = (*CONF, "LBHealthCheckInterval=20", "ExternalTrafficPolicyType=cluster")
    client.put(_set(*lines))
    annotations = {**old.metadata.annotations, **_pod(*lines).metadata.annotations}
    new = replace(old, metadata=replace(old.metadata, annotations=annotations))
    written = len(client.writes)

    AutoNlbs().on_pod_updated(CTX, client, old)
    AutoNlbs().on_pod_updated(CTX, client, new)
    AutoNlbs().on_pod_updated(CTX, client, old)

    service = _service(client, "gss-bgp-0")
    assert service.spec.external_traffic_policy == "Cluster"
    assert service.metadata.annotations[f"{ALB}health-check-interval"] == "20"
    assert service.status == before.status
    assert client.writes[written:] == ["patch Service gss-bgp-0"]


def test_nothing_is_given_back_with_a_pod() -> None:
    client = MemoryClient(_set(*CONF))

    AutoNlbs().on_pod_deleted(CTX, client, _ready(client, *CONF))

    assert _names(client) == ["gss-bgp-0"]
