"""The way of a server to its ports on a load balancer of AWS, look by look."""

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from okg.api.core import ContainerStatus, Pod, PodStatus
from okg.api.elbv2 import (
    AckCondition,
    AckResourceMetadata,
    AckStatus,
    Listener,
    TargetGroup,
    TargetGroupBinding,
)
from okg.api.game import (
    GameServerSet,
    GameServerSetSpec,
    GameServerTemplate,
    Network,
    NetworkStatus,
)
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.resource import O, Object
from okg.api.service import Service
from okg.cloudprovider.amazonswebservices.provider import provider
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pool import pools_of
from okg.cloudprovider.provider import Site
from okg.context import Context
from okg.workload.ownership import controlled_by
from unit.cloudprovider.golden import GSS, POD, conf_of
from unit.cloudprovider.network_pods import a_pod, changed, disabled, status_of
from unit.controllers.memory import MemoryClient

CTX = Context()
NLB = "arn:aws:elasticloadbalancing:us-east-1:888:loadbalancer/net/aaa/3b33"
OTHER = "arn:aws:elasticloadbalancing:us-east-1:888:loadbalancer/net/bbb/44cc"
PORTS = "PortProtocols=80/TCP"
SYNCED = "aws-load-balancer-nlb-target-group-synced"
KINDS = (TargetGroup, Listener, TargetGroupBinding)


def _pod(*lines: str, **labels: str) -> Pod:
    return a_pod("NlbVPCId=vpc-1", f"NlbARNs={NLB}", *(lines or (PORTS,)), **labels)


def _changed(pod: Pod, *lines: str) -> Pod:
    return changed(pod, "NlbVPCId=vpc-1", f"NlbARNs={NLB}", *lines)


def _made(name: str) -> AckStatus:
    return AckStatus(ack_resource_metadata=AckResourceMetadata(arn=f"arn:{name}"))


class _Aws:
    """The network type on a cluster in memory, and the operators' side of it."""

    def __init__(self) -> None:
        self.client = MemoryClient(GSS)
        options = {"enable": True, "nlb": {"min_port": 951, "max_port": 953}}
        [self.plugin] = provider.offered(options, Site("system"))
        [self.pool] = pools_of([self.plugin])

    def look(self, pod: Pod, times: int = 1) -> Pod:
        for _ in range(times):
            pod = self.plugin.on_pod_updated(CTX, self.client, pod)
        return pod

    def get(self, kind: type[O], name: str = "gss-3-951") -> O:
        return self.client.expect(kind, f"ns/{name}")

    @property
    def service(self) -> Service:
        return self.get(Service, "gss-3")

    def answer(self, kind: type[TargetGroup | Listener], name: str = "gss-3-951") -> None:
        """Make an object in AWS."""
        self.client.put(replace(self.get(kind, name), status=_made(f"{kind.__name__}/{name}")))

    def ready(self, *lines: str) -> Pod:
        """Return a pod whose network of one port is Ready."""
        pod = self.look(_pod(*lines), times=2)
        self.answer(TargetGroup)
        pod = self.look(pod)
        self.answer(Listener)
        return self.look(pod)

    def left(self) -> list[str]:
        """Return the objects of routes that there are."""
        return [
            f"{kind.__name__} {obj.metadata.name}"
            for kind in KINDS
            for obj in self.client.list(kind)
        ]


@pytest.fixture
def aws() -> _Aws:
    return _Aws()


def test_a_network_is_not_ready_at_first_and_nothing_is_made(aws: _Aws) -> None:
    pod = aws.look(_pod())

    assert status_of(pod) == NetworkStatus(current_network_state="NotReady")
    assert aws.client.writes == []


