"""PortIndex: which ports the objects of the cluster have, kept up as they come and go.

Informers tell it on their threads, plugins ask on theirs; the lock guards the dictionaries alone.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TypeAlias

import msgspec

from okg.api.resource import Object
from okg.cloudprovider.ports import bits_of, ports_of

_Key: TypeAlias = tuple[type[Object], str]


class Placement(msgspec.Struct, frozen=True):
    """Where an object is.

    Attributes:
        balancer: what its ports are ports of, e.g. the id of a load balancer.
        holder: who has them: the key of a pod, however many Services that has.
        ports: which, as a set.
    """

    balancer: str
    holder: str
    ports: int


class PortIndex:
    """Ports by load balancer and holder.

    Args:
        place: tells where an object is; None if it has no ports of this kind.
    """

    def __init__(self, place: Callable[[Object], Placement | None]) -> None:
        self._place = place
        self._lock = Lock()
        self._places: dict[_Key, _Kept] = {}
        self._balancers: dict[str, _Balancer] = {}

    def observe(self, old: Object | None, new: Object | None) -> None:
        """Take in an object that came, changed or went."""
        obj = new or old
        if obj is None:
            return
        place = _kept(self._place(new) if new else None)
        key = (type(obj), obj.key)
        with self._lock:
            before = self._places.get(key)
            if before == place:
                return
            if before is not None:
                del self._places[key]
                self._balancers[before.balancer].forget(key, before)
            if place is not None:
                self._places[key] = place
                self._balancers.setdefault(place.balancer, _Balancer()).note(key, place)

    def has(self, obj: Object) -> bool:
        """Whether the ports of an object are known; so they are if it has none."""
        place = self._place(obj)
        return place is None or not place.ports & ~self.ports_of(place.balancer, place.holder)

    def concerns(self, old: Object | None, new: Object | None) -> bool:
        """Whether a change is one of ports."""
        places = [self._place(obj) if obj else None for obj in (old, new)]
        return places[0] != places[1]

    def in_use(self, balancer: str) -> int:
        """Return the ports that anybody has there, as a set."""
        with self._lock:
            found = self._balancers.get(balancer)
            return found.ports if found else 0

    def all_in_use(self) -> Mapping[str, int]:
        """Return the ports that anybody has, as sets, of each load balancer that was ever used."""
        with self._lock:
            return {name: balancer.ports for name, balancer in self._balancers.items()}

    def ports_of(self, balancer: str, holder: str) -> int:
        """Return the ports that a holder has there, as a set."""
        with self._lock:
            found = self._balancers.get(balancer)
            return found.of(holder) if found else 0

    def usage(self, balancer: str) -> Mapping[int, int]:
        """Return by how many objects each port is used there."""
        with self._lock:
            found = self._balancers.get(balancer)
            return dict(found.usage) if found else {}


class _Kept(msgspec.Struct, frozen=True):
    """A placement as it is kept; a set of one high port would take thousands of bytes."""

    balancer: str
    holder: str
    ports: tuple[int, ...]


def _kept(place: Placement | None) -> _Kept | None:
    return _Kept(place.balancer, place.holder, ports_of(place.ports)) if place else None


class _Balancer:
    """The objects on one load balancer; two may have one port, if somebody made them so."""

    def __init__(self) -> None:
        self.ports = 0
        self.usage: Counter[int] = Counter()
        self._holders: dict[str, dict[_Key, tuple[int, ...]]] = {}

    def of(self, holder: str) -> int:
        held = self._holders.get(holder, {}).values()
        return bits_of(port for ports in held for port in ports)

    def note(self, key: _Key, place: _Kept) -> None:
        self._holders.setdefault(place.holder, {})[key] = place.ports
        self.usage.update(place.ports)
        self.ports |= bits_of(place.ports)

    def forget(self, key: _Key, place: _Kept) -> None:
        objects = self._holders[place.holder]
        del objects[key]
        if not objects:
            del self._holders[place.holder]
        for port in place.ports:
            self.usage[port] -= 1
            if not self.usage[port]:
                del self.usage[port]
                self.ports &= ~(1 << port)
