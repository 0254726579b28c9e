"""Ports of nodes that are written into pods, and the addresses that come of it."""

from concurrent.futures import ThreadPoolExecutor
from typing import cast

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from okg.api.core import (
    Container,
    ContainerPort,
    Namespace,
    Node,
    NodeAddress,
    NodeStatus,
    Pod,
    PodSpec,
    PodStatus,
)
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta
from okg.client.client import Client
from okg.client.patch import json_patch
from okg.client.rest import ApiClient
from okg.cloudprovider.kubernetes.host_port import PARAMETERS, HostPort, host_ports
from okg.cloudprovider.ledger_record import LedgerRecord, read_book
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.ports import PENDING, PortRange
from okg.context import Context
from okg.errors import ApiError
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from unit.cloudprovider.golden import GSS, POD, conf_of
from unit.controllers.memory import MemoryClient

CTX = Context()
RANGE = PortRange(low=8000, high=8009)
STATUS = "game.kruise.io/network-status"
NOT_READY = '{"currentNetworkState":"NotReady","createTime":null,"lastTransitionTime":null}'
GAME = "ContainerPorts=game:80"


def _pod(*lines: str, name: str = "gss-3", ports: tuple[ContainerPort, ...] = ()) -> Pod:
    """Return a pod of two containers as it is asked for."""
    text = msgspec.json.encode(conf_of(*lines)).decode()
    annotations = {"game.kruise.io/network-conf": text}
    meta = replace(POD.metadata, name=name, annotations=annotations)
    containers = (Container(name="game", ports=ports), Container(name="sidecar"))
    return Pod(metadata=meta, spec=PodSpec(containers=containers))


def _ports(pod: Pod, container: int = 0) -> list[tuple[int, str, int]]:
    """Return ports with protocols and the node's ports of a container."""
    ports = pod.spec.containers[container].ports
    return [(port.container_port, port.protocol, port.host_port) for port in ports]


def _host_ports(pod: Pod) -> list[int]:
    return [port.host_port for port in pod.spec.containers[0].ports]


def _running(pod: Pod, *, ip: str = "10.0.0.1") -> Pod:
    spec = replace(pod.spec, node_name="node-a")
    return replace(pod, spec=spec, status=PodStatus(pod_ip=ip))


def _node() -> Node:
    addresses = (NodeAddress(type="ExternalIP", address="2.2.2.2"),)
    return Node(metadata=ObjectMeta(name="node-a"), status=NodeStatus(addresses=addresses))


class _Cluster:
    """The network type on a cluster in memory whose pods its index knows."""

    def __init__(self, *, allowed: PortRange = RANGE) -> None:
        self.clock = FakeClock()
        self.ctx = Context(clock=self.clock)
        self.client = MemoryClient(GSS)
        self.pool = host_ports("system", allowed)
        self.plugin = HostPort(self.pool)

    def add(self, name: str = "gss-3", *lines: str) -> Pod:
        return self.plugin.on_pod_added(self.ctx, self.client, _pod(*lines or [GAME], name=name))

    def make(self, name: str = "gss-3", *lines: str) -> Pod:
        pod = self.add(name, *lines)
        self.pool.observe(None, pod)
        return pod

    def delete(self, pod: Pod) -> None:
        self.plugin.on_pod_deleted(self.ctx, self.client, pod)
        self.pool.observe(pod, None)

    def tidy(self) -> None:
        self.client.put(self.pool.tidied(self.record(), self.clock.now()))

    def record(self) -> LedgerRecord:
        record = self.client.get(LedgerRecord, "system", "okg-ports-kubernetes-hostport")
        assert record is not None
        return record


def test_ports_are_written_into_containers_from_the_last_drawn() -> None:
    pod = _Cluster().add("gss-3", "ContainerPorts=game:80,443/UDP,SameAsHost/TCPUDP")

    assert _ports(pod) == [
        (80, "TCP", 8002),
        (443, "UDP", 8001),
        (8000, "TCP", 8000),
        (8000, "UDP", 8000),
    ]


def test_containers_have_their_turn_in_the_order_of_the_pod_and_keep_the_ports_they_have() -> None:
    cluster = _Cluster()
    own = ContainerPort(container_port=9000, name="metrics")
    lines = ("ContainerPorts=sidecar:53/UDP", "ContainerPorts=game:80")

    pod = cluster.plugin.on_pod_added(CTX, cluster.client, _pod(*lines, ports=(own,)))

    assert pod.spec.containers[0].ports[0] is own
    assert _ports(pod)[1:] == [(80, "TCP", 8001)]
    assert _ports(pod, 1) == [(53, "UDP", 8000)]


