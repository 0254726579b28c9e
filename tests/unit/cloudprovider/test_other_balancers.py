"""Services of other clouds as the Go manager makes them."""

import pytest

from okg.cloudprovider.amazonswebservices.parameters import ARN, PARAMETERS as AWS
from okg.cloudprovider.balancer import Balancer, Draft, Member, build_service
from okg.cloudprovider.hwcloud.elb import ELB
from okg.cloudprovider.hwcloud.elb_cce import CCE_ELB
from okg.cloudprovider.jdcloud.nlb import NLB
from okg.cloudprovider.parameters import Parameters
from okg.cloudprovider.plugin import PluginError
from okg.cloudprovider.volcengine.clb import CLB
from okg.workload.ownership import controlled_by
from unit.cloudprovider.golden import HASH, POD, SELECTOR, built, conf_of, spec_of

VLB = "service.beta.kubernetes.io/volcengine-loadbalancer-"
JLB = "service.beta.kubernetes.io/jdcloud-"
ELB_PREFIX = "kubernetes.io/elb."
AWS_ARN = "NlbARNs=arn:aws:elasticloadbalancing:us-east-1:888:loadbalancer/net/a/1"


def test_a_service_of_volcengine() -> None:
    service = built(
        CLB,
        "ClbIds=clb-a,clb-b,clb-a",
        "PortProtocols=80/TCP,7777/UDP",
        "Annotations=k:v,a:w,bad,x:y:z",
        ports=(500, 502),
    )

    assert service.metadata.labels == {}
    assert service.metadata.annotations == {
        "a": "w",
        HASH: "387844239",
        "game.kruise.io/network-conf-annotations": "a,k",
        "k": "v",
        f"{VLB}address-type": "PUBLIC",
        f"{VLB}id": "clb-a",
        f"{VLB}scheduler": "wrr",
    }
    assert spec_of(service) == {
        "ports": [
            {"name": "80-tcp", "protocol": "TCP", "port": 500, "targetPort": 80},
            {"name": "7777-udp", "protocol": "UDP", "port": 502, "targetPort": 7777},
        ],
        "selector": SELECTOR,
        "type": "LoadBalancer",
        "allocateLoadBalancerNodePorts": True,
    }


@pytest.mark.parametrize(
    ("balancer", "ids", "key"),
    [
        (CLB, "ClbIds=lb-a", f"{VLB}id"),
        (CLB, "ClbIds=lb-a", HASH),
        (NLB, "NlbIds=lb-a", f"{JLB}loadbalancer-id"),
        (NLB, "NlbIds=lb-a", HASH),
    ],
)
def test_nobodys_annotation_moves_a_server_or_hides_a_change(
    balancer: Balancer, ids: str, key: str
) -> None:
    lines = (ids, "PortProtocols=80/TCP")
    plain = built(balancer, *lines, "Annotations=k:v", ports=(500,))
    service = built(balancer, *lines, f"Annotations=k:v,{key}:mine", ports=(500,))

    assert service == plain
    assert service.metadata.annotations["k"] == "v"


@pytest.mark.parametrize(
    ("parameters", "lines", "key"),
    [
        (CLB.parameters, ("ClbIds=lb-a",), f"{VLB}id"),
        (NLB.parameters, ("NlbIds=lb-a",), f"{JLB}loadbalancer-id"),
        (AWS, (AWS_ARN, "NlbVPCId=vpc-1"), ARN),
        (AWS, (AWS_ARN, "NlbVPCId=vpc-1"), HASH),
    ],
)
def test_an_annotation_that_is_not_the_users_is_refused_in_a_new_set(
    parameters: Parameters, lines: tuple[str, ...], key: str
) -> None:
    conf = conf_of(*lines, "PortProtocols=80/TCP", f"Annotations=k:v,{key}:mine")

    [problem] = parameters.problems(conf)

    assert problem.startswith(f'Annotations: "{key}:mine"'[:60])
    assert list(parameters.obstacles(conf)) == []


@pytest.mark.parametrize(
    ("lines", "algorithm", "number"),
    [
        ((), "RoundRobin", "1017990702"),
        ((f"{JLB}lb-algorithm=iphash",), "iphash", "4866997"),
        ((f"{JLB}lb-algorithm=",), "", "2930029146"),
    ],
)
def test_jd_cloud_is_told_of_an_algorithm_as_it_is_written(
    lines: tuple[str, ...], algorithm: str, number: str
) -> None:
    service = built(NLB, "NlbIds=n-a", "PortProtocols=80/TCP", *lines, ports=(500,))

    told = service.metadata.annotations
    assert f'"algorithm":"{algorithm}"' in told[f"{JLB}load-balancer-spec"]
    assert told[HASH] == number


def test_a_service_of_jd_cloud() -> None:
    service = built(NLB, "NlbIds=n-a", "PortProtocols=80/TCP,7777/UDP", ports=(500, 501))

    listener = (
        '{"protocol":"%s","connectionIdleTimeSeconds":600,'
        '"backend":{"proxyProtocol":false,"algorithm":"RoundRobin"}}'
    )
    assert service.metadata.annotations == {
        HASH: "623003531",
        f"{JLB}loadbalancer-id": "n-a",
        f"{JLB}load-balancer-spec": '{"version":"v1","loadBalancerId":"n-a",'
        '"loadBalancerType":"nlb","internal":false,"listeners":['
        + listener % "TCP"
        + ","
        + listener % "UDP"
        + "]}",
    }
    assert [port.name for port in service.spec.ports] == ["80", "7777"]
    assert service.spec.allocate_load_balancer_node_ports is True


