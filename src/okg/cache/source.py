"""What a controller needs of the cache: a place to register for the changes of a kind."""

from typing import Protocol, TypeVar

from okg.api.resource import O, Object

O_co = TypeVar("O_co", bound=Object, covariant=True)
O_contra = TypeVar("O_contra", bound=Object, contravariant=True)


class ChangeHandler(Protocol[O_contra]):
    """Hears of each change on the reflector's thread: microseconds, no I/O."""

    def __call__(self, old: O_contra | None, new: O_contra | None, *, initial: bool) -> None:
        """Take one change.

        Args:
            old: the value before; None for an addition. For a removal, the last value known.
            new: the value now; None for a removal.
            initial: part of the first list or of a resync: nothing has just happened.
        """
        ...


class HandlerRegistry(Protocol[O_co]):
    """Something that tells of the changes of one kind."""

    def add_handler(self, handler: ChangeHandler[O_co]) -> None:
        """Call ``handler`` for every change from now on."""
        ...


class InformerSource(Protocol):
    """Gives out the one registry of each kind."""

    def informer(self, kind: type[O]) -> HandlerRegistry[O]:
        """Return the registry of a kind."""
        ...
