"""PortIndex: which ports the Services of the cluster have, kept up as they come and go.

Informers tell it on their threads, plugins ask on theirs; the lock guards the dictionaries alone.
"""

from collections.abc import Callable
from threading import Lock

import msgspec

from okg.api.service import Service
from okg.cloudprovider.ports import bits_of


class Placement(msgspec.Struct, frozen=True):
    """Where a Service is.

    Attributes:
        balancer: the id of its load balancer.
        holder: who has its ports: the key of its pod, however many Services that has.
    """

    balancer: str
    holder: str


class PortIndex:
    """Ports by load balancer and holder.

    Args:
        place: tells where a Service is; None if it is none of this kind.
    """

    def __init__(self, place: Callable[[Service], Placement | None]) -> None:
        self._place = place
        self._lock = Lock()
        self._places: dict[str, Placement] = {}
        self._balancers: dict[str, _Balancer] = {}

    def observe(self, old: Service | None, new: Service | None) -> None:
        """Take in a Service that came, changed or went."""
        service = new or old
        if service is None:
            return
        place = self._place(new) if new else None
        ports = bits_of(port.port for port in new.spec.ports) if new else 0
        with self._lock:
            before = self._places.pop(service.key, None)
            if before is not None:
                self._balancers[before.balancer].forget(service.key)
            if place is not None:
                self._places[service.key] = place
                balancer = self._balancers.setdefault(place.balancer, _Balancer())
                balancer.note(service.key, place.holder, ports)

    def in_use(self, balancer: str) -> int:
        """Return the ports that Services have on a load balancer, as a set."""
        with self._lock:
            found = self._balancers.get(balancer)
            return found.ports if found else 0

    def ports_of(self, balancer: str, holder: str) -> int:
        """Return the ports that a holder has there, as a set."""
        with self._lock:
            found = self._balancers.get(balancer)
            return found.of(holder) if found else 0


class _Balancer:
    """The Services on one load balancer; two may have one port, if somebody made them so."""

    def __init__(self) -> None:
        self.ports = 0
        self._services: dict[str, tuple[str, int]] = {}
        self._holders: dict[str, int] = {}

    def note(self, service: str, holder: str, ports: int) -> None:
        self._services[service] = (holder, ports)
        self._holders[holder] = self._holders.get(holder, 0) | ports
        self.ports |= ports

    def of(self, holder: str) -> int:
        return self._holders.get(holder, 0)

    def forget(self, service: str) -> None:
        holder, _ = self._services.pop(service)
        self._holders.pop(holder, None)
        self.ports = 0
        for other, ports in self._services.values():
            self.ports |= ports
            if other == holder:
                self._holders[holder] = self._holders.get(holder, 0) | ports
