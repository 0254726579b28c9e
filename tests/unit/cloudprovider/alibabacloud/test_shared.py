"""Servers that share the ports of a load balancer."""

import itertools
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import Container, ContainerPort, Pod, PodSpec
from okg.api.game import GameServerSet, GameServerSetSpec, GameServerTemplate, Network
from okg.api.meta import ObjectMeta
from okg.api.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from okg.cloudprovider.alibabacloud.nlb_shared import NLB_SHARED
from okg.cloudprovider.alibabacloud.places import PLACE, Place, place_of, places
from okg.cloudprovider.alibabacloud.shared import Shared, SharedNetwork
from okg.cloudprovider.alibabacloud.slb_shared import SLB_SHARED
from okg.cloudprovider.plugin import PluginError
from okg.context import Context
from unit.cloudprovider.golden import GSS, HASH, conf_of, spec_of
from unit.cloudprovider.network_pods import a_pod, changed, disabled, status_of
from unit.controllers.memory import MemoryClient

CTX = Context()
ALB = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-"
BEHIND = "service.k8s.alibaba/loadbalancer-id"
STATUS = "game.kruise.io/network-status"
BLOCKER = "game.kruise.io/inplace-update-not-ready-blocker"
GONE = datetime(2026, 1, 2, tzinfo=UTC)
SLB = ("SlbIds=lb-a", "PortProtocols=80/TCP", "ManagedServiceSelector=in=yes")
NLB = ("NlbIds=nlb-a", "PortProtocols=80/TCP")
EACH = pytest.mark.parametrize(
    ("shared", "balancer", "lines"), [(SLB_SHARED, "lb-a", SLB), (NLB_SHARED, "nlb-a", NLB)]
)


def _service(client: MemoryClient, name: str) -> Service:
    return client.expect(Service, f"ns/{name}")


def _answered(client: MemoryClient, name: str) -> None:
    ingress = (LoadBalancerIngress(ip="1.2.3.4", hostname="nlb.example"),)
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress))
    client.put(replace(_service(client, name), status=status))


def _network(shared: Shared = SLB_SHARED, *, most: int = 200) -> SharedNetwork:
    """Return a network type as a process that has just started has it."""
    return SharedNetwork(shared, places("test", "system", most) if shared is SLB_SHARED else None)


def _told(network: SharedNetwork, *pods: Pod) -> SharedNetwork:
    """Return a network type whose caches show some pods."""
    for pod, pool in itertools.product(pods, network.pools):
        pool.observe(None, pod)
    return network


def _number(number: int, *lines: str) -> Pod:
    """Return a server that is to be made."""
    pod = a_pod(*lines)
    return replace(pod, metadata=replace(pod.metadata, name=f"gss-{number}", uid=f"u{number}"))


def _set(*lines: str) -> GameServerSet:
    """Return the set with a configuration."""
    network = Network(network_type=NLB_SHARED.name, network_conf=conf_of(*lines))
    template = GameServerTemplate(
        spec=msgspec.Raw(b'{"containers":[{"name":"game","image":"game:2"}]}')
    )
    spec = GameServerSetSpec(replicas=2, network=network, game_server_template=template)
    return replace(GSS, spec=spec)


def _ready(shared: Shared, client: MemoryClient, balancer: str, *lines: str) -> Pod:
    network = _network(shared)
    pod = network.on_pod_updated(CTX, client, network.on_pod_added(CTX, client, a_pod(*lines)))
    _answered(client, balancer)
    return network.on_pod_updated(CTX, client, pod)


def test_the_service_of_a_classic_load_balancer() -> None:
    client = MemoryClient(GSS)

    pod = _network().on_pod_added(CTX, client, a_pod(*SLB))

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

    _network(NLB_SHARED).on_pod_added(CTX, client, a_pod(*NLB))

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
    network = _network()
    pod = _ready(SLB_SHARED, client, "lb-a", *SLB)

    cut = network.on_pod_updated(CTX, client, disabled(pod, "true"))
    back = network.on_pod_updated(CTX, client, disabled(cut, "false"))

    assert BEHIND not in cut.metadata.labels
    assert "in" not in cut.metadata.labels
    assert '"currentNetworkState":"NotReady"' in cut.metadata.annotations[STATUS]
    assert back.metadata.labels[BEHIND] == "lb-a"
    assert '"currentNetworkState":"Ready"' in back.metadata.annotations[STATUS]


