"""Objects of AWS as the Go manager makes them, and what may be said of them."""

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import ConfigMap, Pod
from okg.api.elbv2 import AckCondition, AckStatus, Tag, TargetGroup, TargetGroupBinding
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.cloudprovider.amazonswebservices.objects import (
    Route,
    Server,
    build_binding,
    build_listener,
    build_service,
    build_target_group,
    host_of,
    place,
)
from okg.cloudprovider.amazonswebservices.parameters import PARAMETERS, fingerprint_of
from okg.cloudprovider.amazonswebservices.provider import provider
from okg.cloudprovider.grammar import PortProtocol
from okg.cloudprovider.options import SHIPPED, InvalidOptions
from okg.cloudprovider.pool import pools_of
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import bits_of, ports_of
from okg.cloudprovider.provider import Site
from okg.workload.ownership import controlled_by
from unit.cloudprovider.golden import HASH, POD, SELECTOR, conf_of, spec_of

AWS = "service.beta.kubernetes.io/aws-load-balancer-nlb-"
NLB = "arn:aws:elasticloadbalancing:us-east-1:888:loadbalancer/net/aaa/3b33"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:888:targetgroup/gss-3-951/6d0e"
MARKS = {"managed-by": "game.kruise.io", **SELECTOR}
CONF = (f"NlbARNs={NLB}", "NlbVPCId=vpc-1", "PortProtocols=80/TCP")


def _server(*lines: str, pod: Pod = POD) -> Server:
    return Server(PARAMETERS.read(conf_of(*(lines or CONF))), pod, controlled_by(pod), NLB)


def _route(*lines: str, pod: Pod = POD) -> Route:
    return Route(_server(*lines, pod=pod), PortProtocol(80, "TCP"), 951)


def _named(name: str, namespace: str = "ns") -> Pod:
    return replace(POD, metadata=replace(POD.metadata, name=name, namespace=namespace))


def _text(obj: Object) -> str:
    """Return the spec as it is sent."""
    document = msgspec.json.decode(msgspec.json.encode(obj), type=dict[str, msgspec.Raw])
    return bytes(document["spec"]).decode()


def test_a_target_group_is_that_of_the_go_manager_byte_for_byte() -> None:
    group = build_target_group(_route())

    assert group.metadata == ObjectMeta(
        name="gss-3-951",
        namespace="ns",
        labels={**MARKS, "aws-load-balancer-nlb-target-group-synced": "false"},
        annotations={f"{AWS}arn": NLB, f"{AWS}port": "951"},
        owner_references=(controlled_by(POD),),
    )
    assert _text(group) == (
        '{"name":"gss-3-951","port":80,"protocol":"TCP",'
        '"tags":[{"key":"managed-by","value":"game.kruise.io"}],"targetType":"ip","vpcID":"vpc-1"}'
    )
    assert group.resource_type.path("ns") == (
        "/apis/elbv2.services.k8s.aws/v1alpha1/namespaces/ns/targetgroups"
    )


def test_what_a_health_check_does_not_say_is_left_to_aws() -> None:
    group = build_target_group(
        _route(*CONF, "NlbHealthCheck=healthCheckIntervalSeconds:15,healthCheckPort:7,no:3,x")
    )

    assert _text(group).startswith(
        '{"healthCheckIntervalSeconds":15,"healthCheckPort":"7","name":"gss-3-951",'
    )


def test_a_service_carries_the_load_balancer_and_the_fingerprint() -> None:
    service = build_service(_server(), (951,))

    assert service.metadata.name == "gss-3"
    assert service.metadata.labels == MARKS
    assert service.metadata.annotations == {f"{AWS}arn": NLB, HASH: fingerprint_of(_server().conf)}
    assert service.metadata.owner_references == (controlled_by(POD),)
    assert spec_of(service) == {
        "ports": [{"name": "80", "protocol": "TCP", "port": 951, "targetPort": 80}],
        "selector": SELECTOR,
        "type": "ClusterIP",
    }


