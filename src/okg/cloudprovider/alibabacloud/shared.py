"""SharedNetwork: one Service of a load balancer for many pods, which a label puts behind it.

| what is found | what is done |
|---|---|
| a new pod | it gets the label, its load balancer the Service |
| nothing told yet | the network is NotReady |
| traffic to be cut off | the label goes, where the pod was is noted; NotReady |
| no Service | it is made; NotReady |
| a Service that goes, or is an earlier set's | wait until it is collected; NotReady |
| another configuration of the set whose it is | it is brought up to date; NotReady |
| a Service of ours that is nobody's | it becomes the set's; NotReady |
| no answer of the cloud | NotReady |
| all well | Ready, with the addresses |

A pod whose configuration is not its set's, and one of another set, take the Service as it is: of
all who share it one alone may say what it is to be.
"""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta
from okg.api.service import LoadBalancerIngress, Service, ServiceSpec
from okg.client.client import Client
from okg.cloudprovider.alibabacloud.auto import entries_of
from okg.cloudprovider.alibabacloud.marks import ID_LABEL, placed
from okg.cloudprovider.alibabacloud.places import Place, draw_place, noted, place_of
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
from okg.cloudprovider.not_ready import ALLOW_NOT_READY, prepare
from okg.cloudprovider.owners import set_of
from okg.cloudprovider.parameters import Conf, Parameters
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pod_network import (
    PodNetwork,
    read_pod_network,
    told_ready,
    told_state,
)
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.service_parameters import server_ports
from okg.context import Context
from okg.errors import ApiError, Invalid, TransportError
from okg.workload.names import OWNER_GSS
from okg.workload.network_status import is_disabled
from okg.workload.ownership import controlled_by, is_going

PORT_PROTOCOLS = replace(
    server_ports("TCP", "UDP", adds_up=False),
    meaning="ports of the servers, and of the load balancer",
)
_REACHING = Service(spec=ServiceSpec(publish_not_ready_addresses=True))
"""Stands for the Service of a pod that none leads to, whose update need not wait for it."""


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to a network type.

    Attributes:
        name: of the network type.
        parameters: what it can be told.
        balancers: the load balancers of a configuration.
        dress: gives a plain Service, called as its load balancer is, what the cloud looks for.
        host: number and name by which a load balancer is reached.
        managed: names of Services that follow the pods' updates, too.
        managed_label: what puts a pod behind those.
    """

    name: str
    parameters: Parameters
    balancers: Callable[[Conf], tuple[str, ...]]
    dress: Callable[[Conf, Service], Service]
    host: Callable[[LoadBalancerIngress], tuple[str, str]]
    managed: Callable[[Conf], tuple[str, ...]] = lambda _: ()
    managed_label: Callable[[Conf], Mapping[str, str]] = lambda _: {}


class _Scene(msgspec.Struct, frozen=True):
    """What a look is about; nobody's Service is made while the set is not known, or gone."""

    client: Client
    conf: Conf
    network: PodNetwork
    gss: GameServerSet | None
    place: Place | None


