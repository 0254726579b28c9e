"""Networks of plain Kubernetes, look by look and object by object."""

import msgspec
import pytest
from msgspec.structs import replace

from okg.api.core import (
    Container,
    ContainerPort,
    Node,
    NodeAddress,
    NodeStatus,
    Pod,
    PodSpec,
    PodStatus,
)
from okg.api.meta import ObjectMeta
from okg.api.networking import Ingress
from okg.api.service import Service
from okg.cloudprovider.kubernetes.ingress import IngressNetwork
from okg.cloudprovider.kubernetes.node_address import address_of
from okg.cloudprovider.kubernetes.node_port import NodePort
from okg.cloudprovider.plugin import NetworkPlugin, PluginError
from okg.context import Context
from unit.cloudprovider.golden import GSS, POD, SELECTOR, conf_of, spec_of
from unit.cloudprovider.network_pods import disabled, status_of
from unit.controllers.memory import MemoryClient

CTX = Context()
STATUS = "game.kruise.io/network-status"
TIMES = '"createTime":null,"lastTransitionTime":null}'


def _pod(*lines: str, node: str = "node-a") -> Pod:
    text = msgspec.json.encode(conf_of(*lines)).decode()
    meta = replace(POD.metadata, annotations={"game.kruise.io/network-conf": text})
    spec = PodSpec(node_name=node)
    return replace(POD, metadata=meta, spec=spec, status=PodStatus(pod_ip="10.0.0.1"))


def _node(*addresses: tuple[str, str]) -> Node:
    listed = tuple(NodeAddress(type=kind, address=address) for kind, address in addresses)
    return Node(metadata=ObjectMeta(name="node-a"), status=NodeStatus(addresses=listed))


def _look(plugin: NetworkPlugin, client: MemoryClient, pod: Pod, times: int = 1) -> Pod:
    for _ in range(times):
        pod = plugin.on_pod_updated(CTX, client, pod)
    return pod


def _service(client: MemoryClient) -> Service:
    service = client.get(Service, "ns", "gss-3")
    assert service is not None
    return service


def _give_node_port(client: MemoryClient, port: int) -> None:
    service = _service(client)
    ports = tuple(replace(p, node_port=port) for p in service.spec.ports)
    client.put(replace(service, spec=replace(service.spec, ports=ports)))


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([("InternalIP", "10.0.0.9"), ("ExternalIP", "1.2.3.4")], "1.2.3.4"),
        ([("ExternalDNS", "node.example"), ("ExternalIP", "1.2.3.4")], "node.example"),
        ([("ExternalDNS", ""), ("ExternalIP", "1.2.3.4")], "1.2.3.4"),
        ([("ExternalDNS", ""), ("InternalIP", "10.0.0.9")], "10.0.0.9"),
        ([("InternalIP", "10.0.0.8"), ("InternalIP", "10.0.0.9")], "10.0.0.9"),
        ([("InternalIP", "no number"), ("Hostname", "node-a")], ""),
    ],
)
def test_a_node_is_reached_from_outside_if_it_can_be(
    addresses: list[tuple[str, str]], expected: str
) -> None:
    assert address_of(_node(*addresses)) == expected


def test_the_service_of_a_node_port() -> None:
    client = MemoryClient(GSS)

    _look(NodePort(), client, _pod("PortProtocols=80/TCP"), times=2)

    service = _service(client)
    assert service.metadata.annotations == {"game.kruise.io/svc-hash": "3594902903"}
    assert [owner.uid for owner in service.metadata.owner_references] == ["u"]
    assert spec_of(service) == {
        "ports": [{"name": "80", "protocol": "TCP", "port": 80, "targetPort": 80}],
        "selector": SELECTOR,
        "type": "NodePort",
    }


def test_a_node_takes_sctp_too() -> None:
    client, conf = MemoryClient(GSS), "PortProtocols=80/SCTP,80/UDP"

    _look(NodePort(), client, _pod(conf), times=2)

    ports = [(port.name, port.protocol) for port in _service(client).spec.ports]
    assert ports == [("80-sctp", "SCTP"), ("80-udp", "UDP")]
    assert list(NodePort().parameters.problems(conf_of(conf))) == []