def test_no_annotation_of_a_user_hides_what_a_service_is_found_by() -> None:
    hidden = f"Annotations={HASH}:1,{AWS}arn:2,k:v,bad"

    service = build_service(_server(*CONF, hidden), (951,))

    assert service.metadata.annotations == {
        "k": "v",
        "game.kruise.io/network-conf-annotations": "k",
        f"{AWS}arn": NLB,
        HASH: fingerprint_of(_server(*CONF, hidden).conf),
    }


def test_a_port_of_both_protocols_is_two_ports_of_the_service_and_one_of_the_load_balancer() -> (
    None
):
    service = build_service(_server(*CONF[:2], "PortProtocols=80/TCP_UDP"), (951,))

    assert spec_of(service)["ports"] == [
        {"name": "80-tcp", "protocol": "TCP", "port": 951, "targetPort": 80},
        {"name": "80-udp", "protocol": "UDP", "port": 951, "targetPort": 80},
    ]


def test_a_listener_is_that_of_the_go_manager_byte_for_byte() -> None:
    listener = build_listener(_route(), GROUP)

    assert listener.metadata == ObjectMeta(
        name="gss-3-951",
        namespace="ns",
        labels=MARKS,
        owner_references=(controlled_by(POD),),
    )
    assert _text(listener) == (
        f'{{"defaultActions":[{{"targetGroupARN":"{GROUP}","type":"forward"}}],'
        f'"loadBalancerARN":"{NLB}","port":951,"protocol":"TCP",'
        '"tags":[{"key":"managed-by","value":"game.kruise.io"}]}'
    )
    assert listener.resource_type.path("ns") == (
        "/apis/elbv2.services.k8s.aws/v1alpha1/namespaces/ns/listeners"
    )


def test_a_binding_is_that_of_the_go_manager_byte_for_byte() -> None:
    binding = build_binding(_route(), GROUP)

    assert binding.metadata == build_listener(_route(), GROUP).metadata
    assert _text(binding) == (
        f'{{"targetGroupARN":"{GROUP}","targetType":"ip",'
        '"serviceRef":{"name":"gss-3","port":951}}'
    )
    assert binding.resource_type.path("ns") == (
        "/apis/elbv2.k8s.aws/v1beta1/namespaces/ns/targetgroupbindings"
    )


def test_the_fingerprint_is_that_of_the_go_manager() -> None:
    conf = PARAMETERS.read(
        conf_of(
            f"NlbARNs={NLB}",
            "NlbVPCId=vpc-1",
            "NlbHealthCheck=healthCheckEnabled:true,healthCheckIntervalSeconds:15",
            "PortProtocols=80/TCP,81/UDP",
            "Annotations=k:v",
        )
    )

    assert fingerprint_of(conf) == "4015024503"


@pytest.mark.parametrize(
    ("name", "in_aws"),
    [
        ("a" * 28, "a" * 28 + "-951"),
        ("a" * 29, "a" * 23 + "-55033334"),
        ("lobby.eu-3", "lobby-eu-3-951-ab03fa23"),
    ],
)
def test_a_name_that_aws_does_not_take_is_cut_and_told_apart_by_a_hash(
    name: str, in_aws: str
) -> None:
    group = build_target_group(_route(pod=_named(name)))

    assert group.metadata.name == f"{name}-951"
    assert group.spec.name == in_aws


def test_long_names_of_two_namespaces_differ_in_aws() -> None:
    one = build_target_group(_route(pod=_named("a" * 40, "one")))
    two = build_target_group(_route(pod=_named("a" * 40, "two")))

    assert len(one.spec.name) == len(two.spec.name) == 32
    assert one.spec.name != two.spec.name


@pytest.mark.parametrize(
    ("arn", "host"),
    [
        (NLB, "aaa-3b33.elb.us-east-1.amazonaws.com"),
        (
            "arn:aws-cn:elasticloadbalancing:cn-north-1:888:loadbalancer/net/aaa/3b33",
            "aaa-3b33.elb.cn-north-1.amazonaws.com.cn",
        ),
        ("arn:aws:elasticloadbalancing:us-east-1:888", ""),
        ("nlb-a", ""),
    ],
)
def test_a_load_balancer_is_reached_by_a_name_that_its_arn_tells(arn: str, host: str) -> None:
    assert host_of(arn) == host


