"""Clouds that answer, and that do not."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from okg.api.core import Node, Pod, PodReadinessGate, PodSpec, PodStatus
from okg.api.elbv2 import Action, Listener, ListenerSpec, TargetGroup, TargetGroupBinding
from okg.api.meta import ObjectMeta
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.client.rest import ApiClient
from okg.cloudprovider.alibabacloud.kinds import PodDnat, PodEip
from okg.context import Context
from okg.runtime.reconcile import Request
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.testing.cloud import EVERY_LINE, CloudReconciler, CloudSimulator, Troubles
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup

ALIBABA_ID = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-id"
LABEL = "service.k8s.alibaba/loadbalancer-id"


class _Region:
    """All vendors on one server."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.server = FakeApiServer(clock=self.clock)
        self.server.register(PodDnat.resource_type)
        self.server.register(PodEip.resource_type)
        self.server.register(TargetGroup.resource_type)
        self.server.register(Listener.resource_type)
        self.server.register(TargetGroupBinding.resource_type)
        self.troubles = Troubles()
        lines = [line for vendor in EVERY_LINE.values() for line in vendor]
        self._cloud = CloudReconciler(ApiClient(self.server), lines, self.troubles)

    def go(self, times: int = 1) -> None:
        for _ in range(times):
            self._cloud.serve_all(Context(clock=self.clock))

    def hear_of(self, name: str) -> None:
        self._cloud.reconcile(Context(clock=self.clock), Request("ns", name))

    def service(self, name: str = "gss-0") -> Service:
        found = self.server.get(Service, "ns", name)
        assert found is not None
        return found

    def hosts(self, name: str = "gss-0") -> list[str]:
        ingress = self.service(name).status.load_balancer.ingress
        return [it.ip or it.hostname for it in ingress]

    def pod(self) -> Pod:
        found = self.server.get(Pod, "ns", "gss-0")
        assert found is not None
        return found


@pytest.fixture
def region() -> _Region:
    return _Region()


def _service(annotations: Mapping[str, str], *, name: str = "gss-0", class_: str = "") -> Service:
    spec = ServiceSpec(
        type="LoadBalancer", ports=(ServicePort(port=80),), load_balancer_class=class_
    )
    meta = ObjectMeta(name=name, namespace="ns", uid=f"u-{name}", annotations=annotations)
    return Service(metadata=meta, spec=spec)


def _pod(annotations: Mapping[str, str], *, uid: str = "u", ip: str = "10.0.0.1") -> Pod:
    meta = ObjectMeta(name="gss-0", namespace="ns", uid=uid, annotations=annotations)
    return Pod(metadata=meta, status=PodStatus(pod_ip=ip))


@pytest.mark.parametrize(
    ("annotations", "class_", "hosts"),
    [
        ({ALIBABA_ID: "lb-a"}, "", ["65.120.131.200"]),
        ({ALIBABA_ID: "nlb-a"}, "alibabacloud.com/nlb", ["nlb-a.nlb.example"]),
        ({}, "alibabacloud.com/nlb", ["nlb-9ad22e7f.nlb.example"]),
        (
            {"service.beta.kubernetes.io/volcengine-loadbalancer-id": "clb-a"},
            "",
            ["88.140.166.84", "91.151.64.204"],
        ),
        ({"service.beta.kubernetes.io/jdcloud-loadbalancer-id": "n-a"}, "", ["71.151.52.25"]),
        ({"kubernetes.io/elb.id": "elb-a"}, "", ["87.204.83.244"]),
        ({"kubernetes.io/elb.autocreate": "{}"}, "", ["72.105.156.36"]),
        ({}, "", []),
    ],
)
def test_a_service_is_given_its_load_balancers_address(
    region: _Region, annotations: Mapping[str, str], class_: str, hosts: list[str]
) -> None:
    region.server.put(_service(annotations, class_=class_))

    region.go()

    assert region.hosts() == hosts


def test_the_cloud_notes_whose_a_service_is_and_lets_go_of_it(region: _Region) -> None:
    service = region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.go()
    held = region.service().metadata
    region.server.merge(service, {"spec": {"type": "ClusterIP"}})
    region.go()
    free = region.service().metadata

    assert (held.labels, held.finalizers) == ({LABEL: "lb-a"}, ("service.k8s.alibaba/resources",))
    assert (free.labels, free.finalizers) == ({}, ())
    assert region.hosts() == []