def test_service_and_target_groups_come_at_once_and_what_needs_their_names_does_not(
    aws: _Aws,
) -> None:
    pod = aws.look(_pod("PortProtocols=80/TCP,81/UDP"), times=4)

    assert aws.client.writes == [
        "create ConfigMap okg-ports-aws-nlb",
        "create Service gss-3",
        "create TargetGroup gss-3-951",
        "create TargetGroup gss-3-952",
    ]
    assert status_of(pod).current_network_state == "NotReady"


def test_a_target_group_that_is_made_gets_listener_and_binding(aws: _Aws) -> None:
    pod = aws.look(_pod(), times=2)
    aws.answer(TargetGroup)
    aws.client.writes.clear()

    pod = aws.look(pod)

    assert aws.client.writes == [
        "create Listener gss-3-951",
        "create TargetGroupBinding gss-3-951",
        "patch TargetGroup gss-3-951",
    ]
    [action] = aws.get(Listener).spec.default_actions
    assert action.target_group_arn == "arn:TargetGroup/gss-3-951"
    assert aws.get(TargetGroupBinding).spec.target_group_arn == "arn:TargetGroup/gss-3-951"
    assert status_of(pod).current_network_state == "NotReady"


def test_a_network_is_ready_when_its_listener_is_made_and_not_before(aws: _Aws) -> None:
    pod = aws.look(_pod(), times=2)
    aws.answer(TargetGroup)
    before = aws.look(pod, times=3)
    aws.answer(Listener)

    pod = aws.look(before)

    assert status_of(before).current_network_state == "NotReady"
    assert pod.metadata.annotations["game.kruise.io/network-status"] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":80}]}]'
        ',"externalAddresses":[{"ip":"","ports":[{"name":"80","protocol":"TCP","port":951}],'
        '"endPoint":"aaa-3b33.elb.us-east-1.amazonaws.com"}],"currentNetworkState":"Ready",'
        '"createTime":null,"lastTransitionTime":null}'
    )
    assert aws.get(TargetGroup).metadata.labels[SYNCED] == "true"


def test_a_network_that_is_ready_costs_no_write(aws: _Aws) -> None:
    pod = aws.ready()
    aws.client.writes.clear()

    assert aws.look(pod, times=3) is pod
    assert aws.client.writes == []


def test_a_network_of_two_ports_is_ready_when_both_are(aws: _Aws) -> None:
    pod = aws.ready("PortProtocols=80/TCP,81/UDP")
    before = status_of(pod).current_network_state
    aws.answer(TargetGroup, "gss-3-952")
    pod = aws.look(pod)
    aws.answer(Listener, "gss-3-952")

    pod = aws.look(pod)

    assert before == "NotReady"
    assert [
        (a.end_point, [(p.name, p.protocol, p.port) for p in a.ports])
        for a in status_of(pod).external_addresses
    ] == [
        ("aaa-3b33.elb.us-east-1.amazonaws.com", [("80", "TCP", 951)]),
        ("aaa-3b33.elb.us-east-1.amazonaws.com", [("81", "UDP", 952)]),
    ]


def test_another_annotation_reaches_the_service_and_the_routes_stay(aws: _Aws) -> None:
    pod = _changed(aws.ready(), PORTS, "Annotations=k:v")
    aws.client.writes.clear()

    changed = aws.look(pod)
    pod = aws.look(changed)

    assert aws.client.writes == ["patch Service gss-3"]
    assert aws.service.metadata.annotations["k"] == "v"
    assert status_of(changed).current_network_state == "NotReady"
    assert status_of(changed).external_addresses
    assert status_of(pod).current_network_state == "Ready"


def test_another_health_check_reaches_the_target_group_and_what_aws_filled_in_stays(
    aws: _Aws,
) -> None:
    pod = aws.ready(PORTS, "NlbHealthCheck=healthCheckIntervalSeconds:15")
    group = aws.get(TargetGroup)
    aws.client.put(replace(group, spec=replace(group.spec, health_check_timeout_seconds=10)))
    aws.client.writes.clear()

    aws.look(_changed(pod, PORTS, "NlbHealthCheck=healthCheckIntervalSeconds:30"), times=2)

    assert aws.client.writes == ["patch Service gss-3", "patch TargetGroup gss-3-951"]
    assert aws.get(TargetGroup).spec.health_check_interval_seconds == 30
    assert aws.get(TargetGroup).spec.health_check_timeout_seconds == 10