def _group(**annotations: str) -> TargetGroup:
    named = {AWS + name: value for name, value in annotations.items()}
    return TargetGroup(
        metadata=ObjectMeta(name="g", namespace="ns", labels=MARKS, annotations=named)
    )


def test_services_and_target_groups_tell_which_ports_are_taken() -> None:
    meta = ObjectMeta(name="gss-3", namespace="ns", annotations={f"{AWS}arn": NLB})
    spec = ServiceSpec(selector=SELECTOR, ports=(ServicePort(port=951), ServicePort(port=952)))

    assert place(_group(arn=NLB, port="951")) == Placement(NLB, "ns/gss-3", bits_of([951]))
    assert place(Service(metadata=meta, spec=spec)) == Placement(
        NLB, "ns/gss-3", bits_of([951, 952])
    )


@pytest.mark.parametrize(
    "obj",
    [
        _group(arn=NLB),
        _group(port="951"),
        _group(arn=NLB, port="-1"),
        _group(arn=NLB, port="65536"),
        _group(arn=NLB, port="x"),
        Service(metadata=ObjectMeta(name="other", namespace="ns")),
        ConfigMap(metadata=ObjectMeta(name="g", annotations={f"{AWS}arn": NLB})),
    ],
)
def test_what_is_on_no_load_balancer_takes_no_port(obj: Object) -> None:
    assert place(obj) is None


GOOD = {
    "NlbARNs": NLB,
    "NlbVPCId": "vpc-1",
    "PortProtocols": "80/TCP,81/UDP,82/TCP_UDP",
    "NlbHealthCheck": "healthCheckEnabled:true,healthCheckIntervalSeconds:300,healthCheckPath:/h,"
    "healthCheckPort:traffic-port,healthCheckProtocol:HTTP,healthCheckTimeoutSeconds:120,"
    "healthyThresholdCount:10,unhealthyThresholdCount:2",
    "Fixed": "true",
    "Annotations": "k:v",
    "AllowNotReadyContainers": "game",
}


def test_all_that_can_be_said_at_the_edges_of_its_bounds_is_no_problem() -> None:
    lines = [f"{name}={value}" for name, value in GOOD.items()]

    assert list(PARAMETERS.problems(conf_of(*lines))) == []
    assert PARAMETERS.unknown(conf_of(*lines)) == []


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("NlbARNs", f"{NLB},nlb-a", 'NlbARNs: "nlb-a" is malformed'),
        ("NlbARNs", "", "NlbARNs is missing"),
        (
            "NlbARNs",
            NLB.replace("/net/", "/app/"),
            'NlbARNs: "arn:aws:elasticloadbalancing:us-east-1:888:loadbalancer/app/" is malformed',
        ),
        ("NlbVPCId", "", "NlbVPCId is missing"),
        ("PortProtocols", "80/HTTP", 'PortProtocols: "80/HTTP" is malformed'),
        ("PortProtocols", "0/TCP,65536", 'PortProtocols: "0/TCP", "65536" is malformed'),
        ("NlbHealthCheck", "port:80", 'NlbHealthCheck: "port:80" is malformed'),
        ("NlbHealthCheck", "healthCheckPort", 'NlbHealthCheck: "healthCheckPort" is malformed'),
        (
            "NlbHealthCheck",
            "healthCheckEnabled:false,healthCheckEnabled:yes",
            'NlbHealthCheck: "healthCheckEnabled:false", "healthCheckEnabled:yes" is malformed',
        ),
        (
            "NlbHealthCheck",
            "healthCheckIntervalSeconds:4,healthCheckIntervalSeconds:301",
            'NlbHealthCheck: "healthCheckIntervalSeconds:4", "healthCheckIntervalSeconds:301" is',
        ),
        (
            "NlbHealthCheck",
            "healthCheckTimeoutSeconds:1,healthCheckTimeoutSeconds:121",
            'NlbHealthCheck: "healthCheckTimeoutSeconds:1", "healthCheckTimeoutSeconds:121" is',
        ),
        (
            "NlbHealthCheck",
            "healthyThresholdCount:1,unhealthyThresholdCount:11",
            'NlbHealthCheck: "healthyThresholdCount:1", "unhealthyThresholdCount:11" is',
        ),
        (
            "NlbHealthCheck",
            "healthCheckPath:h,healthCheckProtocol:UDP",
            'NlbHealthCheck: "healthCheckPath:h", "healthCheckProtocol:UDP" is malformed',
        ),
        ("NlbHealthCheck", "healthCheckPort:http", 'NlbHealthCheck: "healthCheckPort:http" is'),
        ("Fixed", "yes", 'Fixed: "yes" is malformed; write true or false'),
        ("Annotations", "k", 'Annotations: "k" is malformed'),
    ],
)
def test_a_bad_value_of_a_new_set_is_told_by_its_name(name: str, value: str, fault: str) -> None:
    lines = [f"{key}={it}" for key, it in {**GOOD, name: value}.items()]

    [problem] = PARAMETERS.problems(conf_of(*lines))

    assert problem.startswith(fault)


