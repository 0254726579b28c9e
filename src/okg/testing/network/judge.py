"""Judge: what must hold of networks when all is done that can be done."""

from collections.abc import Iterable, Iterator, Mapping

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.resource import Object
from okg.api.service import Service
from okg.cloudprovider.ledger_record import LABEL, LedgerRecord, balancers_of, read_book
from okg.cloudprovider.pool import Pool, pools_of
from okg.cloudprovider.port_index import Placement
from okg.cloudprovider.ports import bits_of, ports_of
from okg.testing.network.stage import Stage
from okg.workload.network_status import READY, read_network_status


def complaints(stage: Stage) -> Iterator[str]:
    """Yield what does not hold of a stage that has settled."""
    yield from _orphans(stage)
    if not stage.scenario.shares:
        yield from _meetings(stage)
    for pool in pools_of([stage.scenario.install()]):
        yield from _of_pool(stage, pool)


def _orphans(stage: Stage) -> Iterator[str]:
    """Yield Services whose owner is gone."""
    owners: dict[str, Object] = {
        owner.metadata.uid: owner
        for kind in (Pod, GameServerSet)
        for owner in stage.server.objects(kind)
    }
    for service in stage.server.objects(Service):
        manager = service.metadata.controller
        if manager is not None and manager.uid not in owners:
            yield f"Service {service.key} is left behind by {manager.kind} {manager.name}"


def _meetings(stage: Stage) -> Iterator[str]:
    """Yield addresses that two servers were told."""
    holders: dict[tuple[str, str, object], str] = {}
    for pod in stage.pods():
        for place in _told(pod):
            other = holders.setdefault(place, pod.metadata.name)
            if other != pod.metadata.name:
                yield f"{place} was told to {other} and to {pod.metadata.name}"


def _told(pod: Pod) -> Iterator[tuple[str, str, object]]:
    """Yield host, protocol and port of each address that is Ready."""
    status = read_network_status(pod)
    if status is None or status.current_network_state != READY:
        return
    for address in status.external_addresses:
        host = address.end_point or address.ip
        if not address.ports:
            yield host, "", 0
        for port in address.ports:
            yield host, port.protocol, port.port


def _of_pool(stage: Stage, pool: Pool) -> Iterator[str]:
    """Yield what is wrong with the ports that objects have, and with what is noted of them."""
    objects = [obj for kind in pool.kinds for obj in stage.server.objects(kind)]
    places = [place for obj in objects if (place := pool.place(obj)) is not None]
    given: dict[str, int] = {}
    for place in places:
        if outside := place.ports & ~pool.allowed.bits:
            yield f"{place.holder} has {ports_of(outside)} of {place.balancer}, which nobody may"
        given[place.balancer] = given.get(place.balancer, 0) | place.ports
    if not stage.scenario.reuses:
        yield from _doubles(places)
    for record in stage.server.objects(LedgerRecord):
        if record.metadata.labels.get(LABEL) == pool.name:
            yield from _misnoted(record, given)


def _doubles(places: Iterable[Placement]) -> Iterator[str]:
    """Yield ports that two holders have."""
    holders: dict[tuple[str, int], str] = {}
    for place in places:
        for port in ports_of(place.ports):
            other = holders.setdefault((place.balancer, port), place.holder)
            if other != place.holder:
                yield f"{other} and {place.holder} have port {port} of {place.balancer}"


def _misnoted(record: LedgerRecord, given: Mapping[str, int]) -> Iterator[str]:
    """Yield load balancers of which something else is noted than is given or claimed."""
    for balancer in balancers_of(record):
        book, has = read_book(record, balancer), given.get(balancer, 0)
        claimed = bits_of(port for claim in book.claims.values() for port in claim.ports)
        if book.used != has | claimed:
            yield (
                f"{balancer}: {ports_of(book.used)} are noted, {ports_of(has)} given and"
                f" {ports_of(claimed)} claimed"
            )