def test_a_server_that_is_cut_off_has_its_load_balancer_noted_and_comes_back_to_it() -> None:
    conf = ("SlbIds=lb-a,lb-b", "PortProtocols=80/TCP")
    client = MemoryClient(GSS)
    network = _network(most=1)
    first = network.on_pod_added(CTX, client, a_pod(*conf))
    _answered(client, "lb-a")
    pod = network.on_pod_updated(CTX, client, network.on_pod_updated(CTX, client, first))

    cut = network.on_pod_updated(CTX, client, disabled(pod, "true"))
    other = _told(_network(most=1), cut)
    second = other.on_pod_added(CTX, client, _number(4, *conf))
    again = other.on_pod_updated(CTX, client, cut)
    back = other.on_pod_updated(CTX, client, disabled(again, "false"))

    assert again == cut
    assert cut.metadata.annotations["game.kruise.io/load-balancer-place"] == "lb-a/1"
    assert second.metadata.labels[BEHIND] == "lb-b"
    assert back.metadata.labels[BEHIND] == "lb-a"


def test_a_server_that_has_no_number_comes_back_to_its_load_balancer_too() -> None:
    client = MemoryClient(_set(*NLB))
    pod = _ready(NLB_SHARED, client, "nlb-a", *NLB)
    network = _network(NLB_SHARED)

    cut = network.on_pod_updated(CTX, client, disabled(pod, "true"))
    moved = changed(disabled(cut, "false"), "NlbIds=nlb-b", "PortProtocols=80/TCP")
    back = network.on_pod_updated(CTX, client, moved)

    assert cut.metadata.annotations["game.kruise.io/load-balancer-place"] == "nlb-a"
    assert back.metadata.labels[BEHIND] == "nlb-a"


def test_a_server_that_is_admitted_again_has_the_last_place_still() -> None:
    client = MemoryClient(GSS)
    network = _network(most=1)

    once = network.on_pod_added(CTX, client, a_pod(*SLB))
    twice = network.on_pod_added(CTX, client, a_pod(*SLB))

    assert twice.metadata.labels == once.metadata.labels


def test_a_server_that_the_go_manager_cut_off_is_placed_when_it_is_let_in() -> None:
    client = MemoryClient(GSS)
    network = _network()
    pod = network.on_pod_updated(CTX, client, disabled(a_pod(*SLB), "true"))

    cut = network.on_pod_updated(CTX, client, pod)
    early = client.list(Service)
    back = network.on_pod_updated(CTX, client, disabled(cut, "false"))

    assert cut == pod
    assert BEHIND not in cut.metadata.labels
    assert early == []
    assert back.metadata.labels[BEHIND] == "lb-a"


def test_servers_that_are_admitted_at_once_are_spread_and_never_too_many() -> None:
    conf = ("SlbIds=lb-a,lb-b", "PortProtocols=80/TCP")
    client = MemoryClient(GSS)
    one, two = _network(most=2), _network(most=2)

    pods = [
        network.on_pod_added(CTX, client, _number(number, *conf))
        for number, network in enumerate((one, two, two, one))
    ]

    assert [pod.metadata.labels[BEHIND] for pod in pods] == ["lb-a", "lb-b", "lb-a", "lb-b"]
    with pytest.raises(PluginError, match="lb-a has 0 free of 2, lb-b has 0 free of 2"):
        two.on_pod_added(CTX, client, _number(4, *conf))


def test_the_emptiest_load_balancer_is_taken_and_a_full_one_never() -> None:
    behind = [
        Pod(metadata=ObjectMeta(name=f"a-{i}", namespace="other", labels={BEHIND: "lb-a"}))
        for i in range(200)
    ]
    network = _told(_network(), *behind)
    lines = ("SlbIds=lb-a,lb-b,", "PortProtocols=80")

    pod = network.on_pod_added(CTX, MemoryClient(GSS), a_pod(*lines))

    assert pod.metadata.labels[BEHIND] == "lb-b"
    with pytest.raises(PluginError, match="lb-a has 0 free of 200; add a load balancer"):
        network.on_pod_added(CTX, MemoryClient(GSS), a_pod(*SLB))


