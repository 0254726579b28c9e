"""BalancedNetwork: Services of load balancers that many servers share, each on ports of its own.

A pod's Service follows its configuration step by step, one write a look, so that what a cloud
controller sees is never half of a change:

| what is found | what is done |
|---|---|
| nothing told yet | the pod's network is NotReady |
| no Service | ports are drawn, the Service is made |
| a Service that goes, or is an earlier pod's or set's of this name | NotReady until it is gone |
| another configuration | NotReady; what is ours of the Service is brought up to date |
| traffic to be cut off, or no longer | the Service's type changes |
| no answer of the cloud | NotReady |
| all well | Ready, with the addresses |
"""

from collections.abc import Sequence

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.balancer import (
    Balancer,
    Draft,
    Entrance,
    Member,
    known_holding,
)
from okg.cloudprovider.drawing import Allocation, Group, Wish
from okg.cloudprovider.features import Features
from okg.cloudprovider.not_ready import is_ready, keep_connected
from okg.cloudprovider.owners import is_left_behind, owner_of
from okg.cloudprovider.parameters import Conf
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pod_network import (
    PodNetwork,
    read_pod_network,
    told_ready,
    told_state,
)
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.service_look import Scene, look_at
from okg.cloudprovider.service_parameters import FIXED
from okg.context import Context


class BalancedNetwork:
    """One network type, as a plugin.

    Args:
        balancer: what is particular to it.
        pool: has the ports.

    Attributes:
        pools: the pool, for whoever feeds it.
    """

    features = Features(
        reach="a load balancer",
        makes=("Service",),
        keeps=FIXED.name,
        cut_off="type of the Service",
    )

    def __init__(self, balancer: Balancer, pool: Pool) -> None:
        self._balancer = balancer
        self.name, self.alias = balancer.name, balancer.alias
        self.parameters = balancer.parameters
        self.pools = (pool,)
        self._pool = pool

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: what is given is told by Services, to the index of the pool."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod with what its network needs of it."""
        del ctx, client
        return self._balancer.prepare_pod(self._conf(read_pod_network(pod)), pod)

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Bring the pod's Services one step further; return it with what is to be told.

        Raises:
            PluginError: the configuration cannot work, or there is no port left.
        """
        network = read_pod_network(pod)
        conf = self._conf(network)
        if network.status is None:
            return told_state(pod, network)
        stored = self._stored(client, conf, pod)
        if any(is_left_behind(client, pod, service) for service in stored.values()):
            return told_state(pod, network)
        has = self._allocate(ctx, client, conf, pod, list(stored.values()))
        draft = Draft(conf, pod, has.ports, owner_of(client, pod, fixed=self._balancer.fixed(conf)))
        scene = Scene(client, self._balancer, network, draft)
        return self._follow(scene, has.group, pod, stored)

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Give back what no Service has yet; Services go with their owners, then their ports."""
        self._pool.let_go(ctx, client, pod.key)

    def _follow(self, scene: Scene, group: Group, pod: Pod, stored: dict[str, Service]) -> Pod:
        """Look at one Service after another, up to the first that is not as it should be."""
        entrances: list[Entrance] = []
        for member in self._members(scene.draft.conf, group, pod):
            look = look_at(scene, pod, member, stored.get(member.name))
            if look.entrance is None:
                return look.pod
            entrances.append(look.entrance)
        for index, entrance in enumerate(entrances):
            kept = keep_connected(scene.client, scene.draft.conf, pod, entrance.service)
            pod, entrances[index] = kept.pod, replace(entrance, service=kept.service)
        if not all(entrance.ingress for entrance in entrances):
            return told_state(pod, scene.network)
        if self._balancer.waits_for_pod and not is_ready(pod):
            return told_state(pod, scene.network)
        found = self._balancer.addresses(scene.draft.conf, pod, entrances)
        return told_ready(pod, found.internal, found.external)

    def _members(self, conf: Conf, group: Group, pod: Pod) -> Sequence[Member]:
        """Return the Services that are to be, also on what is not configured any more."""
        groups = self._balancer.groups(conf)
        if group in groups:
            return self._balancer.members(conf, pod, group)
        pairs = zip(self._balancer.members(conf, pod, groups[0]), group.balancers, strict=True)
        return [replace(member, balancer=balancer) for member, balancer in pairs]

    def _conf(self, network: PodNetwork) -> Conf:
        return self._balancer.parameters.read(network.entries)

    def _stored(self, client: Client, conf: Conf, pod: Pod) -> dict[str, Service]:
        """Return the pod's Services that are there, by name."""
        groups = self._balancer.groups(conf)
        if not groups or not self._balancer.ports(conf):
            missing = "load balancer" if not groups else "port"
            raise PluginError(PluginErrorType.PARAMETER, f"no {missing} is configured")
        names = [member.name for member in self._balancer.members(conf, pod, groups[0])]
        found = (client.get(Service, pod.metadata.namespace, name) for name in names)
        return {service.metadata.name: service for service in found if service is not None}

    def _allocate(
        self, ctx: Context, client: Client, conf: Conf, pod: Pod, services: Sequence[Service]
    ) -> Allocation:
        """Return what the server has, drawn if it has nothing or too little."""
        groups, wanted = self._balancer.groups(conf), len(self._balancer.ports(conf))
        count = len(self._balancer.members(conf, pod, groups[0]))
        known = known_holding(self._balancer, services, groups, count)
        wish = Wish(holder=pod.key, groups=groups, count=wanted, spread=self._balancer.spread(conf))
        if self._balancer.makes_own(conf) and known is None:
            return self._pool.fresh(ctx, wish)
        return self._pool.allocate(ctx, client, wish, known)