def test_another_port_of_the_container_reaches_the_service_alone(aws: _Aws) -> None:
    pod = _changed(aws.ready(), "PortProtocols=81/TCP")
    aws.client.writes.clear()

    pod = aws.look(pod, times=2)

    assert aws.client.writes == ["patch Service gss-3"]
    assert [(p.port, p.target_port) for p in aws.service.spec.ports] == [(951, 81)]
    assert status_of(pod).current_network_state == "Ready"


@pytest.mark.parametrize("lines", [["PortProtocols=80/UDP"], [PORTS, "NlbVPCId=vpc-2"]])
def test_what_aws_cannot_change_is_taken_back_as_a_whole_and_made_anew(
    aws: _Aws, lines: list[str]
) -> None:
    pod = _changed(aws.ready(), *lines)
    aws.client.writes.clear()

    pod = aws.look(pod)
    taken = aws.client.writes[1:]
    aws.look(pod)
    aws.answer(TargetGroup)
    aws.look(pod)
    aws.answer(Listener)

    assert taken == [
        "delete TargetGroupBinding gss-3-951",
        "delete Listener gss-3-951",
        "delete TargetGroup gss-3-951",
    ]
    assert status_of(aws.look(pod)).current_network_state == "Ready"


def test_another_protocol_counts_before_there_is_a_listener(aws: _Aws) -> None:
    pod = aws.look(_pod(), times=2)

    pod = aws.look(_changed(pod, "PortProtocols=80/UDP"), times=2)

    assert aws.get(TargetGroup).spec.protocol == "UDP"


def test_a_target_group_that_goes_takes_along_who_refers_to_it_and_is_waited_for(
    aws: _Aws,
) -> None:
    pod = aws.ready()
    group = aws.get(TargetGroup)
    going = replace(group.metadata, deletion_timestamp=Context().clock.now())
    aws.client.put(replace(group, metadata=going))
    aws.client.writes.clear()

    pod = aws.look(pod, times=2)

    assert aws.client.writes == [
        "delete TargetGroupBinding gss-3-951",
        "delete Listener gss-3-951",
    ]
    assert status_of(pod).current_network_state == "NotReady"


def test_a_listener_of_another_target_group_goes_with_its_route(aws: _Aws) -> None:
    pod = aws.ready()
    aws.client.put(replace(aws.get(TargetGroup), status=_made("again")))

    aws.look(pod)

    assert aws.left() == []


def test_a_port_that_is_not_wanted_any_more_is_taken_back(aws: _Aws) -> None:
    pod = aws.look(aws.ready("PortProtocols=80/TCP,81/UDP"))

    pod = aws.look(_changed(pod, PORTS), times=2)

    assert aws.left() == [
        "TargetGroup gss-3-951",
        "Listener gss-3-951",
        "TargetGroupBinding gss-3-951",
    ]
    assert [port.port for port in aws.service.spec.ports] == [951]
    assert status_of(pod).current_network_state == "Ready"


def test_a_port_more_comes_from_the_same_load_balancer_whichever_is_first_now(aws: _Aws) -> None:
    pod = aws.ready()
    wanted = ("PortProtocols=80/TCP,81/UDP", f"NlbARNs={OTHER},{NLB}")

    aws.look(_changed(pod, *wanted), times=2)

    assert [port.port for port in aws.service.spec.ports] == [951, 952]
    assert aws.get(TargetGroup, "gss-3-952").metadata.annotations == {
        "service.beta.kubernetes.io/aws-load-balancer-nlb-arn": NLB,
        "service.beta.kubernetes.io/aws-load-balancer-nlb-port": "952",
    }


