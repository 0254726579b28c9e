"""Load balancers and addresses that operators make, as the Go manager asks for them."""

from collections.abc import Mapping

import msgspec
import pytest

from okg.api.alibaba_nlb import Eip, Nlb
from okg.api.core import Pod
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.api.service import Service
from okg.cloudprovider.alibabacloud.auto_nlbs_v2 import AUTO_NLBS_V2
from okg.cloudprovider.alibabacloud.auto_pool import Place, build_eips, build_nlb
from okg.cloudprovider.balancer import Draft, Member, build_service
from okg.workload.ownership import controlled_by
from unit.cloudprovider.golden import GSS, HASH, NO_PROXY, conf_of, spec_of

ALB = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
CONF = ("ZoneMaps=vpc-x@cn-h:vsw-a,cn-i:vsw-b", "PortProtocols=80/TCP")
READ = AUTO_NLBS_V2.parameters.read


def _spec(obj: Object) -> Mapping[str, object]:
    document: Mapping[str, Mapping[str, object]] = msgspec.json.decode(msgspec.json.encode(obj))
    return document["spec"]


def _service(*lines: str, ports: tuple[int, ...]) -> Service:
    pod = Pod(metadata=ObjectMeta(name="gss-0", namespace="ns"))
    draft = Draft(READ(conf_of(*lines)), pod, ports, controlled_by(GSS))
    return build_service(AUTO_NLBS_V2, draft, Member("gss-0-bgp", "nlb-1", "BGP"))


def test_the_service_of_a_pod() -> None:
    service = _service(*CONF, ports=(1000,))

    assert service.metadata.name == "gss-0-bgp"
    assert service.metadata.labels == {**NO_PROXY, "game.kruise.io/owner-gss": "gss"}
    assert [(o.kind, o.name, o.uid) for o in service.metadata.owner_references] == [
        ("GameServerSet", "gss", "gu")
    ]
    assert service.metadata.annotations == {
        HASH: AUTO_NLBS_V2.fingerprint(READ(conf_of(*CONF))),
        f"{ALB}force-override-listeners": "true",
        f"{ALB}health-check-connect-port": "0",
        f"{ALB}health-check-connect-timeout": "5",
        f"{ALB}health-check-flag": "on",
        f"{ALB}health-check-interval": "10",
        f"{ALB}health-check-type": "tcp",
        f"{ALB}healthy-threshold": "2",
        f"{ALB}id": "nlb-1",
        f"{ALB}unhealthy-threshold": "2",
    }
    assert spec_of(service) == {
        "ports": [{"name": "80", "protocol": "TCP", "port": 1000, "targetPort": 80}],
        "selector": {"statefulset.kubernetes.io/pod-name": "gss-0"},
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "allocateLoadBalancerNodePorts": False,
        "loadBalancerClass": "alibabacloud.com/nlb",
    }


def test_both_protocols_share_a_port() -> None:
    service = _service(CONF[0], "PortProtocols=80/TCPUDP,90", ports=(1000, 1001))

    assert [(p.name, p.protocol, p.port, p.target_port) for p in service.spec.ports] == [
        ("80-tcp", "TCP", 1000, 80),
        ("80-udp", "UDP", 1000, 80),
        ("90", "TCP", 1001, 90),
    ]


@pytest.mark.parametrize(
    ("blocked", "expected"),
    [("1001,1003", "1350403105"), ("1001,x,1003", "1350403105")],
)
def test_a_configuration_has_the_fingerprint_that_the_go_manager_left(
    blocked: str, expected: str
) -> None:
    conf = READ(conf_of("ZoneMaps=vpc-x@h:a,i:b", "PortProtocols=80/TCP", f"BlockPorts={blocked}"))

    assert AUTO_NLBS_V2.fingerprint(conf) == expected


def test_a_list_that_nothing_came_of_is_not_one_that_was_never_given() -> None:
    never = AUTO_NLBS_V2.fingerprint(READ(conf_of(*CONF)))
    nothing = AUTO_NLBS_V2.fingerprint(READ(conf_of(*CONF, "BlockPorts=x")))

    assert never != nothing


