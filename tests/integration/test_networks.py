"""Networks of the shipped providers on a real API server, by both ways that pods come to be."""

from collections.abc import Generator
from uuid import uuid4

import pytest
from msgspec.structs import replace

from integration.arena import Arena, names
from integration.clouds import FLAGS, Clouded, network, nlb, open_clouded
from integration.hooked import Replica
from okg.api.core import Node, NodeAddress
from okg.errors import Forbidden
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

MAKERS = pytest.mark.parametrize("maker", ["native", "kruise"])


@pytest.fixture(scope="module")
def clouded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Clouded]:
    with open_clouded(tmp_path_factory.mktemp("clouded")) as clouded:
        yield clouded


@pytest.fixture(scope="module", autouse=True)
def replica(clouded: Clouded) -> Generator[Replica]:
    with clouded.hooked.replica(*FLAGS) as replica:
        yield replica


@pytest.fixture
def arena(clouded: Clouded) -> Arena:
    return clouded.arena


@pytest.fixture
def namespace(arena: Arena) -> str:
    return arena.namespace()


@pytest.fixture
def balancer() -> str:
    return f"nlb-{uuid4().hex[:8]}"


@MAKERS
def test_servers_behind_a_load_balancer_know_their_addresses(
    clouded: Clouded, namespace: str, balancer: str, maker: str
) -> None:
    clouded.make(namespace, maker, replicas=2, network=nlb(balancer))

    eventually(lambda: clouded.states(namespace) == {"a-0": "Ready", "a-1": "Ready"}, within=60)
    found = clouded.networks(namespace)
    outside = {
        (at.end_point, at.ports[0].port) for it in found.values() for at in it.external_addresses
    }
    inside = {(at.ip, at.ports[0].port) for it in found.values() for at in it.internal_addresses}
    pods = clouded.arena.pods(namespace).values()
    assert outside == {(f"{balancer}.nlb.example", 1000), (f"{balancer}.nlb.example", 1001)}
    assert inside == {(pod.status.pod_ip, 80) for pod in pods}
    eventually(lambda: clouded.record().get(balancer) == (1000, 1001), within=30)
    eventually(lambda: not clouded.claims([balancer]), within=30)


@MAKERS
def test_traffic_is_cut_off_and_comes_back_on_the_same_port(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str, maker: str
) -> None:
    clouded.make(namespace, maker, replicas=1, network=nlb(balancer))
    eventually(lambda: clouded.states(namespace) == {"a-0": "Ready"}, within=60)
    before = clouded.services(namespace)["a-0"]

    arena.edit_server(namespace, "a-0", {"spec": {"networkDisabled": True}})
    eventually(lambda: clouded.states(namespace) == {"a-0": "NotReady"}, within=60)
    cut = clouded.services(namespace)["a-0"]
    arena.edit_server(namespace, "a-0", {"spec": {"networkDisabled": False}})
    eventually(lambda: clouded.states(namespace) == {"a-0": "Ready"}, within=60)
    after = clouded.services(namespace)["a-0"]

    assert (before.spec.type, cut.spec.type) == ("LoadBalancer", "ClusterIP")
    assert after.metadata.uid == before.metadata.uid
    assert [port.port for port in after.spec.ports] == [1000]
    assert after.spec.load_balancer_class == "alibabacloud.com/nlb"


@MAKERS
def test_servers_are_reached_by_a_port_of_their_node(
    clouded: Clouded, arena: Arena, namespace: str, maker: str
) -> None:
    addresses = (NodeAddress(type="InternalIP", address="192.0.2.7"),)
    for node in arena.admin.list(Node):
        after = replace(node, status=replace(node.status, addresses=addresses))
        arena.admin.patch(node, after, subresource="status")
    kind = "Kubernetes-NodePort"

    clouded.make(namespace, maker, replicas=1, network=network(kind, {"PortProtocols": "80"}))

    eventually(lambda: clouded.states(namespace) == {"a-0": "Ready"}, within=60)
    [at] = clouded.networks(namespace)["a-0"].external_addresses
    [port] = clouded.services(namespace)["a-0"].spec.ports
    assert (at.ip, at.ports[0].port) == ("192.0.2.7", port.node_port)
    assert port.node_port >= 30000


def test_servers_are_reached_by_a_path(clouded: Clouded, namespace: str) -> None:
    conf = {"Path": "/<id>", "PathType": "Prefix", "Port": "80", "Host": "games.example"}

    clouded.make(namespace, "native", replicas=2, network=network("Kubernetes-Ingress", conf))

    eventually(lambda: clouded.states(namespace) == {"a-0": "Ready", "a-1": "Ready"}, within=60)
    found = clouded.networks(namespace)
    paths = {at.ports[0].name for it in found.values() for at in it.external_addresses}
    assert paths == {"/0", "/1"}


@pytest.mark.parametrize("fixed", ["true", "false"])
def test_ports_are_free_when_their_set_is_gone(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str, fixed: str
) -> None:
    clouded.make(namespace, "native", replicas=3, network=nlb(balancer, Fixed=fixed))
    ready = dict.fromkeys(names("a", range(3)), "Ready")
    eventually(lambda: clouded.states(namespace) == ready, within=60)
    eventually(lambda: clouded.record().get(balancer) == (1000, 1001, 1002), within=30)
    eventually(lambda: not clouded.claims([balancer]), within=30)

    arena.edit_set(namespace, "a", {"replicas": 0})
    eventually(lambda: not arena.pods(namespace), within=60)
    arena.admin.delete(arena.get_set(namespace, "a"))

    eventually(lambda: not clouded.services(namespace), within=60)
    eventually(lambda: balancer not in clouded.record(), within=30)


def test_a_wrong_parameter_is_refused_with_its_name_its_value_and_what_to_write(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str
) -> None:
    wrong = nlb(balancer, PortProtocols="80/TPC", LBHealthCheckFlag="maybe")

    with pytest.raises(Forbidden) as refused:
        arena.create_set(namespace, "a", replicas=1, network=wrong)

    text = str(refused.value)
    assert 'networkConf: PortProtocols: "80/TPC" is malformed; write ports from 1 to' in text
    assert 'networkConf: LBHealthCheckFlag: "maybe" is malformed; write on or off' in text


def test_a_network_that_the_options_do_not_enable_is_refused_with_the_reason(
    clouded: Clouded, arena: Arena, namespace: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        arena.create_set(namespace, "a", replicas=0, network=network("JdCloud-NLB", {}))

    assert (
        '"JdCloud-NLB" cannot be used, because Jdcloud is not enabled: write enable = true under'
        " [jdcloud]" in str(refused.value)
    )


def test_a_network_costs_a_service_and_few_writes_of_its_pod(
    clouded: Clouded, arena: Arena, namespace: str, balancer: str
) -> None:
    before = clouded.requests()

    clouded.make(namespace, "kruise", replicas=10, network=nlb(balancer))
    ready = dict.fromkeys(names("a", range(10)), "Ready")
    eventually(lambda: clouded.states(namespace) == ready, within=60)

    spent = clouded.requests() - before
    assert spent["POST", "services"] == 10
    assert spent["PATCH", "services"] == 10, "the cloud notes each Service as its own"
    assert spent["PATCH", "pods"] <= 40
    assert spent["PATCH", "gameservers"] == 0