def test_a_service_goes_when_its_listeners_are_gone(region: _Region) -> None:
    region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.go()
    ApiClient(region.server).delete(region.service())
    going = region.service().metadata.deletion_timestamp
    region.go()

    assert going is not None
    assert region.server.get(Service, "ns", "gss-0") is None


def test_a_gate_opens_when_its_service_leads_to_the_pod(region: _Region) -> None:
    gate = "service.readiness.alibabacloud.com/gss-0"
    spec = PodSpec(readiness_gates=(PodReadinessGate(condition_type=gate),))
    region.server.put(replace(_pod({}), spec=spec))
    region.go()
    closed = region.pod().status.condition(gate)
    region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.go(2)
    opened = region.pod().status.condition(gate)

    assert closed is None
    assert opened is not None
    assert opened.status == "True"


def test_a_pod_is_given_ports_on_a_gateway(region: _Region) -> None:
    asked = {"k8s.aliyun.com/pod-dnat": "true", "k8s.aliyun.com/pod-dnat-expose-port": "80,81"}
    region.server.put(_pod(asked))

    region.go()

    found = region.server.get(PodDnat, "ns", "gss-0")
    assert found is not None
    assert [(e.internal_port, e.internal_ip) for e in found.status.entries or ()] == [
        ("80", "10.0.0.1"),
        ("81", "10.0.0.1"),
    ]


@pytest.mark.parametrize(("strategy", "addresses"), [("Never", 1), ("Follow", 2)])
def test_an_address_that_is_never_released_waits_for_the_next_pod(
    region: _Region, strategy: str, addresses: int
) -> None:
    asked = {
        "k8s.aliyun.com/pod-with-eip": "true",
        "k8s.aliyun.com/pod-eip-release-strategy": strategy,
    }
    region.server.put(_pod(asked))
    region.go()
    first = region.server.get(PodEip, "ns", "gss-0")
    region.server.remove(region.pod())
    region.server.put(_pod(asked, uid="v", ip="10.0.0.2"))
    region.go()
    second = region.server.get(PodEip, "ns", "gss-0")

    assert first is not None
    assert second is not None
    assert second.status.private_ip_address == "10.0.0.2"
    assert len({first.status.eip_address, second.status.eip_address}) == addresses


@pytest.mark.parametrize(
    ("asked", "key", "answer"),
    [
        (
            {"vke.volcengine.com/primary-eip-allocate": '{"type": "Elastic"}'},
            "vke.volcengine.com/allocated-eips",
            '[{"EipId":"eip-f26d6a3e","EipAddress":"71.69.75.81","EniIp":"10.0.0.1"}]',
        ),
        ({"jdos.jd.com/eip.enable": "true"}, "jdos.jd.com/eip.ip", "82.109.106.62"),
        (
            {"yangtse.io/pod-with-eip": "true"},
            "yangtse.io/allocated-ipv4-eip",
            "82.109.106.62",
        ),
        (
            {
                "networking.cloud.tencent.com/enable-clb-port-mapping": "true",
                "networking.cloud.tencent.com/clb-port-mapping": "80 TCP ns-gss\n",
            },
            "networking.cloud.tencent.com/clb-port-mapping-result",
            '[{"port":80,"protocol":"TCP","address":"82.109.106.62:80"}]',
        ),
    ],
)
def test_a_pod_is_answered_on_the_pod(
    region: _Region, asked: Mapping[str, str], key: str, answer: str
) -> None:
    region.server.put(_pod(asked, ip=""))
    region.go()
    early = region.pod().metadata.annotations
    region.server.merge(region.pod(), {"status": {"podIP": "10.0.0.1"}})
    region.go()

    assert key not in early
    assert region.pod().metadata.annotations[key] == answer


def test_aws_names_what_it_makes_and_keeps_a_group_that_a_listener_leads_to(
    region: _Region,
) -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:888:targetgroup/gss-0-1000/6dc044c5"
    spec = ListenerSpec(default_actions=(Action(target_group_arn=arn, type="forward"),))
    meta = ObjectMeta(name="gss-0-1000", namespace="ns", uid="group")
    group = region.server.put(TargetGroup(metadata=meta))
    listener = region.server.put(Listener(metadata=replace(meta, uid="l"), spec=spec))
    region.go()
    named = region.server.get(TargetGroup, "ns", "gss-0-1000")
    ApiClient(region.server).delete(group)
    region.go()
    kept = region.server.get(TargetGroup, "ns", "gss-0-1000")
    ApiClient(region.server).delete(listener)
    region.go(2)

    assert named is not None
    assert named.status.arn == arn
    assert kept is not None
    assert region.server.objects(Listener) == []
    assert region.server.objects(TargetGroup) == []