def test_the_first_load_balancer_with_room_enough_is_taken(aws: _Aws) -> None:
    other = replace(
        _pod("PortProtocols=1,2"),
        metadata=replace(_pod("PortProtocols=1,2").metadata, name="gss-4"),
    )
    aws.look(other, times=2)

    aws.look(_pod("PortProtocols=80,81", f"NlbARNs={NLB},{OTHER}"), times=2)

    assert (
        aws.get(TargetGroup).metadata.annotations[
            "service.beta.kubernetes.io/aws-load-balancer-nlb-arn"
        ]
        == OTHER
    )


def test_more_ports_than_there_are_cannot_be_had(aws: _Aws) -> None:
    with pytest.raises(PluginError, match="no available ports: 4 wanted for ns/gss-3") as caught:
        aws.look(_pod("PortProtocols=1,2,3,4"), times=2)

    assert caught.value.type is PluginErrorType.API_CALL
    assert aws.left() == []


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        (["PortProtocols=x", f"NlbARNs={NLB}"], "no port is configured"),
        ([PORTS, "NlbARNs=,"], "no load balancer is configured"),
    ],
)
def test_a_pod_without_ports_or_load_balancers_is_refused(
    aws: _Aws, lines: list[str], missing: str
) -> None:
    conf = conf_of("NlbVPCId=vpc-1", *lines)
    annotations = {"game.kruise.io/network-conf": msgspec.json.encode(conf).decode()}
    pod = replace(POD, metadata=replace(POD.metadata, annotations=annotations))

    with pytest.raises(PluginError, match=missing):
        aws.plugin.on_pod_added(CTX, aws.client, pod)


def test_a_new_pod_stays_as_it_is(aws: _Aws) -> None:
    pod = _pod()

    assert aws.plugin.on_pod_added(CTX, aws.client, pod) is pod
    assert aws.client.writes == []


def test_traffic_is_cut_off_by_the_binding_alone_and_that_is_told(aws: _Aws) -> None:
    pod = disabled(aws.ready(), "true")
    aws.client.writes.clear()

    pod = aws.look(pod, times=2)

    assert aws.client.writes == ["delete TargetGroupBinding gss-3-951"]
    assert status_of(pod).current_network_state == "NotReady"


def test_traffic_comes_back_with_the_binding(aws: _Aws) -> None:
    pod = aws.look(disabled(aws.ready(), "true"))

    pod = aws.look(disabled(pod, "false"), times=2)

    assert aws.get(TargetGroupBinding).spec.target_group_arn == "arn:TargetGroup/gss-3-951"
    assert status_of(pod).current_network_state == "Ready"


def test_traffic_that_is_cut_off_from_the_start_never_gets_a_binding(aws: _Aws) -> None:
    pod = aws.look(disabled(_pod(), "true"), times=2)
    aws.answer(TargetGroup)

    aws.look(pod, times=2)

    assert aws.left() == ["TargetGroup gss-3-951", "Listener gss-3-951"]


def test_a_route_of_another_configuration_that_came_late_leads_nobody_to_a_server_cut_off(
    aws: _Aws,
) -> None:
    pod = aws.ready()
    late = replace(aws.get(TargetGroupBinding).metadata, name="gss-3-953", uid="")
    aws.client.put(replace(aws.get(TargetGroupBinding), metadata=late))

    aws.look(disabled(pod, "true"))

    assert aws.left() == ["TargetGroup gss-3-951", "Listener gss-3-951"]


def test_traffic_is_cut_off_whatever_the_target_group_waits_for(aws: _Aws) -> None:
    pod = aws.ready()
    group = aws.get(TargetGroup)
    aws.client.put(replace(group, status=AckStatus()))

    aws.look(disabled(pod, "true"))

    assert aws.left() == ["TargetGroup gss-3-951", "Listener gss-3-951"]


