"""EventHandlers: which requests follow from a change."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from okg.api.resource import O, Object
from okg.runtime.reconcile import Request

O_contra = TypeVar("O_contra", bound=Object, contravariant=True)


class EventHandler(Protocol[O_contra]):
    """Maps a change to requests; runs on the reflector's thread, so it is pure and quick."""

    def __call__(self, old: O_contra | None, new: O_contra | None, /) -> Iterable[Request]:
        """Return whom to reconcile; ``old`` None: added, ``new`` None: removed."""
        ...


def enqueue_object(old: Object | None, new: Object | None) -> Iterable[Request]:
    """Reconcile the object itself."""
    obj = new or old
    return () if obj is None else (Request.of(obj),)


def enqueue_owner(kind: type[Object], *, controller: bool = True) -> EventHandler[Object]:
    """Reconcile the owner of this kind, also one that the change took away.

    Args:
        kind: kind of the owner; group and kind are compared, the version is not.
        controller: only the owner that is the controller.
    """
    resource = kind.resource_type

    def owners(obj: Object) -> Iterable[Request]:
        for owner in obj.metadata.owner_references:
            group = owner.api_version.rpartition("/")[0]
            if (group, owner.kind) == (resource.group, resource.kind) and (
                owner.controller or not controller
            ):
                namespace = obj.metadata.namespace if resource.namespaced else ""
                yield Request(namespace, owner.name)

    return enqueue_mapped(owners)


def enqueue_mapped(mapping: Callable[[O], Iterable[Request]]) -> EventHandler[O]:
    """Reconcile whatever ``mapping`` returns for the value before and the value after."""

    def requests(old: O | None, new: O | None) -> Iterable[Request]:
        found: dict[Request, None] = {}
        for obj in (old, new):
            if obj is not None:
                found.update(dict.fromkeys(mapping(obj)))
        return found

    return requests