def test_a_server_is_told_its_port_of_its_node() -> None:
    client = MemoryClient(GSS, _node(("ExternalIP", "1.2.3.4")))
    pod = _look(NodePort(), client, _pod("PortProtocols=80/TCP"), times=3)
    _give_node_port(client, 30123)

    ready = _look(NodePort(), client, pod)

    assert '"currentNetworkState":"NotReady"' in pod.metadata.annotations[STATUS]
    assert ready.metadata.annotations[STATUS] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":80}]}],'
        '"externalAddresses":[{"ip":"1.2.3.4","ports":[{"name":"80","protocol":"TCP","port":30123}]}],'
        '"currentNetworkState":"Ready",' + TIMES
    )


@pytest.mark.parametrize(
    ("called", "expected"),
    [("game", ("8080", 8080)), ("other", ("80", 80))],
    ids=["a container calls a port so", "no container does"],
)
def test_a_service_may_lead_to_a_port_by_its_name(called: str, expected: tuple[str, int]) -> None:
    client = MemoryClient(GSS, _node(("ExternalIP", "1.2.3.4")))
    pod = _look(NodePort(), client, _pod("PortProtocols=80"), times=2)
    container = Container(name="c", ports=(ContainerPort(container_port=8080, name=called),))
    pod = replace(pod, spec=replace(pod.spec, containers=(container,)))
    service = _service(client)
    ports = tuple(replace(p, node_port=30123, target_port="game") for p in service.spec.ports)
    client.put(replace(service, spec=replace(service.spec, ports=ports)))

    ready = status_of(_look(NodePort(), client, pod))

    [inside], [outside] = ready.internal_addresses[0].ports, ready.external_addresses[0].ports
    assert (inside.name, inside.port) == expected
    assert (outside.name, outside.port) == (expected[0], 30123)


def test_a_pod_without_a_node_waits_once_something_was_told() -> None:
    pod = _pod("PortProtocols=80", node="")
    told = _pod("PortProtocols=80")
    told = replace(_look(NodePort(), MemoryClient(GSS), told), spec=PodSpec())

    assert _look(NodePort(), MemoryClient(), pod) is pod
    assert (
        '"currentNetworkState":"Waiting"'
        in (_look(NodePort(), MemoryClient(), told).metadata.annotations[STATUS])
    )


def test_a_server_is_cut_off_by_a_selector_that_finds_nobody() -> None:
    client = MemoryClient(GSS)
    pod = _look(NodePort(), client, _pod("PortProtocols=80"), times=2)
    labels = {**pod.metadata.labels, "game.kruise.io/network-disabled": "true"}
    cut = replace(pod, metadata=replace(pod.metadata, labels=labels))

    _look(NodePort(), client, cut)
    while_cut = _service(client).spec.selector
    _look(NodePort(), client, pod)

    assert while_cut == {"game.kruise.io/svc-selector-disabled": "gss-3"}
    assert _service(client).spec.selector == SELECTOR


def test_a_server_that_is_cut_off_is_not_ready_until_it_is_let_back() -> None:
    client = MemoryClient(GSS, _node(("ExternalIP", "1.2.3.4")))
    pod = _look(NodePort(), client, _pod("PortProtocols=80"), times=2)
    _give_node_port(client, 30123)
    ready = _look(NodePort(), client, pod)

    cut = _look(NodePort(), client, disabled(ready, "true"))
    still = _look(NodePort(), client, cut, times=2)
    back = _look(NodePort(), client, disabled(still, "false"), times=2)

    assert status_of(cut) == replace(status_of(ready), current_network_state="NotReady")
    assert still is cut
    assert status_of(back) == status_of(ready)


def test_a_server_that_is_cut_off_is_not_ready_though_its_node_is_gone() -> None:
    client = MemoryClient(GSS, _node(("ExternalIP", "1.2.3.4")))
    pod = _look(NodePort(), client, _pod("PortProtocols=80"), times=2)
    _give_node_port(client, 30123)
    ready = _look(NodePort(), client, pod)
    client.remove(Node, "node-a")

    cut = _look(NodePort(), client, disabled(ready, "true"), times=2)

    assert status_of(cut).current_network_state == "NotReady"


