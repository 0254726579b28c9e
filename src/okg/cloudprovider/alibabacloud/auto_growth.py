"""Growth: load balancers of a set that are yet to be made, one write a step.

Who has no time for all steps takes some: what was made is found the next time.
"""

from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from okg.api.alibaba_nlb import Eip, Nlb
from okg.api.resource import Object
from okg.client.client import Client
from okg.cloudprovider.alibabacloud.auto_pool import RETAINED, Place, build_eips, build_nlb, marks
from okg.cloudprovider.creation import create_once
from okg.cloudprovider.parameters import Conf
from okg.errors import Conflict, NotFound


def grow(client: Client, conf: Conf, place: Place, *, retained: bool) -> Iterator[None]:
    """Make a load balancer with its addresses, as far as it is not there.

    Args:
        client: reads and writes.
        conf: of the pods.
        place: which.
        retained: whether it outlives its set.
    """
    allocations: list[str] = []
    for wanted in build_eips(conf, place, retained=retained):
        eip = client.get(Eip, place.namespace, wanted.metadata.name)
        allocations.append(eip.status.allocation_id if eip and not _goes(eip) else "")
        yield from mark(client, eip, retained=retained) if eip else make(client, wanted)
    nlb = client.get(Nlb, place.namespace, place.name)
    if nlb is not None:
        yield from mark(client, nlb, retained=retained)
    elif all(allocations):
        yield from make(client, build_nlb(conf, place, allocations, retained=retained))


def balancer_at(client: Client, place: Place) -> str:
    """Return the id of a load balancer; empty while there is none to be used."""
    nlb = client.get(Nlb, place.namespace, place.name)
    return "" if nlb is None or _goes(nlb) else nlb.status.load_balancer_id


def make(client: Client, obj: Object) -> Iterator[None]:
    """Make an object unless it is there, though the cache does not show it yet."""
    create_once(client, obj)
    yield


def mark(client: Client, obj: Object, *, retained: bool) -> Iterator[None]:
    """Note whether an object goes with its set; whoever is quicker may have done so."""
    meta = obj.metadata
    others = {key: value for key, value in meta.annotations.items() if key != RETAINED}
    annotations = others | marks(retained=retained)
    if annotations != meta.annotations:
        with suppress(Conflict, NotFound):
            client.patch(obj, replace(obj, metadata=replace(meta, annotations=annotations)))
        yield


def _goes(obj: Object) -> bool:
    return obj.metadata.deletion_timestamp is not None
