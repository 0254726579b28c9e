"""Metadata that all objects share."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TypeAlias

import msgspec

IntOrString: TypeAlias = int | str
Opaque: TypeAlias = msgspec.Raw
"""JSON kept as the server's bytes. A struct that holds one inherits from OpaqueValue."""


class Value(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False
):
    """Base of everything inside an object.

    Repeat ``frozen=True, kw_only=True`` on subclasses: type checkers do not inherit them. Maps are
    plain dicts behind ``Mapping``: nobody writes into a map they read.
    """


class OpaqueValue(Value, frozen=True, kw_only=True):
    """A value with Opaque fields.

    Decoding makes an Opaque a view that keeps the whole response body alive; this detaches it.
    """

    def __post_init__(self) -> None:
        """Copy the bytes of all Opaque fields out of the message they came in.

        An empty one becomes the field's own default: msgspec leaves a field out by identity.
        """
        for name, absent in _opaque_fields(type(self)):
            value = getattr(self, name)
            msgspec.structs.force_setattr(self, name, value.copy() if bytes(value) else absent)


@cache
def _opaque_fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, msgspec.Raw], ...]:
    fields = msgspec.structs.fields(kind)
    return tuple((f.name, f.default) for f in fields if f.type is msgspec.Raw)


class OwnerReference(Value, frozen=True, kw_only=True):
    """A link from a dependent to its owner; the garbage collector follows it."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(Value, frozen=True, kw_only=True):
    """The part of ObjectMeta that controllers read and write; ``managedFields`` is left out."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that manages this object, if there is one."""
        return next((owner for owner in self.owner_references if owner.controller), None)


class ListMeta(Value, frozen=True, kw_only=True):
    """Metadata of a list answer."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class Condition(Value, frozen=True, kw_only=True):
    """metav1.Condition, as kstatus and ``kubectl wait`` read it."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    observed_generation: int = 0
    last_transition_time: datetime | None = None


class LabelSelector(Value, frozen=True, kw_only=True):
    """The equality part of a label selector."""

    match_labels: Mapping[str, str] = {}