def test_other_ports_reach_the_service_and_a_port_that_stays_keeps_its_nodes_port() -> None:
    client = MemoryClient(GSS)
    pod = _look(NodePort(), client, _pod("PortProtocols=80"), times=2)
    _give_node_port(client, 30123)
    changed = _pod("PortProtocols=80,81/UDP").metadata.annotations
    meta = replace(pod.metadata, annotations={**pod.metadata.annotations, **changed})

    _look(NodePort(), client, replace(pod, metadata=meta))

    assert [(p.port, p.node_port) for p in _service(client).spec.ports] == [(80, 30123), (81, 0)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("80/TCP", "80/UDP,80/TCP", [("80-udp", 0), ("80-tcp", 30123)]),
        ("80/TCP", "80/UDP", [("80", 30123)]),
        ("80/TCP", "81/TCP", [("81", 0)]),
    ],
)
def test_a_port_keeps_its_nodes_port_whatever_it_is_called(
    before: str, after: str, expected: list[tuple[str, int]]
) -> None:
    client = MemoryClient(GSS, _node(("ExternalIP", "1.2.3.4")))
    pod = _look(NodePort(), client, _pod(f"PortProtocols={before}", "Fixed=true"), times=2)
    _give_node_port(client, 30123)

    _look(NodePort(), client, _changed(pod, f"PortProtocols={after}", "Fixed=true"))

    assert [(p.name, p.node_port) for p in _service(client).spec.ports] == expected


def test_of_two_protocols_that_become_one_its_own_port_stays() -> None:
    client = MemoryClient(GSS, _node(("ExternalIP", "1.2.3.4")))
    pod = _look(NodePort(), client, _pod("PortProtocols=80/TCP,80/UDP"), times=2)
    service = _service(client)
    ports = [replace(p, node_port=30000 + i) for i, p in enumerate(service.spec.ports)]
    client.put(replace(service, spec=replace(service.spec, ports=tuple(ports))))

    _look(NodePort(), client, _changed(pod, "PortProtocols=80/UDP"))

    assert [(p.name, p.node_port) for p in _service(client).spec.ports] == [("80", 30001)]


def test_a_node_port_speaks_what_a_service_can() -> None:
    lines = conf_of("PortProtocols=80/TCP,81/UDP,82/SCTP")

    assert list(NodePort.parameters.problems(lines)) == []
    assert list(NodePort.parameters.problems(conf_of("PortProtocols=80/TCPUDP"))) != []


@pytest.mark.parametrize("lines", [("Fixed=yes", "PortProtocols=80"), ("PortProtocols=http",), ()])
def test_a_node_port_that_cannot_work_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(PluginError):
        NodePort().on_pod_added(CTX, MemoryClient(), _pod(*lines))


INGRESS = (
    "Path=/g<id>",
    "Path=/x",
    "PathType=Prefix",
    "Port=80",
    "Host=h<id>.x",
    "IngressClassName=nginx",
    "TlsHosts=a,b",
    "Annotation=k: v",
)


def test_the_objects_of_an_ingress() -> None:
    client = MemoryClient(GSS)

    pod = _look(IngressNetwork(), client, _pod(*INGRESS), times=4)

    service, ingress = _service(client), client.get(Ingress, "ns", "gss-3")
    assert service.metadata.annotations == {"game.kruise.io/svc-hash": "1215747750"}
    assert spec_of(service) == {
        "ports": [{"name": "80", "port": 80}],
        "selector": SELECTOR,
        "type": "ClusterIP",
    }
    assert ingress is not None
    assert ingress.metadata.annotations == {
        "game.kruise.io/ingress-hash": "465970778",
        "game.kruise.io/network-conf-annotations": "k",
        "k": "v",
    }
    backend = {"service": {"name": "gss-3", "port": {"number": 80}}}
    assert msgspec.json.decode(msgspec.json.encode(ingress.spec)) == {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["a", "b"]}],
        "rules": [
            {
                "host": "h3.x",
                "http": {
                    "paths": [
                        {"path": "/g3", "pathType": "Prefix", "backend": backend},
                        {"path": "/x", "pathType": "Prefix", "backend": backend},
                    ]
                },
            }
        ],
    }
    ports = '[{"name":"/g3","port":80},{"name":"/x","port":80}]'
    assert pod.metadata.annotations[STATUS] == (
        '{"internalAddresses":[{"ip":"10.0.0.1","ports":' + ports + "}],"
        '"externalAddresses":[{"ip":"","ports":' + ports + ',"endPoint":"h3.x"}],'
        '"currentNetworkState":"Ready",' + TIMES
    )


