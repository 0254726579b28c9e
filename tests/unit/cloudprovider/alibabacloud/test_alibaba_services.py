"""Services of Alibaba Cloud as the Go manager makes them."""

import pytest

from okg.cloudprovider.alibabacloud.multi_nlbs import MULTI_NLBS
from okg.cloudprovider.alibabacloud.nlb import NLB
from okg.cloudprovider.alibabacloud.slb import SLB
from okg.cloudprovider.plugin import PluginError
from unit.cloudprovider.golden import HASH, NO_PROXY, POD, SELECTOR, built, conf_of, spec_of

ALB = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"


def test_a_service_of_a_classic_load_balancer() -> None:
    service = built(
        SLB,
        "SlbIds=lb-a",
        "PortProtocols=80/TCPUDP",
        "Fixed=true",
        "LBHealthCheckType=http",
        ports=(500,),
    )

    assert service.metadata.name == "gss-3"
    assert service.metadata.labels == NO_PROXY
    assert [(o.kind, o.name, o.uid) for o in service.metadata.owner_references] == [
        ("GameServerSet", "gss", "gu")
    ]
    assert service.metadata.annotations == {
        HASH: "3957944297",
        f"{ALB}force-override-listeners": "true",
        f"{ALB}health-check-connect-timeout": "5",
        f"{ALB}health-check-domain": "",
        f"{ALB}health-check-flag": "off",
        f"{ALB}health-check-interval": "10",
        f"{ALB}health-check-method": "",
        f"{ALB}health-check-switch": "on",
        f"{ALB}health-check-type": "http",
        f"{ALB}health-check-uri": "",
        f"{ALB}healthy-threshold": "2",
        f"{ALB}id": "lb-a",
        f"{ALB}protocol-port": "",
        f"{ALB}unhealthy-threshold": "2",
    }
    assert spec_of(service) == {
        "ports": [
            {"name": "80-tcp", "protocol": "TCP", "port": 500, "targetPort": 80},
            {"name": "80-udp", "protocol": "UDP", "port": 500, "targetPort": 80},
        ],
        "selector": SELECTOR,
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Cluster",
    }


def test_a_service_of_a_network_load_balancer() -> None:
    service = built(NLB, "NlbIds=nlb-a", "PortProtocols=80/TCP", ports=(1000,))

    assert service.metadata.labels == NO_PROXY
    assert [(o.kind, o.name, o.uid) for o in service.metadata.owner_references] == [
        ("Pod", "gss-3", "u")
    ]
    assert service.metadata.annotations == {
        HASH: "547826545",
        f"{ALB}force-override-listeners": "true",
        f"{ALB}health-check-connect-port": "0",
        f"{ALB}health-check-connect-timeout": "5",
        f"{ALB}health-check-flag": "on",
        f"{ALB}health-check-interval": "10",
        f"{ALB}health-check-type": "tcp",
        f"{ALB}healthy-threshold": "2",
        f"{ALB}id": "nlb-a",
        f"{ALB}unhealthy-threshold": "2",
    }
    assert spec_of(service) == {
        "ports": [{"name": "80", "protocol": "TCP", "port": 1000, "targetPort": 80}],
        "selector": SELECTOR,
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "loadBalancerClass": "alibabacloud.com/nlb",
    }


def test_a_network_load_balancer_without_health_checks() -> None:
    service = built(
        NLB, "NlbIds=nlb-a", "PortProtocols=80/TCP", "LBHealthCheckFlag=off", ports=(1000,)
    )

    assert service.metadata.annotations == {
        HASH: "4095848637",
        f"{ALB}force-override-listeners": "true",
        f"{ALB}health-check-flag": "off",
        f"{ALB}id": "nlb-a",
    }


def test_more_configurations_have_the_fingerprints_that_the_go_manager_left() -> None:
    classic = SLB.parameters.read(
        conf_of("SlbIds=lb-a,lb-b", "PortProtocols=80/TCP,7777/UDP", "Fixed=true")
    )
    network = NLB.parameters.read(conf_of("NlbIds=nlb-a,nlb-b", "PortProtocols=80/TCP,7777/UDP"))

    assert SLB.fingerprint(classic) == "1370166029"
    assert NLB.fingerprint(network) == "631269261"


def test_two_protocols_of_one_port_have_names_of_their_own() -> None:
    service = built(NLB, "NlbIds=nlb-a", "PortProtocols=80/TCP,80/UDP", ports=(1000, 1001))

    assert [port.name for port in service.spec.ports] == ["80-tcp", "80-udp"]


MULTI = ("NlbIdNames=id-A/dx,id-B/lt,id-C/dx,id-D/lt", "PortProtocols=80/TCP")


def test_a_service_of_one_of_several_carriers() -> None:
    service = built(MULTI_NLBS, *MULTI, ports=(500,))

    assert service.metadata.name == "gss-3-dx"
    assert service.metadata.labels == {
        "game.kruise.io/network-type": "AlibabaCloud-Multi-NLBs",
        **NO_PROXY,
    }
    assert service.metadata.annotations[HASH] == "1039203305"
    assert service.metadata.annotations[f"{ALB}id"] == "id-A"
    assert service.metadata.annotations["game.kruise.io/lb-belong-index"] == "0"
    assert spec_of(service) == {
        "ports": [{"name": "80-tcp", "protocol": "TCP", "port": 500, "targetPort": 80}],
        "selector": SELECTOR,
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "allocateLoadBalancerNodePorts": False,
        "loadBalancerClass": "alibabacloud.com/nlb",
    }


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("A/dx,B/lt,C/dx,D/lt", [("A", "B"), ("C", "D")]),
        ("A/dx,B/dx,C/dx,D/lt,E/lt,F/lt", [("A", "D"), ("B", "E"), ("C", "F")]),
    ],
)
def test_load_balancers_are_grouped_one_of_each_carrier(
    text: str, groups: list[tuple[str, ...]]
) -> None:
    conf = MULTI_NLBS.parameters.read(conf_of(f"NlbIdNames={text}", "PortProtocols=80"))

    assert [group.balancers for group in MULTI_NLBS.groups(conf)] == groups


def test_a_pod_of_several_carriers_is_ready_when_all_of_them_lead_to_it() -> None:
    conf = MULTI_NLBS.parameters.read(conf_of(*MULTI))

    pod = MULTI_NLBS.prepare_pod(conf, POD)

    assert [gate.condition_type for gate in pod.spec.readiness_gates] == [
        "service.readiness.alibabacloud.com/gss-3-dx",
        "service.readiness.alibabacloud.com/gss-3-lt",
    ]
    assert MULTI_NLBS.prepare_pod(conf, pod) == pod


@pytest.mark.parametrize("text", ["A/dx,B/lt,C/dx", "A", "A/dx/x", ""])
def test_carriers_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(PluginError, match="NlbIdNames"):
        MULTI_NLBS.parameters.read(conf_of(f"NlbIdNames={text}", "PortProtocols=80"))