def test_a_namesake_in_another_namespace_is_left_alone(aws: _Aws) -> None:
    pod = aws.ready()
    strangers: list[Object] = [
        replace(aws.get(kind), metadata=replace(aws.get(kind).metadata, namespace="other", uid=""))
        for kind in KINDS
    ]
    [aws.client.put(stranger) for stranger in strangers]

    aws.look(disabled(pod, "true"), times=2)

    assert aws.left() == [
        "TargetGroup gss-3-951",
        "TargetGroup gss-3-951",
        "Listener gss-3-951",
        "Listener gss-3-951",
        "TargetGroupBinding gss-3-951",
    ]


def test_a_namesakes_routes_are_not_taken_for_left_over_ones(aws: _Aws) -> None:
    pod = aws.ready()
    meta = replace(aws.get(TargetGroup).metadata, namespace="other", name="gss-3-953", uid="")
    aws.client.put(replace(aws.get(TargetGroup), metadata=meta))

    aws.look(_changed(pod, PORTS, "Annotations=k:v"))

    assert aws.client.get(TargetGroup, "other", "gss-3-953") is not None


def test_objects_of_a_fixed_network_are_the_sets_and_serve_the_next_pod(aws: _Aws) -> None:
    pod = aws.ready(PORTS, "Fixed=true")
    fresh = _pod(PORTS, "Fixed=true")
    next_pod = replace(fresh, metadata=replace(fresh.metadata, uid="v"))
    aws.client.writes.clear()

    next_pod = aws.look(next_pod, times=2)

    assert [aws.get(kind).metadata.owner_references for kind in KINDS] == [
        (controlled_by(GSS),)
    ] * 3
    assert aws.client.writes == []
    assert status_of(next_pod).external_addresses == status_of(pod).external_addresses


def test_objects_get_another_owner_when_a_network_becomes_fixed(aws: _Aws) -> None:
    pod = aws.ready()

    aws.look(_changed(pod, PORTS, "Fixed=true"))

    assert [aws.get(kind).metadata.owner_references for kind in KINDS] == [
        (controlled_by(GSS),)
    ] * 3


def test_a_service_of_an_earlier_pod_is_waited_for_whatever_it_was_made_by(aws: _Aws) -> None:
    aws.ready()
    fresh = aws.look(_pod(PORTS, "Annotations=k:v"))
    pod = replace(fresh, metadata=replace(fresh.metadata, uid="v"))
    aws.client.writes.clear()

    assert aws.look(pod) is pod
    assert aws.client.writes == []


def test_a_target_group_of_an_earlier_pod_is_waited_for_and_its_port_is_taken(aws: _Aws) -> None:
    aws.ready()
    group = aws.get(TargetGroup)
    aws.pool.observe(None, group)
    aws.client.remove(Service, "ns/gss-3")
    aws.client.remove(type(_record(aws)), "system/okg-ports-aws-nlb")
    fresh = aws.look(_pod())
    pod = replace(fresh, metadata=replace(fresh.metadata, uid="v"))

    aws.look(pod)

    assert [port.port for port in aws.service.spec.ports] == [952]
    assert "TargetGroup gss-3-952" in aws.left()


def _record(aws: _Aws) -> Object:
    return next(
        obj for obj in aws.client.objects.values() if obj.metadata.name == "okg-ports-aws-nlb"
    )


def test_a_service_that_somebody_else_made_is_in_the_way(aws: _Aws) -> None:
    aws.client.put(Service(metadata=ObjectMeta(name="gss-3", namespace="ns")))

    with pytest.raises(PluginError) as raised:
        aws.look(_pod(), times=2)

    assert str(raised.value) == (
        "Service ns/gss-3 is in the way: it was not made for a game server; remove it, or give the"
        " set another name"
    )
    assert aws.service.spec.ports == ()


def _without_arn(service: Service) -> Service:
    kept = {
        key: value
        for key, value in service.metadata.annotations.items()
        if key != "service.beta.kubernetes.io/aws-load-balancer-nlb-arn"
    }
    return replace(service, metadata=replace(service.metadata, annotations=kept))