def _offered(low: int, high: int, **more: object) -> tuple[int, ...]:
    nlb = {"min_port": low, "max_port": high, **more}
    [pool] = pools_of(provider.offered({"enable": True, "nlb": nlb}, Site("system")))
    return ports_of(pool.allowed.bits)


def test_fifty_ports_may_be_given_and_none_is_blocked() -> None:
    assert _offered(1, 50) == tuple(range(1, 51))
    assert _offered(65533, 65535, block_ports=[65534]) == (65533, 65534, 65535)


@pytest.mark.parametrize(
    ("low", "high", "problem"),
    [
        (0, 10, "nlb.min_port must be greater than 0"),
        (65530, 65536, "nlb.max_port must be at most 65535"),
        (1, 51, "nlb.min_port to nlb.max_port must be at most 50 ports"),
    ],
)
def test_options_of_aws_just_outside_their_bounds_are_refused_by_their_key(
    low: int, high: int, problem: str
) -> None:
    with pytest.raises(InvalidOptions) as caught:
        _offered(low, high)

    assert str(caught.value) == f"[aws]: {problem}"


def test_the_shipped_options_offer_nothing_until_they_are_enabled() -> None:
    shipped, site = SHIPPED["aws"], Site("system")

    assert list(provider.offered(shipped, site)) == []
    assert [it.name for it in provider.offered({**shipped, "enable": True}, site)] == [
        "AmazonWebServices-NLB"
    ]


def test_only_a_terminal_condition_is_a_refusal() -> None:
    waiting = AckCondition(type="ACK.Recoverable", status="True", message="later")
    over = AckCondition(type="ACK.Terminal", status="False", message="was")
    refused = AckCondition(type="ACK.Terminal", status="True", message="name is too long")

    assert AckStatus(conditions=(waiting, over)).refusal == ""
    assert AckStatus(conditions=(waiting, refused)).refusal == "name is too long"


@pytest.mark.parametrize("port", ["80", '"http"'])
def test_bindings_of_others_name_a_port_of_a_service_by_number_or_by_name(port: str) -> None:
    text = '{"metadata":{"name":"b"},"spec":{"serviceRef":{"name":"web","port":' + port + "}}}"

    binding = msgspec.json.decode(text, type=TargetGroupBinding)

    assert binding.spec.service_ref.port == msgspec.json.decode(port)


def test_what_others_leave_unsaid_of_target_groups_is_no_obstacle() -> None:
    text = (
        '{"metadata":{"name":"g"},"spec":{"name":"g","tags":[{"key":"k"},{}]},"status":'
        '{"conditions":[{"type":"ACK.Terminal","status":"True","message":null}]}}'
    )

    group = msgspec.json.decode(text, type=TargetGroup)

    assert group.spec.tags == (Tag(key="k", value=""), Tag(key="", value=""))
    assert group.status.refusal == "ACK.Terminal"