class SharedNetwork:
    """One network type, as a plugin.

    Args:
        shared: what is particular to it.
        places: of its load balancers; without them any number of pods may be behind one.

    Attributes:
        pools: the places, for whoever feeds them.
    """

    alias = ""
    features = Features(reach="a load balancer", makes=("Service",), cut_off="label of the pod")
    reads = (Service,)

    def __init__(self, shared: Shared, places: Pool | None = None) -> None:
        self._shared = shared
        self._places = places
        self.pools = (places,) if places else ()

    @property
    def name(self) -> str:
        """The network type."""
        return self._shared.name

    @property
    def parameters(self) -> Parameters:
        """What it can be told."""
        return self._shared.parameters

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: pods say themselves which load balancer they are behind."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod behind a load balancer, whose Service is made if that can be.

        Raises:
            PluginError: the configuration cannot work, or all load balancers are full.
            Invalid: a load balancer is called as no Service can be.
        """
        scene = self._scene(ctx, client, pod)
        if scene.place is None:
            return pod
        placed_pod = self._behind(scene, scene.place, pod)
        try:
            service = self._service(scene, scene.place, pod)
        except Invalid:
            raise
        except (ApiError, TransportError) as error:
            # The first look at the pod that is there will make it.
            ctx.log.warning("a Service cannot be made ahead", pod=pod.key, error=str(error))
            return placed_pod
        return told_state(placed_pod, scene.network) if service else placed_pod

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Bring pod and Service one step further; return the pod with what is to be told.

        Raises:
            PluginError: as above.
        """
        network = read_pod_network(pod)
        if network.status is None:
            return told_state(pod, network)
        scene = self._scene(ctx, client, pod)
        if scene.place is None:
            return told_state(self._prepared(scene, pod, None), network)
        service = self._service(scene, scene.place, pod)
        pod = self._prepared(scene, pod, service)
        if network.disabled:
            return told_state(self._cut(scene, scene.place, pod), network)
        pod = self._behind(scene, scene.place, pod)
        if service is not None and (ingress := service.status.load_balancer.ingress):
            found = addresses(pod, service, [self._shared.host(ingress[0])])
            return told_ready(pod, found.internal, found.external)
        # A pod whose set is not known may have all that it needs.
        return told_state(pod, network) if scene.gss else pod

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Give back a place that the pod does not have yet; others are free when it is gone."""
        for pool in self.pools:
            pool.let_go(ctx, client, pod.key)

    def _scene(self, ctx: Context, client: Client, pod: Pod) -> _Scene:
        network = read_pod_network(pod)
        conf = self._shared.parameters.read(network.entries)
        place = self._place(ctx, client, conf, pod)
        return _Scene(client, conf, network, set_of(client, pod), place)

    def _place(self, ctx: Context, client: Client, conf: Conf, pod: Pod) -> Place | None:
        """Return where a pod is, or is to be; None if it is cut off and was nowhere before."""
        balancers = self._shared.balancers(conf)
        if not balancers or not conf[PORT_PROTOCOLS]:
            missing = "load balancer" if not balancers else "port"
            raise PluginError(PluginErrorType.PARAMETER, f"no {missing} is configured")
        place = place_of(pod)
        if place is not None or is_disabled(pod):
            return place
        if self._places is None:
            return Place(balancers[0])
        return draw_place(ctx, client, self._places, pod, balancers)

    def _service(self, scene: _Scene, place: Place, pod: Pod) -> Service | None:
        """Bring the Service one step further; return it if it is as it should be."""
        if scene.gss is None:
            return None
        stored = scene.client.get(Service, pod.metadata.namespace, place.balancer)
        wanted = self._wanted(scene.conf, place.balancer, scene.gss)
        if stored is None:
            create_once(scene.client, wanted)
            return None
        if is_going(stored, scene.gss):
            return None
        is_stale = hash_of(stored) != hash_of(wanted) or _is_orphaned(stored, wanted)
        if is_stale and _says(scene.gss, scene.network, stored):
            scene.client.patch(stored, redressed(stored, wanted))
            return None
        return stored

    def _prepared(self, scene: _Scene, pod: Pod, service: Service | None) -> Pod:
        """Let the Services reach pods that are not Ready, if that is asked for."""
        gss = scene.gss if scene.conf.given(ALLOW_NOT_READY) else None
        if gss is None:
            return pod
        if service is None:
            is_cut_off = scene.network.disabled
            return prepare(pod, _REACHING, gss).pod if is_cut_off else pod
        namespace, labels = pod.metadata.namespace, {OWNER_GSS: gss.metadata.name}
        peers = scene.client.list(Pod, namespace=namespace, labels=labels)
        prepared = prepare(pod, service, gss, peers)
        scene.client.patch(service, prepared.service)
        for name in self._shared.managed(scene.conf):
            other = scene.client.get(Service, namespace, name)
            if other is not None:
                scene.client.patch(other, prepare(pod, other, gss, peers).service)
        return prepared.pod

    def _behind(self, scene: _Scene, place: Place, pod: Pod) -> Pod:
        """Return the pod behind its load balancer."""
        labels = {**pod.metadata.labels, **self._labels(scene.conf, place)}
        led = replace(pod, metadata=replace(pod.metadata, labels=labels))
        return noted(led, place) if place.number else led

    def _cut(self, scene: _Scene, place: Place, pod: Pod) -> Pod:
        """Return the pod behind no load balancer, with a note that it was."""
        gone = self._labels(scene.conf, place)
        kept = {key: value for key, value in pod.metadata.labels.items() if key not in gone}
        return noted(replace(pod, metadata=replace(pod.metadata, labels=kept)), place)

    def _labels(self, conf: Conf, place: Place) -> Mapping[str, str]:
        return {ID_LABEL: place.balancer, **self._shared.managed_label(conf)}

    def _wanted(self, conf: Conf, balancer: str, gss: GameServerSet) -> Service:
        meta = ObjectMeta(
            name=balancer,
            namespace=gss.metadata.namespace,
            owner_references=(controlled_by(gss),),
        )
        spec = ServiceSpec(
            type=LOAD_BALANCER,
            selector={ID_LABEL: balancer},
            ports=service_ports((it, it.port) for it in conf[PORT_PROTOCOLS]),
        )
        plain = annotated(Service(metadata=meta, spec=spec), placed(balancer))
        return self._shared.dress(conf, plain)


def _is_orphaned(stored: Service, wanted: Service) -> bool:
    """Whether a Service was made by us, and is nobody's."""
    is_ours = wanted.metadata.labels.items() <= stored.metadata.labels.items()
    return is_ours and stored.metadata.controller is None


def _says(gss: GameServerSet, network: PodNetwork, service: Service) -> bool:
    """Whether a pod's configuration is what a Service is to be made by."""
    manager = service.metadata.controller
    is_its_own = manager is None or manager.uid == gss.metadata.uid
    return is_its_own and network.entries == entries_of(gss)
