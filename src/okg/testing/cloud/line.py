"""Line: one thing that a vendor's controllers do about one kind of object.

Pure: from the object that asks, and what else there is, to the objects as they are to be. What is
given is derived from ids by hashing, so nothing is remembered: asked again, it is the same.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from okg.api.resource import O, Object

T = TypeVar("T", bound=Object)

_FIRST, _BITS = IPv4Address("64.0.0.0"), 29
"""The addresses that simulated clouds give; so many that no two ids ever meet in a test."""


class Cluster(Protocol):
    """What else there is; an ApiClient is one, and so is a Client."""

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return an object or None."""
        ...

    def list(self, kind: type[O]) -> Sequence[O]:
        """Return all objects of a kind."""
        ...


class Change(msgspec.Struct, frozen=True):
    """One object as it is to be.

    Attributes:
        before: as it was read; None if it is to be made.
        after: as it is to be, status and all.
    """

    before: Object | None
    after: Object


class Answer(msgspec.Struct, frozen=True):
    """How things are to be.

    Attributes:
        changes: what differs, or may differ.
        settled: False if something has to come first that does not tell us when it does.
    """

    changes: tuple[Change, ...] = ()
    settled: bool = True


LATER = Answer(settled=False)
"""What is asked for cannot be given yet."""


def nothing(_: Object, __: Cluster) -> Answer:
    """Return that nothing is to be done."""
    return Answer()


class Line(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One thing that a vendor does.

    Attributes:
        name: for logs and failures.
        kind: of the objects that ask.
        asks: whether one does.
        give: what it gets.
        take: what is done about one that asks no longer, or goes.
    """

    name: str
    kind: type[T]
    asks: Callable[[T], bool]
    give: Callable[[T, Cluster], Answer]
    take: Callable[[T, Cluster], Answer] = nothing

    def is_asked(self, obj: Object) -> bool:
        """Whether an object asks, and stays."""
        stays = obj.metadata.deletion_timestamp is None
        return stays and isinstance(obj, self.kind) and self.asks(obj)

    def answer(self, obj: Object, cluster: Cluster, *, withdrawn: bool = False) -> Answer:
        """Return what follows from an object; with ``withdrawn`` as if it did not ask."""
        if not isinstance(obj, self.kind):
            return Answer()
        if withdrawn or not self.is_asked(obj):
            return self.take(obj, cluster)
        return self.give(obj, cluster)


class AnyLine(Protocol):
    """A line of whatever kind."""

    @property
    def name(self) -> str:
        """For logs and failures."""
        ...

    @property
    def kind(self) -> type[Object]:
        """Kind of the objects that ask."""
        ...

    def is_asked(self, obj: Object) -> bool:
        """Whether an object asks, and stays."""
        ...

    def answer(self, obj: Object, cluster: Cluster, *, withdrawn: bool = False) -> Answer:
        """Return what follows from an object; with ``withdrawn`` as if it did not ask."""
        ...


def number_of(text: str) -> int:
    """Return a number that stands for a text."""
    return zlib.crc32(text.encode())


def address_of(text: str) -> str:
    """Return the address of what has this id."""
    return str(_FIRST + number_of(text) % (1 << _BITS))


def held(obj: T, finalizer: str) -> T:
    """Return an object that does not go before we let it."""
    kept = tuple(dict.fromkeys((*obj.metadata.finalizers, finalizer)))
    return replace(obj, metadata=replace(obj.metadata, finalizers=kept))


def released(obj: Object, finalizer: str) -> Answer:
    """Return that an object may go."""
    meta = obj.metadata
    kept = tuple(name for name in meta.finalizers if name != finalizer)
    return Answer((Change(obj, replace(obj, metadata=replace(meta, finalizers=kept))),))


def marked(
    obj: T, *, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None
) -> T:
    """Return an object with more labels and annotations."""
    meta = obj.metadata
    marks = replace(
        meta,
        labels={**meta.labels, **(labels or {})},
        annotations={**meta.annotations, **(annotations or {})},
    )
    return replace(obj, metadata=marks)