def test_a_service_of_huawei_cloud() -> None:
    service = built(
        ELB,
        "ElbIds=e-a,e-b",
        "PortProtocols=80/TCP,7777/TCPUDP",
        "ElbClass=shared",
        "ElbIdleTimeout=30",
        'LBHealthCheckOption={"delay":3}',
        'ElbSessionAffinityOption={"type":"SOURCE_IP"}',
        ports=(500, 501),
    )

    annotations = dict(service.metadata.annotations)
    assert annotations.pop(HASH)
    assert annotations == {
        f"{ELB_PREFIX}class": "shared",
        f"{ELB_PREFIX}connection-limit": "-1",
        f"{ELB_PREFIX}enable-transparent-client-ip": "false",
        f"{ELB_PREFIX}health-check-flag": "on",
        f"{ELB_PREFIX}health-check-option": '{"delay":3}',
        f"{ELB_PREFIX}id": "e-a",
        f"{ELB_PREFIX}idle-timeout": "30",
        f"{ELB_PREFIX}lb-algorithm": "ROUND_ROBIN",
        f"{ELB_PREFIX}session-affinity-flag": "off",
        f"{ELB_PREFIX}session-affinity-option": '{"type":"SOURCE_IP"}',
        f"{ELB_PREFIX}x-forwarded-host": "false",
    }
    assert [(p.name, p.port) for p in service.spec.ports] == [
        ("80-tcp", 500),
        ("7777-tcp", 501),
        ("7777-udp", 501),
    ]
    assert service.spec.external_traffic_policy == "Cluster"


def test_huaweis_fingerprint_is_the_go_managers_where_that_mixes_nothing_up() -> None:
    """The Go manager writes the affinity's option over that of the health check."""
    conf = ELB.parameters.read(
        conf_of(
            "ElbIds=e-a,e-b",
            "PortProtocols=80/TCP,7777/TCPUDP",
            "ElbClass=shared",
            "ElbIdleTimeout=30",
            'LBHealthCheckOption={"type":"SOURCE_IP"}',
            'ElbSessionAffinityOption={"type":"SOURCE_IP"}',
        )
    )

    assert ELB.fingerprint(conf) == "286289720"


CCE = (
    "kubernetes.io/elb.id=8f4cf216-a659-40dc-8c77-6068b036ba56",
    "kubernetes.io/elb.class=performance",
    "kubernetes.io/elb.connection-drain-enable=true",
    "kubernetes.io/elb.connection-drain-timeout=300",
    "PortProtocols=80/TCP",
)


def test_a_service_of_huaweis_container_engine() -> None:
    service = built(CCE_ELB, *CCE, ports=(32768,))

    assert service.metadata.annotations == {
        HASH: "2536262647",
        "game.kruise.io/network-conf-annotations": f"{ELB_PREFIX}class,"
        f"{ELB_PREFIX}connection-drain-enable,{ELB_PREFIX}connection-drain-timeout",
        f"{ELB_PREFIX}id": "8f4cf216-a659-40dc-8c77-6068b036ba56",
        f"{ELB_PREFIX}class": "performance",
        f"{ELB_PREFIX}connection-drain-enable": "true",
        f"{ELB_PREFIX}connection-drain-timeout": "300",
    }
    assert [port.name for port in service.spec.ports] == ["80-tcp"]


@pytest.mark.parametrize(
    "lines",
    [
        ("PortProtocols=80",),
        (f"{ELB_PREFIX}id=a", f'{ELB_PREFIX}autocreate={{"x":1}}', "PortProtocols=80"),
        (f"{ELB_PREFIX}id=a,b", "PortProtocols=80"),
        (f"{ELB_PREFIX}id=", "PortProtocols=80"),
        (f"{ELB_PREFIX}id=", f"{ELB_PREFIX}autocreate={{}}", "PortProtocols=80"),
        (f"{ELB_PREFIX}autocreate=", "PortProtocols=80"),
    ],
)
def test_huaweis_container_engine_needs_one_load_balancer(lines: tuple[str, ...]) -> None:
    with pytest.raises(PluginError, match=r"elb\.id"):
        CCE_ELB.parameters.read(conf_of(*lines))


def test_huaweis_container_engine_is_told_the_load_balancer_that_a_server_is_on() -> None:
    conf = CCE_ELB.parameters.read(conf_of(*CCE))
    plain = build_service(
        CCE_ELB, Draft(conf, POD, (32768,), controlled_by(POD)), Member("gss-3", "e-a")
    )

    assert plain.metadata.annotations[f"{ELB_PREFIX}id"] == "e-a"


def test_huaweis_container_engine_is_not_told_a_load_balancer_that_is_yet_to_be_made() -> None:
    service = built(CCE_ELB, f"{ELB_PREFIX}autocreate={{}}", "PortProtocols=80", ports=(500,))

    assert f"{ELB_PREFIX}id" not in service.metadata.annotations