def test_an_admission_adds_ports_and_nothing_else() -> None:
    asked = _pod(GAME)

    wanted = _Cluster().plugin.on_pod_added(CTX, MemoryClient(), asked)

    port = {"containerPort": 80, "hostPort": 8000, "protocol": "TCP"}
    assert json_patch(asked, wanted) == (
        {"op": "add", "path": "/spec/containers/0/ports", "value": [port]},
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["ContainerPorts=game:-1/UDP"], [(8000, "UDP", 8000)]),
        (["ContainerPorts=game:80/SCTP"], [(80, "SCTP", 8000)]),
        (["ContainerPorts=game:80/"], [(80, "", 8000)]),
        (["ContainerPorts=game:80/TCP/UDP"], [(80, "TCP", 8000)]),
        (["ContainerPorts=game:80,http,81"], [(80, "TCP", 8001), (81, "TCP", 8000)]),
        (["ContainerPorts=game:80,0,-2,65536, 81"], [(80, "TCP", 8000)]),
        (["ContainerPorts=game:80", "ContainerPorts=game:81"], [(81, "TCP", 8000)]),
        (["ContainerPorts=game:80", "ContainerPorts=other:81"], [(80, "TCP", 8000)]),
        (["ContainerPorts=game:80", "ContainerPorts=80"], [(80, "TCP", 8000)]),
        (["ContainerPorts=game:80:81"], []),
        (["ContainerPorts=game:"], []),
        ([], []),
    ],
)
def test_what_is_malformed_is_passed_over_in_what_is_stored(
    lines: list[str], expected: list[tuple[int, str, int]]
) -> None:
    assert _ports(_Cluster().plugin.on_pod_added(CTX, MemoryClient(), _pod(*lines))) == expected


ADVICE = (
    "write container:ports, once for each container, such as game:80,443/UDP,SameAsHost/TCPUDP;"
    " each port is a number from 1 to 65535 or SameAsHost, with TCP, UDP, SCTP or TCPUDP"
)


@pytest.mark.parametrize(
    ("lines", "problems"),
    [
        (["ContainerPorts=game:80,443/UDP", "ContainerPorts=side:SameAsHost/TCPUDP"], []),
        (["ContainerPorts=80"], [f'ContainerPorts: "80" is malformed; {ADVICE}']),
        (
            ["ContainerPorts=game:http,0,80/tcp"],
            [f'ContainerPorts: "http", "0", "80/tcp" is malformed; {ADVICE}'],
        ),
        ([], [f"ContainerPorts is missing; {ADVICE}"]),
    ],
)
def test_what_is_malformed_is_told_of_what_is_new(lines: list[str], problems: list[str]) -> None:
    assert list(PARAMETERS.problems(conf_of(*lines))) == problems


def test_a_server_that_asks_for_no_port_draws_none() -> None:
    client = MemoryClient()

    pod = _pod("ContainerPorts=other:80")

    assert _Cluster().plugin.on_pod_added(CTX, client, pod) is pod
    assert client.writes == []


def test_an_admission_that_is_retried_gets_the_same() -> None:
    cluster = _Cluster()
    first = cluster.add("gss-3", "ContainerPorts=game:80,81")
    cluster.add("gss-4")

    assert cluster.add("gss-3", "ContainerPorts=game:80,81") == first


def test_an_admission_that_is_repeated_with_what_came_of_it_adds_nothing() -> None:
    cluster = _Cluster()
    once = cluster.add("gss-3", "ContainerPorts=game:80,443/UDP,SameAsHost/TCPUDP")

    assert cluster.plugin.on_pod_added(CTX, cluster.client, once) is once


def test_a_port_that_is_missing_is_added_to_those_that_are_there() -> None:
    ports = (
        ContainerPort(container_port=80, host_port=8005, protocol="TCP"),
        ContainerPort(container_port=8004, host_port=8004, protocol="TCP"),
    )
    pod = _pod("ContainerPorts=game:80,SameAsHost/TCPUDP,81", ports=ports)

    pod = _Cluster().plugin.on_pod_added(CTX, MemoryClient(), pod)

    assert _ports(pod)[2:] == [(8001, "TCP", 8001), (8001, "UDP", 8001), (81, "TCP", 8000)]


