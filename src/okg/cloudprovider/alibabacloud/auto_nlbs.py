"""AlibabaCloud-AutoNLBs: Services of blocks of pods, for each of which the cloud makes an NLB.

| what is found | what is done |
|---|---|
| a new pod | the Services of all blocks are made; its ports get names by which they lead to it |
| nothing told yet | the network is NotReady |
| no Service of its block, or one that is not as configured | it is made, or brought up to date |
| the pod is not Ready, or no answer of the cloud | NotReady |
| all well | Ready, with the addresses |
"""

from collections.abc import Iterator

from msgspec.structs import replace

from okg.api.core import ContainerPort, Pod, PodReadinessGate
from okg.api.game import GameServerSet, NetworkAddress, NetworkPort
from okg.api.meta import ObjectMeta
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.client.client import Client
from okg.cloudprovider.alibabacloud import nlb
from okg.cloudprovider.alibabacloud.auto import (
    EIP_ISP_TYPES,
    SHARED,
    ZONE_MAPS,
    blocks_of,
    blocks_to_be,
    entries_of,
    is_intranet,
    part_of_name,
    read_conf,
    room,
    spoken,
)
from okg.cloudprovider.alibabacloud.health import PREFIX
from okg.cloudprovider.alibabacloud.marks import NLB_CLASS, NO_PROXY
from okg.cloudprovider.alibabacloud.multi_nlbs import GATE, POLICY
from okg.cloudprovider.balancer import LOAD_BALANCER, redressed
from okg.cloudprovider.creation import create_once
from okg.cloudprovider.features import BY_NUMBER, Features
from okg.cloudprovider.grammar import PortProtocol
from okg.cloudprovider.not_ready import is_ready
from okg.cloudprovider.owners import set_of
from okg.cloudprovider.parameters import Conf, Parameters
from okg.cloudprovider.pod_network import PodNetwork, read_pod_network, told_ready, told_state
from okg.context import Context
from okg.errors import ApiError, TransportError
from okg.workload.labels import is_dns_label
from okg.workload.names import OWNER_GSS
from okg.workload.ordinals import ordinal_of
from okg.workload.ownership import controlled_by, is_going

NAME = "AlibabaCloud-AutoNLBs"
PARAMETERS = Parameters(ZONE_MAPS, *SHARED, rules=room)


class AutoNlbs:
    """The network type."""

    name = NAME
    alias = "Auto-NLBs-Network"
    parameters = PARAMETERS
    features = Features(reach="a load balancer", makes=("Service",), keeps=BY_NUMBER)
    reads = (Service,)

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: a set and its Services tell how far it has grown."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod as its Services lead to it; those of its whole set are made on the way.

        Raises:
            PluginError: the configuration cannot work.
        """
        conf = read_conf(PARAMETERS, read_pod_network(pod).entries)
        try:
            _make_ahead(client, conf, pod)
        except (ApiError, TransportError) as error:
            # The pod's own are made when it is there, others when others come.
            ctx.log.warning("Services cannot be made ahead", pod=pod.key, error=str(error))
        return prepare_pod(conf, pod)

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod with what is to be told of its network.

        Raises:
            PluginError: the configuration cannot work.
        """
        del ctx
        network = read_pod_network(pod)
        conf = read_conf(PARAMETERS, network.entries)
        if network.status is None:
            return told_state(pod, network)
        services = [_service(client, network, conf, pod, it) for it in conf[EIP_ISP_TYPES]]
        reached = [service for service in services if service and _host(service)]
        ports = _outside(conf, pod, reached[-1]) if reached else ()
        if len(reached) < len(services) or len(ports) < len(spoken(conf)) or not is_ready(pod):
            return told_state(pod, network)
        names = zip(map(_host, reached), conf[EIP_ISP_TYPES], strict=True)
        inside = NetworkAddress(ip=pod.status.pod_ip, ports=_inside(conf, pod))
        end_point = ",".join(f"{host}/{isp_type}" for host, isp_type in names)
        return told_ready(pod, [inside], [NetworkAddress(ip="", ports=ports, end_point=end_point)])

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Nothing to do: the Services are the set's, and go with it."""


def service_name(set_name: str, isp_type: str, block: int) -> str:
    """Return the name of a block's Service: with the type as it is written, if a name can be so."""
    name = f"{set_name}-{isp_type}-{block}"
    return name if is_dns_label(name) else f"{set_name}-{part_of_name(isp_type)}-{block}"