def test_the_public_address_of_a_zone() -> None:
    conf = READ(conf_of(*CONF, "SecurityProtectionTypes=AntiDDoS_Enhanced"))

    first, second = build_eips(conf, Place(GSS, "BGP", 0), retained=True)

    assert first.metadata.name == "gss-eip-bgp-0-z0"
    assert second.metadata.name == "gss-eip-bgp-0-z1"
    assert first.metadata.namespace == "ns"
    assert first.metadata.owner_references == ()
    assert first.metadata.annotations == {}
    assert first.metadata.labels == {
        "game.kruise.io/eip-pool": "true",
        "game.kruise.io/eip-pool-eip-isp-type": "BGP",
        "game.kruise.io/eip-pool-gss": "gss",
        "game.kruise.io/eip-pool-index": "0-z0",
    }
    assert msgspec.json.encode(first.spec).decode() == (
        '{"bandwidth":"5","internetChargeType":"PayByTraffic","isp":"BGP",'
        '"name":"gss-eip-bgp-0-z0",'
        '"description":"EIP for GameServerSet gss, NLB index 0, zone 0",'
        '"securityProtectionTypes":["AntiDDoS_Enhanced"],"releaseStrategy":"OnDelete"}'
    )


@pytest.mark.parametrize(
    ("isp_type", "charge"),
    [
        ("ChinaTelecom", "PayByBandwidth"),
        ("ChinaMobile", "PayByBandwidth"),
        ("ChinaUnicom", "PayByBandwidth"),
        ("chinaunicom", "PayByTraffic"),
        ("BGP_PRO", "PayByTraffic"),
    ],
)
def test_lines_of_carriers_are_paid_for_by_bandwidth(isp_type: str, charge: str) -> None:
    eip, _ = build_eips(READ(conf_of(*CONF)), Place(GSS, isp_type, 0), retained=True)

    assert eip.spec.internet_charge_type == charge
    assert eip.spec.isp == isp_type


def test_the_load_balancer_of_a_block() -> None:
    nlb = build_nlb(READ(conf_of(*CONF)), Place(GSS, "BGP", 0), ("eip-0", "eip-1"), retained=True)

    assert nlb.metadata.name == "gss-bgp-0"
    assert nlb.metadata.namespace == "ns"
    assert nlb.metadata.owner_references == ()
    assert nlb.metadata.annotations == {}
    assert nlb.metadata.labels == {
        "game.kruise.io/nlb-pool": "true",
        "game.kruise.io/nlb-pool-eip-isp-type": "BGP",
        "game.kruise.io/nlb-pool-gss": "gss",
        "game.kruise.io/nlb-pool-index": "0",
    }
    assert msgspec.json.encode(nlb.spec).decode() == (
        '{"loadBalancerName":"ns-gss-bgp-0","addressType":"Internet","addressIpVersion":"ipv4",'
        '"vpcId":"vpc-x","zoneMappings":['
        '{"zoneId":"cn-h","vSwitchId":"vsw-a","allocationId":"eip-0"},'
        '{"zoneId":"cn-i","vSwitchId":"vsw-b","allocationId":"eip-1"}]}'
    )


def test_the_intranet_needs_no_public_addresses() -> None:
    conf, place = READ(conf_of(*CONF)), Place(GSS, "intranet", 0)

    nlb = build_nlb(conf, place, (), retained=True)

    assert build_eips(conf, place, retained=True) == ()
    assert _spec(nlb)["addressType"] == "Intranet"
    assert _spec(nlb)["zoneMappings"] == [
        {"zoneId": "cn-h", "vSwitchId": "vsw-a"},
        {"zoneId": "cn-i", "vSwitchId": "vsw-b"},
    ]


def test_an_underscore_is_a_hyphen_in_names_alone() -> None:
    conf, place = READ(conf_of(*CONF)), Place(GSS, "BGP_PRO", 2)

    eip, nlb = (
        build_eips(conf, place, retained=True)[0],
        build_nlb(conf, place, ("a", "b"), retained=True),
    )

    assert eip.metadata.name == "gss-eip-bgp-pro-2-z0"
    assert nlb.metadata.name == "gss-bgp-pro-2"
    assert nlb.metadata.labels["game.kruise.io/nlb-pool-eip-isp-type"] == "BGP_PRO"


def test_what_the_operators_answer_is_read() -> None:
    nlb = msgspec.json.decode(b'{"status":{"loadBalancerId":"nlb-1"}}', type=Nlb)
    eip = msgspec.json.decode(b'{"status":{"allocationID":"eip-1"}}', type=Eip)

    assert nlb.status.load_balancer_id == "nlb-1"
    assert eip.status.allocation_id == "eip-1"