def test_aws_has_one_listener_on_a_port(region: _Region) -> None:
    spec = ListenerSpec(load_balancer_arn="arn", port=1000)
    meta = ObjectMeta(name="a", namespace="ns")
    region.server.put(Listener(metadata=meta, spec=spec))
    region.server.put(Listener(metadata=replace(meta, name="b"), spec=spec))

    region.go(2)

    found = region.server.objects(Listener)
    assert [bool(listener.status.arn) for listener in found] == [True, False]


def test_ports_of_nodes_are_given_once_each(region: _Region) -> None:
    ports = (ServicePort(name="a", port=80), ServicePort(name="b", port=81))
    spec = ServiceSpec(type="NodePort", ports=ports)
    region.server.put(replace(_service({}), spec=spec))
    region.server.put(replace(_service({}, name="gss-1"), spec=spec))

    region.go()

    given = [[port.node_port for port in region.service(n).spec.ports] for n in ("gss-0", "gss-1")]
    assert given == [[30000, 30001], [30002, 30003]]


def test_nodes_are_given_an_address_outside(region: _Region) -> None:
    region.server.put(Node(metadata=ObjectMeta(name="node-a")))

    region.go(2)

    node = region.server.get(Node, "", "node-a")
    assert node is not None
    assert [it.type for it in node.status.addresses] == ["InternalIP", "ExternalIP"]


def test_a_cloud_may_be_slow(region: _Region) -> None:
    region.troubles.delay = 60.0
    region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.go()
    region.clock.advance(59.0)
    region.go()
    early = region.hosts()
    region.clock.advance(1.0)
    region.go()

    assert early == []
    assert region.hosts() == ["65.120.131.200"]


def test_a_cloud_may_run_out_of_quota(region: _Region) -> None:
    region.troubles.quota = 1
    region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.server.put(_service({ALIBABA_ID: "lb-a"}, name="gss-1"))
    region.go()
    without = region.hosts("gss-1")
    region.server.remove(region.service())
    region.go()

    assert without == []
    assert region.hosts("gss-1") == ["65.120.131.200"]


def test_a_cloud_may_not_hear_of_something_stop_halfway_or_stutter(region: _Region) -> None:
    region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.troubles.overlooked = 1
    region.hear_of("gss-0")
    overlooked = region.service().metadata.labels
    region.troubles.halves = 1
    region.hear_of("gss-0")
    half, hosts = region.service().metadata.labels, region.hosts()
    region.troubles.repeats = 2
    before = region.server.revision
    region.hear_of("gss-0")

    assert overlooked == {}
    assert (half, hosts) == ({LABEL: "lb-a"}, [])
    assert region.hosts() == ["65.120.131.200"]
    assert region.server.revision == before + 3


def test_a_cloud_may_close_and_may_take_back_what_it_gave(region: _Region) -> None:
    region.troubles.closed = True
    region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.go()
    closed = region.hosts()
    region.troubles.closed = False
    region.go()
    opened = region.hosts()
    region.troubles.withdrawn = True
    region.go()

    assert (closed, opened, region.hosts()) == ([], ["65.120.131.200"], [])


def test_a_cloud_that_has_answered_writes_nothing_more(region: _Region) -> None:
    region.server.put(_service({ALIBABA_ID: "lb-a"}))
    region.server.put(_pod({"k8s.aliyun.com/pod-with-eip": "true"}))
    region.go(2)
    before = region.server.revision

    region.go(3)

    assert region.server.revision == before


def test_a_cloud_runs_by_itself() -> None:
    server = FakeApiServer()
    simulator = CloudSimulator(ApiClient(server), EVERY_LINE["AlibabaCloud"])
    group = ThreadGroup(Context())
    group.start("cloud", simulator.run)
    server.put(_service({ALIBABA_ID: "lb-a"}))

    def hosts() -> list[str]:
        found = server.get(Service, "ns", "gss-0")
        return [it.ip for it in found.status.load_balancer.ingress] if found else []

    try:
        eventually(lambda: hosts() == ["65.120.131.200"])
        simulator.troubles.withdrawn = True
        simulator.resync()
        eventually(lambda: hosts() == [])
    finally:
        group.ctx.cancel()
        group.join()