def build_service(conf: Conf, gss: GameServerSet, isp_type: str, block: int) -> Service:
    """Return the Service of a block as it is to be."""
    told = {f"{PREFIX}zone-maps": conf[ZONE_MAPS].text, **nlb.health_annotations(conf)}
    if is_intranet(isp_type):
        told[f"{PREFIX}address-type"] = "intranet"
    meta = ObjectMeta(
        name=service_name(gss.metadata.name, isp_type, block),
        namespace=gss.metadata.namespace,
        labels=NO_PROXY,
        annotations=told,
        owner_references=(controlled_by(gss),),
    )
    spec = ServiceSpec(
        type=LOAD_BALANCER,
        selector={OWNER_GSS: gss.metadata.name},
        ports=tuple(_service_ports(conf, block)),
        external_traffic_policy=conf[POLICY],
        load_balancer_class=NLB_CLASS,
        allocate_load_balancer_node_ports=False,
    )
    return Service(metadata=meta, spec=spec)


def prepare_pod(conf: Conf, pod: Pod) -> Pod:
    """Return a pod whose ports have the names that its Services know, Ready only when they do."""
    named = tuple(
        ContainerPort(container_port=int(port.port or 0), name=port.name, protocol=port.protocol)
        for port in _inside(conf, pod)
    )
    block = blocks_of(conf).of(ordinal_of(pod.metadata.name))
    set_name = pod.metadata.labels.get(OWNER_GSS, "")
    there = {gate.condition_type for gate in pod.spec.readiness_gates}
    names = [GATE + service_name(set_name, isp_type, block) for isp_type in conf[EIP_ISP_TYPES]]
    more = tuple(PodReadinessGate(condition_type=name) for name in names if name not in there)
    first, others = pod.spec.containers[:1], pod.spec.containers[1:]
    spec = replace(
        pod.spec,
        containers=(*(replace(container, ports=named) for container in first), *others),
        readiness_gates=(*pod.spec.readiness_gates, *more),
    )
    return replace(pod, spec=spec)


def _make_ahead(client: Client, conf: Conf, pod: Pod) -> None:
    """Make the Services of all blocks of a pod's set that are not there."""
    gss = set_of(client, pod)
    if gss is None:
        return
    for block in blocks_to_be(conf, gss, pod):
        for isp_type in conf[EIP_ISP_TYPES]:
            name = service_name(gss.metadata.name, isp_type, block)
            if client.get(Service, gss.metadata.namespace, name) is None:
                create_once(client, build_service(conf, gss, isp_type, block))


def _service(
    client: Client, network: PodNetwork, conf: Conf, pod: Pod, isp_type: str
) -> Service | None:
    """Return a Service of a pod; None if there is none yet, or none any more."""
    namespace, set_name = pod.metadata.namespace, pod.metadata.labels.get(OWNER_GSS, "")
    block = blocks_of(conf).of(ordinal_of(pod.metadata.name))
    stored = client.get(Service, namespace, service_name(set_name, isp_type, block))
    gss = set_of(client, pod)
    if gss is None or (stored is not None and is_going(stored, gss)):
        return None
    if stored is None:
        create_once(client, build_service(conf, gss, isp_type, block))
        return None
    if network.entries != entries_of(gss):
        # Pods of an earlier configuration must not bring theirs back.
        return stored
    after = redressed(stored, build_service(conf, gss, isp_type, block), nlb.HEALTH_KEYS)
    return stored if after == stored else client.patch(stored, after)


def _host(service: Service) -> str:
    """Return where the cloud says a Service is reached; empty if it has not said."""
    ingress = service.status.load_balancer.ingress
    return ingress[0].hostname if ingress else ""


def _service_ports(conf: Conf, block: int) -> Iterator[ServicePort]:
    blocks, ports = blocks_of(conf), spoken(conf)
    for ordinal in blocks.ordinals(block):
        numbers = blocks.ports(ordinal)
        for item, place in ports:
            name = _port_name(item, ordinal)
            yield ServicePort(
                name=name, protocol=item.protocol, port=numbers[place], target_port=name
            )


def _inside(conf: Conf, pod: Pod) -> tuple[NetworkPort, ...]:
    """Return the ports of a pod by the names that its Services know."""
    ordinal = ordinal_of(pod.metadata.name)
    return tuple(
        NetworkPort(name=_port_name(item, ordinal), protocol=item.protocol, port=item.port)
        for item, _ in spoken(conf)
    )


def _outside(conf: Conf, pod: Pod, service: Service) -> tuple[NetworkPort, ...]:
    """Return the same as a Service has them, as far as it does."""
    numbers = {port.name: port.port for port in service.spec.ports}
    return tuple(
        replace(port, port=numbers[port.name])
        for port in _inside(conf, pod)
        if port.name in numbers
    )


def _port_name(item: PortProtocol, ordinal: int) -> str:
    return f"{item.protocol.lower()}-{ordinal}-{item.port}"
