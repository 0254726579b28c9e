"""Metadata patch: what an update changes of a pod's labels, annotations and finalizers.

What the template no longer has goes, what others gave the pod stays. On the wire it is a strategic
merge patch, as OpenKruise keeps it while a grace period lasts.
"""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from okg.api.meta import ObjectMeta
from okg.workload.go_json import encode_as_go

Texts: TypeAlias = Mapping[str, str | None]
"""Keys to set; None removes one."""


class MetadataPatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Changes of metadata. The order of the fields is that of the wire.

    Attributes:
        removed_finalizers: those that go.
        finalizer_order: all finalizers that the template has.
        annotations: those that change; None, as a map that went as a whole is written by others,
            does not say which and changes nothing.
        finalizers: those that come.
        labels: as the annotations.
    """

    removed_finalizers: tuple[str, ...] = msgspec.field(
        default=(), name="$deleteFromPrimitiveList/finalizers"
    )
    finalizer_order: tuple[str, ...] = msgspec.field(default=(), name="$setElementOrder/finalizers")
    annotations: Texts | None = {}
    finalizers: tuple[str, ...] | None = ()
    labels: Texts | None = {}

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return self != MetadataPatch()

    def apply(self, meta: ObjectMeta) -> ObjectMeta:
        """Return metadata with the changes made."""
        kept = [name for name in meta.finalizers if name not in self.removed_finalizers]
        new = [name for name in self.finalizers or () if name not in kept]
        return replace(
            meta,
            labels=_merged(meta.labels, self.labels),
            annotations=_merged(meta.annotations, self.annotations),
            finalizers=(*kept, *new),
        )

    def then(self, later: "MetadataPatch") -> "MetadataPatch":
        """Return the patch that does what this one and then a later one would do."""
        come, go = later.finalizers or (), later.removed_finalizers
        return MetadataPatch(
            removed_finalizers=_united(_without(self.removed_finalizers, come), go),
            finalizer_order=later.finalizer_order or self.finalizer_order,
            annotations={**(self.annotations or {}), **(later.annotations or {})},
            finalizers=_united(_without(self.finalizers or (), go), come),
            labels={**(self.labels or {}), **(later.labels or {})},
        )


class _Document(msgspec.Struct, frozen=True):
    metadata: MetadataPatch


def metadata_patch(before: ObjectMeta, after: ObjectMeta) -> MetadataPatch:
    """Return what changes between the metadata of two templates."""
    changed = before.finalizers != after.finalizers
    return MetadataPatch(
        removed_finalizers=_without(before.finalizers, after.finalizers),
        finalizer_order=after.finalizers if changed else (),
        annotations=_changed(before.annotations, after.annotations),
        finalizers=_without(after.finalizers, before.finalizers),
        labels=_changed(before.labels, after.labels),
    )


def encode_patch(patch: MetadataPatch) -> bytes:
    """Return the patch of a pod as JSON; empty if nothing changes."""
    return encode_as_go(_Document(patch)).encode() if patch else b""


def decode_patch(document: bytes) -> MetadataPatch:
    """Return the patch that a JSON document is; what cannot be read changes nothing."""
    try:
        return msgspec.json.decode(document, type=_Document).metadata
    except msgspec.DecodeError:
        return MetadataPatch()


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> Texts:
    gone = dict.fromkeys(before.keys() - after.keys())
    return gone | {key: text for key, text in after.items() if before.get(key) != text}


def _merged(texts: Mapping[str, str], changes: Texts | None) -> Mapping[str, str]:
    merged = {**texts, **(changes or {})}
    return {key: text for key, text in merged.items() if text is not None}


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _united(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return (*names, *_without(others, names))
