"""Kubernetes-NodePort: a port of every node for each port of a server."""

from okg.api.core import Node, Pod
from okg.api.meta import ObjectMeta
from okg.api.service import Service, ServiceSpec
from okg.client.client import Client
from okg.cloudprovider.balancer import (
    addresses,
    annotated,
    redressed,
    service_ports,
    specified,
)
from okg.cloudprovider.creation import create_once
from okg.cloudprovider.features import Features
from okg.cloudprovider.fingerprint import GoStruct, fingerprint
from okg.cloudprovider.grammar import flag
from okg.cloudprovider.kubernetes.node_address import address_of
from okg.cloudprovider.not_ready import ALLOW_NOT_READY, keep_connected
from okg.cloudprovider.owners import is_left_behind, owner_of
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pod_network import (
    WAITING,
    PodNetwork,
    read_pod_network,
    told_ready,
    told_state,
)
from okg.cloudprovider.service_parameters import go_ports, server_ports
from okg.context import Context
from okg.workload.names import POD_NAME

SERVICE_HASH = "game.kruise.io/svc-hash"
"""Annotation of Services: fingerprint of the configuration they were made by."""

CUT_OFF = "game.kruise.io/svc-selector-disabled"
"""Takes the place of the selector's key while traffic is cut off, so that nothing is selected."""

PORT_PROTOCOLS = server_ports("TCP", "UDP", "SCTP", adds_up=False)
FIXED = Parameter(
    name="Fixed",
    grammar=flag(),
    meaning="whether the ports outlive the pod",
    strict=True,
)
PARAMETERS = Parameters(PORT_PROTOCOLS, FIXED, ALLOW_NOT_READY)


class NodePort:
    """The network type, as a plugin."""

    name = "Kubernetes-NodePort"
    alias = ""
    parameters = PARAMETERS
    features = Features(
        reach="the node",
        makes=("Service",),
        keeps=FIXED.name,
        cut_off="selector of the Service",
    )
    reads = (Service, Node)

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: the API server gives the ports."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod, if its configuration can work."""
        del ctx, client
        _read(read_pod_network(pod))
        return pod

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Bring the pod's Service one step further; return the pod with what is to be told."""
        del ctx
        network = read_pod_network(pod)
        conf = _read(network)
        if not pod.spec.node_name:
            return told_state(pod, network, WAITING) if network.status else pod
        if network.status is None:
            return told_state(pod, network)
        return _follow(client, conf, network, pod)

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Nothing to do: the Service goes with its owner."""


def _follow(client: Client, conf: Conf, network: PodNetwork, pod: Pod) -> Pod:
    stored = client.get(Service, pod.metadata.namespace, pod.metadata.name)
    wanted = _build(client, conf, pod, disabled=network.disabled)
    if stored is None:
        create_once(client, wanted)
        return pod
    if is_left_behind(client, pod, stored):
        return told_state(pod, network)
    if _hash(stored) != _hash(wanted):
        client.patch(stored, redressed(stored, wanted))
        return told_state(pod, network)
    if stored.spec.selector != wanted.spec.selector:
        client.patch(stored, specified(stored, selector=wanted.spec.selector))
        return told_state(pod, network)
    return _told(client, conf, network, pod, stored)


def _read(network: PodNetwork) -> Conf:
    conf = PARAMETERS.read(network.entries)
    if not conf[PORT_PROTOCOLS]:
        raise PluginError(PluginErrorType.PARAMETER, "no port is configured")
    return conf


def _build(client: Client, conf: Conf, pod: Pod, *, disabled: bool) -> Service:
    meta = ObjectMeta(
        name=pod.metadata.name,
        namespace=pod.metadata.namespace,
        owner_references=(owner_of(client, pod, fixed=conf[FIXED]),),
    )
    spec = ServiceSpec(
        type="NodePort",
        selector={CUT_OFF if disabled else POD_NAME: pod.metadata.name},
        ports=service_ports((item, item.port) for item in conf[PORT_PROTOCOLS]),
    )
    return annotated(Service(metadata=meta, spec=spec), {SERVICE_HASH: _fingerprint(conf)})


def _told(client: Client, conf: Conf, network: PodNetwork, pod: Pod, service: Service) -> Pod:
    """Return the pod with the addresses of a Service that is as it should be."""
    pod = keep_connected(client, conf, pod, service).pod
    if network.disabled:
        return told_state(pod, network)
    node = client.get(Node, "", pod.spec.node_name)
    if node is None:
        return pod
    if not pod.status.pod_ip or not all(port.node_port for port in service.spec.ports):
        return told_state(pod, network)
    hosts = [(address_of(node), "")]
    found = addresses(pod, service, hosts, outside=lambda port: port.node_port)
    return told_ready(pod, found.internal, found.external)


def _fingerprint(conf: Conf) -> str:
    fields = (*go_ports(conf[PORT_PROTOCOLS], "ports"), ("isFixed", "bool", conf[FIXED]))
    return fingerprint(GoStruct("*kubernetes.nodePortConfig", fields))


def _hash(service: Service) -> str | None:
    return service.metadata.annotations.get(SERVICE_HASH)