def test_a_pod_that_is_there_is_asked_about_again() -> None:
    cluster = _Cluster()
    cluster.make("gss-3")
    made = cluster.make("gss-4", "ContainerPorts=game:80,81")
    cluster.tidy()

    assert cluster.add("gss-4", "ContainerPorts=game:80,81") == made


def test_servers_have_different_ports_until_all_are_used() -> None:
    cluster = _Cluster(allowed=PortRange(low=8000, high=8001))

    drawn = [_host_ports(cluster.make(f"gss-{number}")) for number in range(5)]

    assert drawn == [[8000], [8001], [8000], [8001], [8000]]


def test_a_server_that_is_made_again_has_its_port_again_in_spite_of_others() -> None:
    cluster = _Cluster()
    cluster.make("gss-0")
    cluster.tidy()
    before = cluster.make("gss-1")
    cluster.tidy()

    cluster.delete(before)
    cluster.tidy()
    other = cluster.make("gss-2")
    after = cluster.make("gss-1")

    assert (_host_ports(before), _host_ports(other), _host_ports(after)) == ([8001], [8002], [8001])


def test_the_port_of_a_server_that_does_not_come_back_is_free_after_a_while() -> None:
    cluster = _Cluster()
    cluster.delete(cluster.make("gss-0"))
    cluster.clock.advance(PENDING.total_seconds())

    cluster.tidy()

    assert cluster.record().data == {}
    assert _host_ports(cluster.make("gss-1")) == [8000]


def test_the_ports_of_a_set_that_goes_are_free_when_its_pods_are_gone() -> None:
    cluster = _Cluster()
    pod = cluster.make("gss-0")
    cluster.tidy()
    cluster.client.remove(GameServerSet, "ns/gss")

    cluster.delete(pod)
    cluster.tidy()

    assert cluster.record().data == {}


def test_the_ports_of_a_set_that_goes_at_once_count_for_nobody() -> None:
    cluster = _Cluster(allowed=PortRange(low=8000, high=8001))
    pods = [cluster.make(name) for name in ("gss-0", "gss-1", "gss-2")]
    cluster.client.remove(GameServerSet, "ns/gss")

    for pod in pods:
        cluster.delete(pod)

    assert read_book(cluster.record(), "nodes").claims == {}
    assert [_host_ports(cluster.make(name)) for name in ("gss-3", "gss-4")] == [[8000], [8001]]


def test_a_set_that_goes_without_ports_on_record_writes_none() -> None:
    cluster = _Cluster()
    pod = _pod(GAME, ports=(ContainerPort(container_port=80, host_port=8000),))
    cluster.client.remove(GameServerSet, "ns/gss")

    cluster.delete(pod)

    assert cluster.client.writes == []


def test_a_server_that_asked_for_more_before_finds_what_it_had_last() -> None:
    cluster = _Cluster()
    cluster.add("gss-0", "ContainerPorts=game:80,81")
    fewer = cluster.make("gss-0")

    cluster.delete(fewer)

    claim = read_book(cluster.record(), "nodes").claims["ns/gss-0"]
    assert (claim.ports, claim.left) == ((8000,), True)


def test_the_port_of_a_pod_that_was_never_made_is_free_after_a_while() -> None:
    cluster = _Cluster()
    cluster.add("gss-0")
    cluster.clock.advance(PENDING.total_seconds())

    cluster.tidy()

    assert cluster.record().data == {}


def test_a_deletion_that_is_asked_for_twice_is_noted_once() -> None:
    cluster = _Cluster()
    pod = cluster.make("gss-0")
    cluster.delete(pod)
    writes = list(cluster.client.writes)

    cluster.delete(pod)

    assert cluster.client.writes == writes
    assert read_book(cluster.record(), "nodes").claims["ns/gss-0"].left


def test_a_deletion_is_not_held_up_by_a_record_that_cannot_be_written() -> None:
    cluster = _Cluster()
    pod = cluster.make("gss-0")
    cluster.client.refusals[LedgerRecord] = ApiError(413, "RequestEntityTooLarge", "too large")

    with capture_logs() as logs:
        cluster.delete(pod)

    assert [line["event"] for line in logs] == ["ports of a server that goes are not noted"]


def test_a_deletion_of_a_pod_without_ports_of_the_range_leaves_nothing() -> None:
    cluster = _Cluster()
    foreign = _pod(ports=(ContainerPort(container_port=80, host_port=7000),))

    cluster.delete(foreign)

    assert cluster.client.writes == []


