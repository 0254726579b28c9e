"""AmazonWebServices-NLB: ports of network load balancers, without the cloud's Services.

Two operators do the work: one makes in AWS what we write, one registers pods. Each look brings
every port of a server one step further; nobody else has to watch what the operators answer.

| what is found | what is done |
|---|---|
| nothing told yet | the network is NotReady |
| a Service that goes, or is an earlier pod's or set's of this name | NotReady until it is gone |
| no Service | ports are drawn, routes that are left over go, the Service is made |
| another configuration | NotReady; routes not wanted go, the Service is brought up to date |
| a Service that does not say where it is | likewise |
| a route without target group | it is made |
| an object that AWS cannot change into what is wanted | it goes, and is made anew |
| a target group with its name in AWS | listener and binding are made |
| traffic to be cut off | the bindings go first, and what is left of other routes; NotReady |
| a listener without its name in AWS | NotReady |
| all well | Ready, with the addresses |
"""

from okg.api.core import Pod
from okg.api.elbv2 import Listener, TargetGroup, TargetGroupBinding
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.amazonswebservices.objects import (
    Route,
    Server,
    build_service,
    host_of,
)
from okg.cloudprovider.amazonswebservices.parameters import (
    ARN,
    NLB_ARNS,
    PARAMETERS,
    PORT_PROTOCOLS,
)
from okg.cloudprovider.amazonswebservices.routes import lead, take_back_others
from okg.cloudprovider.balancer import CONFIG_HASH, addresses, known_ports, redressed
from okg.cloudprovider.creation import create_once
from okg.cloudprovider.drawing import Allocation, Group, Holding, Wish
from okg.cloudprovider.features import Features
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.not_ready import keep_connected
from okg.cloudprovider.owners import is_left_behind, owner_of
from okg.cloudprovider.parameters import Conf
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pod_network import PodNetwork, read_pod_network, told_ready, told_state
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.service_parameters import FIXED
from okg.context import Context


class NlbNetwork:
    """The network type, as a plugin.

    Args:
        pool: has the ports.

    Attributes:
        pools: the pool, for whoever feeds it.
        reads: the kinds it looks at.
    """

    name = "AmazonWebServices-NLB"
    alias = "NLB-Network"
    parameters = PARAMETERS
    features = Features(
        reach="a load balancer",
        makes=("Service", "TargetGroup", "Listener", "TargetGroupBinding"),
        keeps=FIXED.name,
        cut_off="TargetGroupBindings",
    )
    reads = (Service, LedgerRecord, TargetGroup, Listener, TargetGroupBinding)

    def __init__(self, pool: Pool) -> None:
        self.pools = (pool,)
        self._pool = pool

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: what is given is told to the index of the pool."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod, if its configuration can work."""
        del ctx, client
        _read(read_pod_network(pod))
        return pod

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Bring the pod's objects one step further; return it with what is to be told.

        Raises:
            PluginError: the configuration cannot work, or there is no port left.
        """
        network = read_pod_network(pod)
        conf = _read(network)
        if network.status is None:
            return told_state(pod, network)
        service = client.get(Service, pod.metadata.namespace, pod.metadata.name)
        if service is not None and is_left_behind(client, pod, service):
            return told_state(pod, network)
        has = self._allocate(ctx, client, conf, pod, service)
        owner = owner_of(client, pod, fixed=conf[FIXED])
        server = Server(conf, pod, owner, has.group.balancers[0])
        pairs = zip(conf[PORT_PROTOCOLS], has.ports, strict=True)
        routes = [Route(server, target, port) for target, port in pairs]
        wanted = build_service(server, has.ports)
        is_current = service is not None and _is_current(service, wanted)
        if not is_current or network.disabled:
            # Whoever knew of another configuration may have made some of it since.
            take_back_others(client, wanted.metadata, [route.name for route in routes])
        if not is_current:
            _sync(client, service, wanted)
        leads = [lead(ctx, client, route, disabled=network.disabled) for route in routes]
        if service is None or not is_current:
            return told_state(pod, network)
        kept = keep_connected(client, conf, pod, service)
        if not all(leads):
            return told_state(kept.pod, network)
        found = addresses(kept.pod, kept.service, [("", host_of(server.arn))])
        return told_ready(kept.pod, found.internal, found.external)

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Give back what no Service has yet; objects go with their owners, and then their ports."""
        self._pool.let_go(ctx, client, pod.key)

    def _allocate(
        self, ctx: Context, client: Client, conf: Conf, pod: Pod, service: Service | None
    ) -> Allocation:
        """Return what the server has, drawn if it has nothing or too little."""
        arn = service.metadata.annotations.get(ARN) if service else None
        ports = {arn: known_ports(service)} if service and arn else None
        known = Holding(Group((arn,)), ports) if arn and ports else None
        groups = tuple(Group((arn,)) for arn in dict.fromkeys(conf[NLB_ARNS]))
        wish = Wish(holder=pod.key, groups=groups, count=len(conf[PORT_PROTOCOLS]))
        return self._pool.allocate(ctx, client, wish, known)


def _read(network: PodNetwork) -> Conf:
    conf = PARAMETERS.read(network.entries)
    if not conf[NLB_ARNS] or not conf[PORT_PROTOCOLS]:
        missing = "port" if conf[NLB_ARNS] else "load balancer"
        raise PluginError(PluginErrorType.PARAMETER, f"no {missing} is configured")
    return conf


def _is_current(stored: Service, wanted: Service) -> bool:
    """Whether a Service was made by this configuration, and says still where its ports are."""
    has, needs = stored.metadata.annotations, wanted.metadata.annotations
    return all(has.get(key) == needs[key] for key in (ARN, CONFIG_HASH))


def _sync(client: Client, stored: Service | None, wanted: Service) -> None:
    """Make the Service, or bring it up to date."""
    if stored is None:
        create_once(client, wanted)
    else:
        client.patch(stored, redressed(stored, wanted))
