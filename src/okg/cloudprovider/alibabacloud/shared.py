"""SharedNetwork: one Service of a load balancer for many pods, which a label puts behind it.

| what is found | what is done |
|---|---|
| a new pod | it gets the label, its load balancer the Service |
| nothing told yet | the network is NotReady |
| traffic to be cut off | the label goes; NotReady |
| traffic no longer cut off | the label comes back; Ready |
| another configuration | NotReady; what is ours of the Service is brought up to date |
| no answer of the cloud | nothing |
| all well | Ready, with the addresses |
"""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.meta import ObjectMeta
from okg.api.service import LoadBalancerIngress, Service, ServiceSpec
from okg.client.client import Client
from okg.cloudprovider.alibabacloud.marks import ID_LABEL, placed
from okg.cloudprovider.balancer import (
    LOAD_BALANCER,
    addresses,
    annotated,
    hash_of,
    redressed,
    service_ports,
)
from okg.cloudprovider.creation import create_once
from okg.cloudprovider.features import Features
from okg.cloudprovider.grammar import last, port_protocols
from okg.cloudprovider.not_ready import ALLOW_NOT_READY, prepare
from okg.cloudprovider.owners import set_of
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pod_network import (
    PodNetwork,
    read_pod_network,
    told_ready,
    told_state,
)
from okg.context import Context
from okg.workload.names import OWNER_GSS
from okg.workload.network_status import READY
from okg.workload.ownership import controlled_by

