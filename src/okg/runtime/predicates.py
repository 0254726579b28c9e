"""Predicates: which changes of a kind are worth a reconcile."""

from typing import Protocol, TypeVar

from okg.api.resource import Object

O_contra = TypeVar("O_contra", bound=Object, contravariant=True)


class Predicate(Protocol[O_contra]):
    """Decides on one change; runs on the reflector's thread, so it is pure and quick."""

    def __call__(self, old: O_contra | None, new: O_contra | None, /) -> bool:
        """Return whether the change matters; ``old`` None: added, ``new`` None: removed."""
        ...


def generation_changed(old: Object | None, new: Object | None) -> bool:
    """Pass additions, removals and changes of the spec, but not of status or metadata alone."""
    if old is None or new is None:
        return True
    return old.metadata.generation != new.metadata.generation


def has_label(key: str) -> Predicate[Object]:
    """Pass objects that carry a label, whatever its value; for a change the new value counts."""

    def check(old: Object | None, new: Object | None) -> bool:
        obj = new or old
        return obj is not None and key in obj.metadata.labels

    return check
