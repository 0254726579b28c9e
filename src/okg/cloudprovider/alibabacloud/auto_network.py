"""AutoNetwork: a set's own load balancers, made ahead; each pod on ports that its ordinal tells.

| what is found | what is done |
|---|---|
| the set is gone, or goes | the pod is marked |
| no addresses, or no load balancer, for the pod's block | they are made; NotReady |
| a Service that is not as it should be | one step for each line, as in ``balanced``; NotReady |
| all well | Ready, with the addresses of all lines |
| load balancers and Services for pods to come are missing | some of them are made |
"""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import chain, islice, takewhile
from threading import Lock

import msgspec
from msgspec.structs import replace

from okg.api.alibaba_nlb import Eip, Nlb
from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.alibabacloud.auto import (
    EIP_ISP_TYPES,
    RESERVE,
    RETAIN,
    blocks_of,
    blocks_to_be,
    entries_of,
    read_conf,
)
from okg.cloudprovider.alibabacloud.auto_growth import balancer_at, grow, make
from okg.cloudprovider.alibabacloud.auto_pool import EIP_SET, NLB_SET, Place, service_name
from okg.cloudprovider.alibabacloud.auto_return import (
    FINALIZER,
    give_back,
    mark_all,
    release,
    without_finalizer,
)
from okg.cloudprovider.alibabacloud.marks import ID
from okg.cloudprovider.balancer import (
    Addresses,
    Balancer,
    Draft,
    Entrance,
    Member,
    addresses,
    annotated,
    build_service,
)
from okg.cloudprovider.features import BY_NUMBER, Features
from okg.cloudprovider.not_ready import keep_connected
from okg.cloudprovider.owners import set_of
from okg.cloudprovider.parameters import Conf
from okg.cloudprovider.plugin import PluginError
from okg.cloudprovider.pod_network import PodNetwork, read_pod_network, told_ready, told_state
from okg.cloudprovider.service_look import Look, Scene, look_at
from okg.context import Context
from okg.errors import ApiError, TransportError
from okg.workload.names import OWNER_GSS
from okg.workload.ordinals import ordinal_of
from okg.workload.ownership import controlled_by, is_going

GSS_DELETING = "game.kruise.io/gss-deleting"
"""Label of pods: the set goes."""

MADE_AHEAD = 32
"""Writes for pods to come, in one look: a pod must not wait for the hundreds of its block."""


SPARED_SECONDS = 4.0
"""What is left of a caller's time when we stop working ahead, so that the answer is in time."""


class _Visit(msgspec.Struct, frozen=True):
    """What a look is about.

    Attributes:
        client: reads and writes.
        gss: the set.
        network: what the pod says.
        conf: of the pod.
        retained: whether load balancers outlive the set: by what that says now, or pods of an
            earlier configuration would take it back.
    """

    client: Client
    gss: GameServerSet
    network: PodNetwork
    conf: Conf
    retained: bool