@pytest.mark.parametrize("note", ["", "/", "/7", "lb-a/", "lb-a/x", "lb-a/99999", "lb-b/7", "lb-b"])
def test_a_place_that_somebody_else_noted_is_passed_over(note: str) -> None:
    labels = {BEHIND: "lb-a"}
    meta = ObjectMeta(name="gss-0", labels=labels, annotations={PLACE: note})

    assert place_of(Pod(metadata=meta)) == Place("lb-a")


@EACH
def test_a_server_that_is_cut_off_is_told_so_at_every_look(
    shared: Shared, balancer: str, lines: tuple[str, ...]
) -> None:
    client = MemoryClient(GSS)
    pod = _ready(shared, client, balancer, *lines)

    cut = _network(shared).on_pod_updated(CTX, client, disabled(pod, "true"))
    again = _network(shared).on_pod_updated(CTX, client, cut)

    assert status_of(cut).current_network_state == "NotReady"
    assert again == cut


@pytest.mark.parametrize("containers", ["", "game"])
@pytest.mark.parametrize("before", [True, False])
def test_a_server_that_is_cut_off_can_be_updated_in_place(containers: str, *, before: bool) -> None:
    lines = (*SLB, f"AllowNotReadyContainers={containers}")
    client = MemoryClient(_set(*lines))
    network = _network()
    pod = _ready(SLB_SHARED, client, "lb-a", *lines) if before else a_pod(*lines)
    pod = network.on_pod_updated(CTX, client, disabled(pod, "true"))
    updating = {"lifecycle.apps.kruise.io/state": "PreparingUpdate", BLOCKER: "true"}
    labels = {**pod.metadata.labels, **updating}
    pod = replace(pod, metadata=replace(pod.metadata, labels=labels))

    first = network.on_pod_updated(CTX, client, pod)
    looked = network.on_pod_updated(CTX, client, first)

    assert looked.metadata.labels[BLOCKER] == "false"


@EACH
def test_a_service_that_goes_is_waited_for(
    shared: Shared, balancer: str, lines: tuple[str, ...]
) -> None:
    client = MemoryClient(GSS)
    pod = _ready(shared, client, balancer, *lines)
    service = _service(client, balancer)
    client.put(replace(service, metadata=replace(service.metadata, deletion_timestamp=GONE)))

    looked = _network(shared).on_pod_updated(CTX, client, pod)

    assert status_of(looked).current_network_state == "NotReady"
    assert _service(client, balancer).metadata.deletion_timestamp == GONE


@EACH
def test_a_service_of_an_earlier_set_is_waited_for(
    shared: Shared, balancer: str, lines: tuple[str, ...]
) -> None:
    client = MemoryClient(GSS)
    pod = _ready(shared, client, balancer, *lines)
    before = _service(client, balancer)
    client.put(replace(GSS, metadata=replace(GSS.metadata, uid="another")))

    looked = _network(shared).on_pod_updated(CTX, client, pod)

    assert status_of(looked).current_network_state == "NotReady"
    assert _service(client, balancer) == before


def test_a_service_is_made_when_its_set_is_known_and_not_before() -> None:
    client = MemoryClient()
    network = _network()
    pod = network.on_pod_updated(CTX, client, network.on_pod_added(CTX, client, a_pod(*SLB)))
    early = client.list(Service)
    client.put(GSS)

    network.on_pod_updated(CTX, client, pod)

    assert pod.metadata.labels[BEHIND] == "lb-a"
    assert early == []
    assert [it.uid for it in _service(client, "lb-a").metadata.owner_references] == ["gu"]


@EACH
def test_a_service_that_an_orphaned_set_left_becomes_the_next_ones(
    shared: Shared, balancer: str, lines: tuple[str, ...]
) -> None:
    client = MemoryClient(_set(*lines))
    pod = _ready(shared, client, balancer, *lines)
    service = _service(client, balancer)
    client.put(replace(service, metadata=replace(service.metadata, owner_references=())))

    _network(shared).on_pod_updated(CTX, client, pod)

    assert _service(client, balancer).metadata.owner_references == service.metadata.owner_references


