"""Places: which load balancer a pod is behind, and which of its places it has there.

A load balancer that only so many pods can be behind has so many places, which are drawn from a pool
as ports are. A pod that the Go manager, or somebody else, put behind one has none of these places,
but takes the room of one all the same: it stands.
"""

import re
from datetime import datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.resource import Object
from okg.client.client import Client
from okg.cloudprovider.alibabacloud.marks import ID_LABEL
from okg.cloudprovider.drawing import Allocation, Books, Group, Shelf, Wish, draw
from okg.cloudprovider.plugin import PluginError, PluginErrorType
from okg.cloudprovider.pool import Pool
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import PortRange
from okg.context import Context

PLACE = "game.kruise.io/load-balancer-place"
"""Annotation of pods, ``lb-a/17``: the label says where a pod is only while it is not cut off."""

STANDING = 0
"""In the stead of a place for who has none."""

_NOTE = re.compile(r"([^/]+)(?:/([0-9]{1,4}))?", re.ASCII)


class Place(msgspec.Struct, frozen=True):
    """Where a pod is.

    Attributes:
        balancer: which it is behind, or was before it was cut off.
        number: of its place there; ``STANDING`` if it has none.
    """

    balancer: str
    number: int = STANDING


def place_of(pod: Pod) -> Place | None:
    """Return where a pod is; None if it was never behind a load balancer."""
    label = pod.metadata.labels.get(ID_LABEL)
    note = _NOTE.fullmatch(pod.metadata.annotations.get(PLACE, ""))
    if note is not None and label in {None, note[1]}:
        return Place(note[1], int(note[2] or STANDING))
    return Place(label) if label else None


def noted(pod: Pod, place: Place) -> Pod:
    """Return the pod with its place noted."""
    text = f"{place.balancer}/{place.number}" if place.number else place.balancer
    annotations = {**pod.metadata.annotations, PLACE: text}
    return replace(pod, metadata=replace(pod.metadata, annotations=annotations))


def places(name: str, namespace: str, most: int) -> Pool:
    """Return the places of load balancers as a pool.

    Args:
        name: part of the record's.
        namespace: of the record.
        most: pods behind one load balancer.
    """
    return Pool(name, namespace, PortRange(low=1, high=most), _placement, kinds=(Pod,))


def draw_place(
    ctx: Context, client: Client, pool: Pool, pod: Pod, balancers: tuple[str, ...]
) -> Place:
    """Return a place that is the pod's from now on, on the emptiest of some load balancers.

    Raises:
        PluginError: all are full.
        Cancelled: the context is done; what was drawn is free again after a while.
    """
    groups = tuple(Group((name,)) for name in dict.fromkeys(balancers))
    wish = Wish(holder=pod.key, groups=groups, count=1)

    def grant(shelf: Shelf, now: datetime) -> tuple[Allocation, Books]:
        room = {group: _room(pool, shelf, group) for group in groups}
        claimed = shelf.claimed_by(wish.holder)
        fit = [it for it in groups if room[it] > 0 or claimed.issuperset(it.balancers)]
        fit.sort(key=lambda group: -room[group])
        drawn = draw(shelf, replace(wish, groups=tuple(fit)), now)
        if drawn is None:
            told = ", ".join(
                f"{group.balancers[0]} has {max(free, 0)} free of {pool.allowed.size}"
                for group, free in room.items()
            )
            raise PluginError(
                PluginErrorType.PARAMETER,
                "the number of backends supported by slb reaches the upper limit: 1 wanted for"
                f" {pod.key}, {told}; add a load balancer",
            )
        return drawn

    drawn = pool.change(ctx, client, grant)
    return Place(drawn.group.balancers[0], drawn.ports[0])


def _room(pool: Pool, shelf: Shelf, group: Group) -> int:
    """Return how many more pods may be behind a load balancer."""
    [balancer] = group.balancers
    return shelf.room(group) - pool.index.usage(balancer).get(STANDING, 0)


def _placement(obj: Object) -> Placement | None:
    place = place_of(obj) if isinstance(obj, Pod) else None
    return Placement(place.balancer, obj.key, 1 << place.number) if place else None