class AutoNetwork:
    """The network type, as a plugin.

    Args:
        balancer: what is particular to it.
    """

    features = Features(
        reach="a load balancer",
        makes=("Service", "NLB", "EIP"),
        keeps=BY_NUMBER,
        cut_off="type of the Service",
    )
    reads = (Service, Nlb, Eip)
    finalizers = (FINALIZER,)
    leaves: Mapping[type[Object], str] = {Nlb: NLB_SET, Eip: EIP_SET}
    """Kinds that outlive a set, and the label that names it."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self.name, self.alias = balancer.name, balancer.alias
        self.parameters = balancer.parameters
        self._lock = Lock()
        self._busy: set[str] = set()

    def start(self, ctx: Context, client: Client) -> None:
        """Note on what the Go manager made whether it goes with its set."""
        del ctx
        for gss in client.list(GameServerSet):
            if gss.spec and gss.spec.network and gss.spec.network.network_type == self.name:
                meta, retained = gss.metadata, self._is_retained(gss)
                mark_all(client, meta.namespace, meta.name, retained=retained)

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod as it is, if its network can be.

        Raises:
            PluginError: the configuration cannot work; so too below.
        """
        del ctx, client
        self._conf(read_pod_network(pod))
        return pod

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Bring what the pod needs one step further; return it with what is to be told."""
        if pod.metadata.deletion_timestamp is not None:
            self._mark_returned(client, pod)
            return without_finalizer(pod)
        network = read_pod_network(pod)
        conf = self._conf(network)
        gss = set_of(client, pod)
        if gss is None or gss.metadata.deletion_timestamp is not None:
            return _marked(pod, going=True)
        visit = _Visit(client, gss, network, conf, self._is_retained(gss))
        pod = self._follow(visit, _marked(without_finalizer(pod), going=False))
        self._work_ahead(ctx, visit, pod)
        return pod

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Let a pod go that has the Go manager's finalizer; see ``on_set_gone`` for the rest."""
        del ctx
        if FINALIZER in pod.metadata.finalizers:
            self._mark_returned(client, pod)
            release(client, pod)

    def on_set_gone(self, ctx: Context, client: Client, namespace: str, set_name: str) -> None:
        """Give back load balancers and addresses that go with a set, once its Services are gone.

        Raises:
            PluginError: they are not; to be tried again.
        """
        del ctx
        give_back(client, namespace, set_name)

    def _conf(self, network: PodNetwork) -> Conf:
        return read_conf(self.parameters, network.entries)

    def _is_retained(self, gss: GameServerSet) -> bool:
        return Conf(self.parameters, entries_of(gss))[RETAIN]

    def _mark_returned(self, client: Client, pod: Pod) -> None:
        """Note on what the last pods of a set leave that it goes with the set, if it does."""
        if set_of(client, pod) is None and self._is_to_go(pod):
            set_name = pod.metadata.labels.get(OWNER_GSS, "")
            mark_all(client, pod.metadata.namespace, set_name, retained=False)

    def _is_to_go(self, pod: Pod) -> bool:
        """Whether a pod's load balancers go with its set; if that cannot be read they stay."""
        try:
            return not self._conf(read_pod_network(pod))[RETAIN]
        except PluginError:
            return False

    def _follow(self, visit: _Visit, pod: Pod) -> Pod:
        """Look at the pod's Service of each line."""
        looks = [self._look(visit, pod, isp_type) for isp_type in visit.conf[EIP_ISP_TYPES]]
        entrances = [look.entrance for look in looks if look.entrance]
        for entrance in entrances:
            pod = keep_connected(visit.client, visit.conf, pod, entrance.service).pod
        found = [entrance for entrance in entrances if entrance.ingress]
        if visit.network.status is None or len(found) < len(looks):
            return told_state(pod, visit.network)
        reached = [_addresses(pod, entrance) for entrance in found]
        internal = chain.from_iterable(each.internal for each in reached)
        return told_ready(pod, internal, chain.from_iterable(each.external for each in reached))

    def _look(self, visit: _Visit, pod: Pod, isp_type: str) -> Look:
        ordinal = ordinal_of(pod.metadata.name)
        place = Place(visit.gss, isp_type, blocks_of(visit.conf).of(ordinal))
        _take(grow(visit.client, visit.conf, place, retained=visit.retained))
        balancer = balancer_at(visit.client, place)
        name = service_name(pod.metadata.name, isp_type)
        stored = visit.client.get(Service, place.namespace, name)
        if not balancer or (stored is not None and is_going(stored, visit.gss)):
            return Look(pod)
        if stored is not None:
            # Another load balancer is there if somebody removed the one before.
            stored = visit.client.patch(stored, annotated(stored, {ID: balancer}))
        scene = Scene(visit.client, self._balancer, visit.network, _draft(visit, pod))
        return look_at(scene, pod, Member(name, balancer, isp_type), stored)

    def _work_ahead(self, ctx: Context, visit: _Visit, pod: Pod) -> None:
        """Make some of what pods to come need; one look of a set at a time, the others go on."""
        key = visit.gss.key
        with self._lock:
            if key in self._busy:
                return
            self._busy.add(key)
        try:
            steps = islice(self._ahead(visit, pod), MADE_AHEAD)
            _take(takewhile(lambda _: _has_time(ctx), steps))
        except (ApiError, TransportError) as error:
            ctx.log.warning("load balancers cannot be made ahead", set=key, error=str(error))
        finally:
            with self._lock:
                self._busy.discard(key)

    def _ahead(self, visit: _Visit, pod: Pod) -> Iterator[None]:
        """Make load balancers first, which take a cloud its time; one write a step."""
        block, *others = blocks_to_be(visit.conf, visit.gss, pod)
        types = visit.conf[EIP_ISP_TYPES]
        for place in (Place(visit.gss, isp_type, other) for other in others for isp_type in types):
            yield from grow(visit.client, visit.conf, place, retained=visit.retained)
        near = range(block, block + visit.conf[RESERVE] + 1)
        for place in (Place(visit.gss, isp_type, other) for other in near for isp_type in types):
            yield from self._fill(visit, place)

    def _fill(self, visit: _Visit, place: Place) -> Iterator[None]:
        """Make the Services of a load balancer that is there."""
        balancer, meta = balancer_at(visit.client, place), visit.gss.metadata
        for ordinal in blocks_of(visit.conf).ordinals(place.block) if balancer else ():
            pod_name = f"{meta.name}-{ordinal}"
            name = service_name(pod_name, place.isp_type)
            if visit.client.get(Service, meta.namespace, name) is None:
                pod = Pod(metadata=ObjectMeta(name=pod_name, namespace=meta.namespace))
                member = Member(name, balancer, place.isp_type)
                wanted = build_service(self._balancer, _draft(visit, pod), member)
                yield from make(visit.client, wanted)


def _draft(visit: _Visit, pod: Pod) -> Draft:
    ports = blocks_of(visit.conf).ports(ordinal_of(pod.metadata.name))
    return Draft(visit.conf, pod, ports, controlled_by(visit.gss))


def _addresses(pod: Pod, entrance: Entrance) -> Addresses:
    first = entrance.ingress[0]
    named = f"{first.hostname}/{entrance.member.carrier}"
    return addresses(pod, entrance.service, [(first.ip, named)])


def _marked(pod: Pod, *, going: bool) -> Pod:
    meta = pod.metadata
    if going == (GSS_DELETING in meta.labels):
        return pod
    others = {key: value for key, value in meta.labels.items() if key != GSS_DELETING}
    labels = others | ({GSS_DELETING: "true"} if going else {})
    return replace(pod, metadata=replace(meta, labels=labels))


def _has_time(ctx: Context) -> bool:
    left = ctx.remaining()
    return left is None or left > SPARED_SECONDS


def _take(steps: Iterator[None]) -> None:
    deque(steps, maxlen=0)