PORT_PROTOCOLS = Parameter(
    name="PortProtocols",
    grammar=last(port_protocols("TCP", "UDP")),
    meaning="ports of the servers, and of the load balancer",
    required=True,
)


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to a network type.

    Attributes:
        name: of the network type.
        parameters: what it can be told.
        balancers: the load balancers of a configuration.
        dress: gives a plain Service what the cloud looks for.
        host: number and name by which a load balancer is reached.
        most_pods: behind one load balancer; 0 for any number.
        managed: names of Services that follow the pods' updates, too.
        managed_label: what puts a pod behind those.
    """

    name: str
    parameters: Parameters
    balancers: Callable[[Conf], tuple[str, ...]]
    dress: Callable[[Conf, Service], Service]
    host: Callable[[LoadBalancerIngress], tuple[str, str]]
    most_pods: int = 0
    managed: Callable[[Conf], tuple[str, ...]] = lambda _: ()
    managed_label: Callable[[Conf], Mapping[str, str]] = lambda _: {}


class _Scene(msgspec.Struct, frozen=True):
    client: Client
    conf: Conf
    network: PodNetwork
    balancer: str


class SharedNetwork:
    """One network type, as a plugin.

    Args:
        shared: what is particular to it.
    """

    alias = ""
    features = Features(reach="a load balancer", makes=("Service",), cut_off="label of the pod")
    reads = (Service,)

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @property
    def name(self) -> str:
        """The network type."""
        return self._shared.name

    @property
    def parameters(self) -> Parameters:
        """What it can be told."""
        return self._shared.parameters

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: pods say by their labels which load balancer they are behind."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod behind a load balancer, whose Service is there from now on.

        Raises:
            PluginError: the configuration cannot work, or all load balancers are full.
        """
        del ctx
        scene = self._scene(client, pod)
        stored = client.get(Service, pod.metadata.namespace, scene.balancer)
        if stored is None:
            create_once(client, self._wanted(scene, pod))
        placed_pod = _with_labels(pod, self._labels(scene))
        return placed_pod if stored is None else told_state(placed_pod, scene.network)

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Bring pod and Service one step further; return the pod with what is to be told.

        Raises:
            PluginError: as above.
        """
        del ctx
        network = read_pod_network(pod)
        if network.status is None:
            return told_state(pod, network)
        scene = self._scene(client, pod)
        stored = client.get(Service, pod.metadata.namespace, scene.balancer)
        if stored is None:
            create_once(client, self._wanted(scene, pod))
            return pod
        wanted = self._wanted(scene, pod)
        if hash_of(stored) != hash_of(wanted):
            client.patch(stored, redressed(stored, wanted))
            return told_state(pod, network)
        return self._led(scene, pod, stored)

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Nothing to do: with its label the pod leaves its load balancer."""

    def _led(self, scene: _Scene, pod: Pod, service: Service) -> Pod:
        """Let traffic through or cut it off; return the pod with what is to be told."""
        behind = ID_LABEL in pod.metadata.labels
        if scene.network.disabled and behind:
            cut = _without_labels(pod, self._labels(scene))
            return told_state(cut, scene.network)
        if not scene.network.disabled and not behind:
            return told_state(_with_labels(pod, self._labels(scene)), scene.network, READY)
        ingress = service.status.load_balancer.ingress
        if not ingress:
            return pod
        pod, service = self._prepared(scene, pod, service)
        found = addresses(pod, service, [self._shared.host(ingress[0])])
        return told_ready(pod, found.internal, found.external)

    def _prepared(self, scene: _Scene, pod: Pod, service: Service) -> tuple[Pod, Service]:
        """Let the Services reach pods that are not Ready, if that is asked for."""
        gss = set_of(scene.client, pod) if scene.conf[ALLOW_NOT_READY] else None
        if gss is None:
            return pod, service
        namespace, labels = pod.metadata.namespace, {OWNER_GSS: gss.metadata.name}
        peers = scene.client.list(Pod, namespace=namespace, labels=labels)
        prepared = prepare(pod, service, gss, peers)
        service = scene.client.patch(service, prepared.service)
        for name in self._shared.managed(scene.conf):
            other = scene.client.get(Service, namespace, name)
            if other is not None:
                scene.client.patch(other, prepare(pod, other, gss, peers).service)
        return prepared.pod, service

    def _scene(self, client: Client, pod: Pod) -> _Scene:
        network = read_pod_network(pod)
        conf = self._shared.parameters.read(network.entries)
        return _Scene(client, conf, network, self._balancer(client, conf, pod))

    def _balancer(self, client: Client, conf: Conf, pod: Pod) -> str:
        """Return the load balancer that a pod is behind, or is to be."""
        balancers = self._shared.balancers(conf)
        if not balancers or not conf[PORT_PROTOCOLS]:
            missing = "load balancer" if not balancers else "port"
            raise PluginError(PluginErrorType.PARAMETER, f"no {missing} is configured")
        there = pod.metadata.labels.get(ID_LABEL)
        if there is not None or not self._shared.most_pods:
            return there or balancers[0]
        pods = {name: len(client.list(Pod, labels={ID_LABEL: name})) for name in balancers}
        emptiest = min(balancers, key=lambda name: pods[name])
        if pods[emptiest] < self._shared.most_pods:
            return emptiest
        full = ", ".join(f"{name} has {count}" for name, count in pods.items())
        raise PluginError(
            PluginErrorType.PARAMETER,
            "the number of backends supported by slb reaches the upper limit:"
            f" {full} of {self._shared.most_pods} pods; add a load balancer",
        )

    def _labels(self, scene: _Scene) -> Mapping[str, str]:
        return {ID_LABEL: scene.balancer, **self._shared.managed_label(scene.conf)}

    def _wanted(self, scene: _Scene, pod: Pod) -> Service:
        gss = set_of(scene.client, pod)
        meta = ObjectMeta(
            name=scene.balancer,
            namespace=pod.metadata.namespace,
            owner_references=(controlled_by(gss),) if gss else (),
        )
        spec = ServiceSpec(
            type=LOAD_BALANCER,
            selector={ID_LABEL: scene.balancer},
            ports=service_ports((it, it.port) for it in scene.conf[PORT_PROTOCOLS]),
        )
        plain = annotated(Service(metadata=meta, spec=spec), placed(scene.balancer))
        return self._shared.dress(scene.conf, plain)


def _with_labels(pod: Pod, labels: Mapping[str, str]) -> Pod:
    meta = pod.metadata
    return replace(pod, metadata=replace(meta, labels={**meta.labels, **labels}))


def _without_labels(pod: Pod, labels: Mapping[str, str]) -> Pod:
    kept = {key: value for key, value in pod.metadata.labels.items() if key not in labels}
    return replace(pod, metadata=replace(pod.metadata, labels=kept))