def test_a_port_that_the_template_has_is_not_given_to_the_same_pod() -> None:
    cluster = _Cluster()
    own = ContainerPort(container_port=9000, host_port=8000)

    pod = cluster.plugin.on_pod_added(CTX, cluster.client, _pod(GAME, ports=(own,)))

    assert _host_ports(pod) == [8000, 8001]


def test_ports_that_pods_have_by_others_are_not_given() -> None:
    cluster = _Cluster()
    foreign = _pod(name="by-go", ports=(ContainerPort(container_port=80, host_port=8000),))
    cluster.pool.observe(None, foreign)

    assert _host_ports(cluster.make("gss-0")) == [8001]


def test_more_ports_than_there_are_are_refused() -> None:
    cluster = _Cluster(allowed=PortRange(low=8000, high=8001))

    with pytest.raises(
        PluginError, match=r"3 ports wanted for ns/gss-3, there are 2 in 8000-8001"
    ) as e:
        cluster.add("gss-3", "ContainerPorts=game:80,81,82")

    assert e.value.type is PluginErrorType.INTERNAL


def test_a_thousand_servers_of_two_replicas_at_once_have_a_thousand_ports() -> None:
    server = FakeApiServer()
    ApiClient(server).create(Namespace(metadata=ObjectMeta(name="system")))
    live = cast("Client", ApiClient(server))  # reads of one object are all it is used for
    allowed = PortRange(low=8000, high=8999)
    replicas = [HostPort(host_ports("system", allowed)) for _ in range(2)]

    def add(number: int) -> list[int]:
        pod = _pod(GAME, name=f"gss-{number}")
        return _host_ports(replicas[number % 2].on_pod_added(CTX, live, pod))

    with ThreadPoolExecutor(16) as threads:
        drawn = list(threads.map(add, range(1000)))

    assert sorted(port for ports in drawn for port in ports) == list(range(8000, 9000))


def _look(client: MemoryClient, pod: Pod) -> Pod:
    return HostPort(host_ports("system", RANGE)).on_pod_updated(CTX, client, pod)


def _told(pod: Pod) -> str | None:
    return pod.metadata.annotations.get(STATUS)


def test_a_server_is_told_the_ports_of_its_node() -> None:
    ports = (
        ContainerPort(container_port=80, host_port=8002, protocol="TCP"),
        ContainerPort(container_port=443, host_port=8001, protocol="UDP"),
    )
    pod = _pod("ContainerPorts=game:80,443/UDP", ports=ports)

    ready = _look(MemoryClient(_node()), _running(pod))

    assert _told(ready) == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"game-80","protocol":"TCP","port":80},'
        '{"name":"game-443","protocol":"UDP","port":443}]}],'
        '"externalAddresses":[{"ip":"2.2.2.2","ports":[{"name":"game-80","protocol":"TCP","port":8002},'
        '{"name":"game-443","protocol":"UDP","port":8001}]}],'
        '"currentNetworkState":"Ready","createTime":null,"lastTransitionTime":null}'
    )
    assert _look(MemoryClient(_node()), ready) is ready


def test_only_ports_of_the_range_are_told() -> None:
    ports = (
        ContainerPort(container_port=80, host_port=7999, protocol="TCP"),
        ContainerPort(container_port=81, host_port=8009, protocol="TCP"),
        ContainerPort(container_port=82, protocol="TCP"),
    )

    ready = _look(MemoryClient(_node()), _running(_pod(GAME, ports=ports)))

    assert '"ports":[{"name":"game-81","protocol":"TCP","port":8009}]' in (_told(ready) or "")


def test_without_an_address_or_a_port_of_the_range_the_network_is_not_ready() -> None:
    pod, client = _Cluster().make(), MemoryClient(_node())

    ready = _look(client, _running(pod))
    restarted = _look(client, replace(ready, status=PodStatus()))

    assert _told(_look(client, _running(pod, ip=""))) == NOT_READY
    assert _told(_look(client, _running(_pod(GAME)))) == NOT_READY
    assert _told(restarted) == NOT_READY


def test_a_pod_that_has_no_node_yet_is_told_nothing() -> None:
    pod = _Cluster().make()
    bound = _running(pod)

    assert _look(MemoryClient(_node()), pod) is pod
    assert _look(MemoryClient(), bound) is bound


def test_a_server_whose_node_is_gone_is_told_so() -> None:
    ready = _look(MemoryClient(_node()), _running(_Cluster().make()))

    assert _told(_look(MemoryClient(), ready)) == NOT_READY
