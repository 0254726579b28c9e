"""Looks at Services of load balancers that are one server's, one step a look; see ``balanced``."""

import msgspec

from okg.api.core import Pod
from okg.api.service import Service
from okg.client.client import Client
from okg.cloudprovider.balancer import (
    CLUSTER_IP,
    LOAD_BALANCER,
    Balancer,
    Draft,
    Entrance,
    Member,
    balancer_of,
    build_service,
    cut_off,
    hash_of,
    redressed,
    specified,
)
from okg.cloudprovider.creation import create_once
from okg.cloudprovider.not_ready import ALLOW_NOT_READY
from okg.cloudprovider.pod_network import PodNetwork, told_state


class Scene(msgspec.Struct, frozen=True):
    """What looks are about.

    Attributes:
        client: reads and writes.
        balancer: the network type.
        network: what the pod says.
        draft: what the server's Services are made from.
    """

    client: Client
    balancer: Balancer
    network: PodNetwork
    draft: Draft


class Look(msgspec.Struct, frozen=True):
    """What was found of one Service.

    Attributes:
        pod: as it is to be.
        entrance: the Service, if it is as it should be, whether or not the cloud has answered.
    """

    pod: Pod
    entrance: Entrance | None = None


def look_at(scene: Scene, pod: Pod, member: Member, stored: Service | None) -> Look:
    """Bring a Service one step further.

    Args:
        scene: what this is about.
        pod: whom the Service leads to.
        member: which Service.
        stored: what there is of it.
    """
    wanted = build_service(scene.balancer, scene.draft, member)
    if stored is None:
        create_once(scene.client, wanted)
        return Look(pod)
    is_there = balancer_of(scene.balancer.id_keys, stored) == member.balancer
    if not is_there or hash_of(stored) != hash_of(wanted):
        after = _brought_up(scene, stored, wanted)
        scene.client.patch(stored, cut_off(after) if scene.network.disabled else after)
        return Look(told_state(pod, scene.network))
    if scene.network.disabled and stored.spec.type == LOAD_BALANCER:
        scene.client.patch(stored, cut_off(stored))
        return Look(pod)
    if not scene.network.disabled and stored.spec.type == CLUSTER_IP:
        # The server has dropped what only load balancers have.
        scene.client.patch(stored, _brought_up(scene, stored, wanted))
        return Look(pod)
    return Look(pod, Entrance(member, stored))


def _brought_up(scene: Scene, stored: Service, wanted: Service) -> Service:
    """Return a stored Service with all that is ours as it is to be.

    Whether it reaches a server that is not ready is ours, too, unless updates in place switch it.
    """
    after = redressed(stored, wanted, scene.balancer.optional)
    if scene.draft.conf.given(ALLOW_NOT_READY):
        return after
    return specified(after, publish_not_ready_addresses=wanted.spec.publish_not_ready_addresses)