def test_paths_of_one_port_share_it() -> None:
    client = MemoryClient(GSS)

    _look(IngressNetwork(), client, _pod(*INGRESS, "Port=80"), times=4)

    assert [port.name for port in _service(client).spec.ports] == ["80"]


@pytest.mark.parametrize("kind", ["prefix", "Foo", ""])
def test_a_kind_of_path_that_there_is_not_is_told(kind: str) -> None:
    conf = conf_of("Path=/", f"PathType={kind}", "Port=80")

    assert list(IngressNetwork.parameters.problems(conf)) == [
        f'PathType: "{kind}" is malformed; write Prefix, Exact or ImplementationSpecific'
    ]


def test_another_route_reaches_service_and_ingress() -> None:
    client = MemoryClient(GSS)
    pod = _look(IngressNetwork(), client, _pod(*INGRESS), times=4)
    changed = _pod("Path=/y", "PathType=Exact", "Port=81", "Fixed=true").metadata.annotations
    meta = replace(pod.metadata, annotations={**pod.metadata.annotations, **changed})

    pod = _look(IngressNetwork(), client, replace(pod, metadata=meta))
    again = _look(IngressNetwork(), client, pod)

    service, ingress = _service(client), client.get(Ingress, "ns", "gss-3")
    assert ingress is not None
    assert '"currentNetworkState":"NotReady"' in pod.metadata.annotations[STATUS]
    assert '"currentNetworkState":"Ready"' in again.metadata.annotations[STATUS]
    assert [port.port for port in service.spec.ports] == [81]
    assert [owner.uid for owner in service.metadata.owner_references] == ["gu"]
    assert [owner.uid for owner in ingress.metadata.owner_references] == ["gu"]


def _ingress(client: MemoryClient) -> Ingress:
    ingress = client.get(Ingress, "ns", "gss-3")
    assert ingress is not None
    return ingress


def _changed(pod: Pod, *lines: str) -> Pod:
    """Return the pod with another configuration and all that was told of it."""
    annotations = {**pod.metadata.annotations, **_pod(*lines).metadata.annotations}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


def _as_the_server_completes(service: Service) -> Service:
    ports = tuple(replace(p, protocol="TCP", target_port=p.port) for p in service.spec.ports)
    return replace(service, spec=replace(service.spec, ports=ports))


def test_another_path_reaches_the_ingress_and_the_service_is_not_written() -> None:
    client = MemoryClient(GSS)
    pod = _look(IngressNetwork(), client, _pod(*INGRESS), times=4)
    client.put(_as_the_server_completes(_service(client)))
    client.writes.clear()

    changed = _look(IngressNetwork(), client, _changed(pod, *INGRESS, "Path=/z"))

    assert client.writes == ["patch Ingress gss-3"]
    assert status_of(changed).current_network_state == "NotReady"


def test_an_ingress_whose_rules_somebody_has_taken_away_gets_them_back() -> None:
    client = MemoryClient(GSS)
    pod = _look(IngressNetwork(), client, _pod(*INGRESS), times=4)
    whole = _ingress(client)
    client.put(replace(whole, spec=replace(whole.spec, rules=())))

    without = _look(IngressNetwork(), client, pod)
    back = _look(IngressNetwork(), client, without)

    assert status_of(without).current_network_state == "NotReady"
    assert _ingress(client).spec == whole.spec
    assert status_of(back) == status_of(pod)


@pytest.mark.parametrize(
    "lines",
    [
        ("Path=/a", "PathType=Prefix"),
        ("Path=/<id>/<id>", "PathType=Prefix", "Port=80"),
        ("Path=/a", "PathType=Prefix", "Port=80", "Annotation=no separator"),
        ("Path=/a", "PathType=Prefix", "Port=80", "Host=<id>.<id>"),
    ],
)
def test_an_ingress_that_cannot_work_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(PluginError):
        IngressNetwork().on_pod_added(CTX, MemoryClient(), _pod(*lines))