def test_a_service_that_somebody_else_made_stays_as_it_is() -> None:
    meta = ObjectMeta(name="lb-a", namespace="ns")
    made = Service(metadata=meta, spec=ServiceSpec(type="LoadBalancer", selector={BEHIND: "lb-a"}))
    client = MemoryClient(_set(*SLB), made)

    _ready(SLB_SHARED, client, "lb-a", *SLB)

    assert _service(client, "lb-a").metadata.owner_references == ()
    assert _service(client, "lb-a").spec == made.spec


@pytest.mark.parametrize(("name", "number"), [("web", 8080), ("other", 80)])
def test_a_service_may_call_the_port_of_its_servers_by_name(name: str, number: int) -> None:
    port = ServicePort(name="http", protocol="TCP", port=80, target_port=name)
    spec = ServiceSpec(type="LoadBalancer", selector={BEHIND: "lb-a"}, ports=(port,))
    client = MemoryClient(GSS, Service(metadata=ObjectMeta(name="lb-a", namespace="ns"), spec=spec))
    container = Container(name="game", ports=(ContainerPort(container_port=8080, name="web"),))
    pod = replace(a_pod(*SLB), spec=PodSpec(containers=(container,)))
    network = _network()
    _answered(client, "lb-a")

    pod = network.on_pod_updated(CTX, client, network.on_pod_added(CTX, client, pod))

    [inside], [outside] = status_of(pod).internal_addresses, status_of(pod).external_addresses
    assert [(it.name, it.port) for it in inside.ports] == [(str(number), number)]
    assert [(it.name, it.port) for it in outside.ports] == [(str(number), 80)]


def test_other_ports_reach_the_service() -> None:
    client = MemoryClient(_set(*NLB))
    pod = _ready(NLB_SHARED, client, "nlb-a", *NLB)
    other = ("NlbIds=nlb-a", "PortProtocols=81/UDP")
    client.put(_set(*other))

    pod = _network(NLB_SHARED).on_pod_updated(CTX, client, changed(pod, *other))

    assert status_of(pod).current_network_state == "NotReady"
    assert [(p.port, p.protocol) for p in _service(client, "nlb-a").spec.ports] == [(81, "UDP")]


def test_ports_of_another_configuration_than_the_sets_do_not_reach_the_service() -> None:
    client = MemoryClient(_set(*NLB))
    pod = _ready(NLB_SHARED, client, "nlb-a", *NLB)
    before = _service(client, "nlb-a")

    looked = _network(NLB_SHARED).on_pod_updated(
        CTX, client, changed(pod, "NlbIds=nlb-a", "PortProtocols=81/UDP")
    )

    assert status_of(looked) == status_of(pod)
    assert _service(client, "nlb-a") == before


def test_ports_of_another_set_do_not_reach_the_service() -> None:
    client = MemoryClient(_set(*NLB))
    pod = _ready(NLB_SHARED, client, "nlb-a", *NLB)
    before = _service(client, "nlb-a")
    other = ("NlbIds=nlb-a", "PortProtocols=81/UDP")
    another = _set(*other)
    client.put(replace(another, metadata=replace(GSS.metadata, name="other", uid="ou")))
    owned = changed(pod, *other)
    labels = {**owned.metadata.labels, "game.kruise.io/owner-gss": "other"}
    owned = replace(owned, metadata=replace(owned.metadata, labels=labels))

    looked = _network(NLB_SHARED).on_pod_updated(CTX, client, owned)

    assert status_of(looked) == status_of(pod)
    assert _service(client, "nlb-a") == before


def test_a_server_stays_where_it_is_when_its_set_has_another_load_balancer() -> None:
    client = MemoryClient(_set(*NLB))
    pod = _ready(NLB_SHARED, client, "nlb-a", *NLB)
    before = _service(client, "nlb-a")
    other = ("NlbIds=nlb-b", "PortProtocols=80/TCP")
    client.put(_set(*other))

    looked = _network(NLB_SHARED).on_pod_updated(CTX, client, changed(pod, *other))

    assert looked.metadata.labels[BEHIND] == "nlb-a"
    assert status_of(looked) == status_of(pod)
    assert client.list(Service) == [before]