def test_a_service_that_does_not_say_where_it_is_any_more_is_told_so(aws: _Aws) -> None:
    pod = aws.ready()
    before = aws.service
    aws.client.put(_without_arn(before))
    aws.client.writes.clear()

    lost = aws.look(pod)

    assert aws.client.writes[-1] == "patch Service gss-3"
    assert aws.service.metadata.annotations == before.metadata.annotations
    assert status_of(lost).current_network_state == "NotReady"
    assert status_of(aws.look(lost)) == status_of(pod)


def test_a_service_that_lost_its_port_leads_to_the_new_one_before_that_is_told(aws: _Aws) -> None:
    pod = aws.ready()
    aws.pool.observe(None, aws.get(TargetGroup))
    aws.client.put(_without_arn(aws.service))
    aws.client.remove(type(_record(aws)), "system/okg-ports-aws-nlb")

    pod = aws.look(pod)
    lost = status_of(pod).current_network_state
    aws.answer(TargetGroup, "gss-3-952")
    pod = aws.look(pod)
    aws.answer(Listener, "gss-3-952")
    pod = aws.look(pod)

    assert lost == "NotReady"
    assert [port.port for port in aws.service.spec.ports] == [952]
    assert [a.ports[0].port for a in status_of(pod).external_addresses] == [952]
    assert status_of(pod).current_network_state == "Ready"


def test_a_target_group_that_waits_for_its_owners_end_is_not_touched(aws: _Aws) -> None:
    pod = aws.ready()
    group = aws.get(TargetGroup)
    earlier: OwnerReference = replace(group.metadata.owner_references[0], uid="earlier")
    aws.client.put(replace(group, metadata=replace(group.metadata, owner_references=(earlier,))))
    aws.client.writes.clear()

    pod = aws.look(pod)

    assert aws.client.writes == []
    assert status_of(pod).current_network_state == "NotReady"


def test_what_aws_refuses_for_good_is_logged_in_its_words(aws: _Aws) -> None:
    pod = aws.look(_pod(), times=2)
    refused = AckCondition(type="ACK.Terminal", status="True", message="no such VPC")
    aws.client.put(replace(aws.get(TargetGroup), status=AckStatus(conditions=(refused,))))

    with capture_logs() as logs:
        aws.look(pod)

    assert [(it["event"], it["kind"], it["name"], it["message"]) for it in logs] == [
        ("AWS refuses", "TargetGroup", "ns/gss-3-951", "no such VPC")
    ]


def test_a_server_that_is_about_to_be_updated_keeps_its_connections(aws: _Aws) -> None:
    conf = (PORTS, "AllowNotReadyContainers=game")
    pod = aws.ready(*conf)
    template = GameServerTemplate(
        spec=msgspec.Raw(b'{"containers":[{"name":"game","image":"new"}]}')
    )
    network = Network(network_conf=conf_of(*conf))
    spec = GameServerSetSpec(replicas=1, game_server_template=template, network=network)
    aws.client.put(GameServerSet(metadata=GSS.metadata, spec=spec))
    labels = {**pod.metadata.labels, "lifecycle.apps.kruise.io/state": "PreparingUpdate"}
    game = ContainerStatus(name="game", image="old", image_id="", ready=True, restart_count=0)
    running = PodStatus(pod_ip="10.0.0.1", container_statuses=(game,))

    aws.look(replace(pod, metadata=replace(pod.metadata, labels=labels), status=running))

    assert aws.service.spec.publish_not_ready_addresses


def test_nothing_is_to_be_done_at_the_start_or_for_a_pod_that_is_gone(aws: _Aws) -> None:
    aws.plugin.start(CTX, aws.client)
    aws.plugin.on_pod_deleted(CTX, aws.client, _pod())

    assert aws.client.writes == []
