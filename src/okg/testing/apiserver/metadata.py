"""Metadata: what the server sets itself, what it never lets change, and what it checks."""

import re
import secrets
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from okg.api.resource import ResourceType
from okg.errors import StatusCause
from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.refusals import (
    Refusal,
    bad_request,
    bad_value,
    conflict,
    forbidden_value,
    invalid,
    missing_value,
)
from okg.testing.apiserver.selectors import valid_label_key, valid_label_value
from okg.testing.apiserver.storage import Record
from okg.testing.apiserver.trees import Tree, branch, items, text, without_empty

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_LENGTH = 253
_ANNOTATIONS_SIZE = 256 * 1024
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
_STANDARD_FINALIZERS = frozenset({"foregroundDeletion", "orphan", "kubernetes"})
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")

# Taken over from the stored object by every update, whatever the writer sent.
_SERVER_OWNED = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "name",
    "namespace",
    "resourceVersion",
    "uid",
)
_NEVER_STORED = ("managedFields", "selfLink")


def timestamp(moment: datetime) -> str:
    """Return a metav1.Time: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_time(value: str) -> str:
    """Return a metav1.MicroTime as the server stores it: six digits, UTC.

    Raises:
        ValueError: it does not have exactly six fractional digits.
    """
    if not _MICRO_TIME.fullmatch(value):
        raise ValueError(f"{value!r} does not have six fractional digits")
    moment = datetime.fromisoformat(value).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_metadata(kind: Kind, sent: Tree, namespace: str, now: datetime) -> Tree:
    """Return the metadata of a new object.

    Raises:
        Refusal: 400, the namespace is another one; 500, a resourceVersion was given; 422.
    """
    if kind.resource.namespaced and sent.get("namespace") not in (None, "", namespace):
        raise bad_request("the object's namespace is not that of the request")
    if sent.get("resourceVersion"):
        raise Refusal(500, "", "a new object cannot have a resourceVersion")
    metadata: Tree = {
        **without_empty(sent),
        "name": _name_of(sent),
        "uid": str(uuid.uuid4()),
        "creationTimestamp": timestamp(now),
    }
    for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "namespace", *_NEVER_STORED):
        metadata.pop(field, None)
    if kind.resource.namespaced:
        metadata["namespace"] = namespace
    if kind.generation:
        metadata["generation"] = 1
    _refuse(kind.resource, metadata, [*_name_causes(metadata), *_causes(metadata)])
    return metadata


def seeded_metadata(kind: Kind, given: Tree, now: datetime) -> Tree:
    """Return the metadata of an object that is put there past all rules."""
    filled: Tree = {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp(now)}
    if kind.generation:
        filled["generation"] = 1
    return {**filled, **given}


def updated_metadata(kind: Kind, before: Record, sent: Tree, *, patch: bool) -> Tree:
    """Return the metadata of an updated object.

    Raises:
        Refusal: 400, it is another object; 409, it changed since it was read; 422.
    """
    old = before.metadata
    check_identity(old, sent)
    check_versions(kind, before, sent, patch=patch)
    metadata = without_empty(sent)
    if "deletionTimestamp" in metadata and sent["deletionTimestamp"] != old.get(
        "deletionTimestamp"
    ):
        cause = bad_value("metadata.deletionTimestamp", "cannot be changed")
        raise invalid(kind.resource, text(old, "name"), cause)
    for field in _NEVER_STORED:
        metadata.pop(field, None)
    for field in _SERVER_OWNED:
        if field in old:
            metadata[field] = old[field]
        else:
            metadata.pop(field, None)
    _refuse(kind.resource, metadata, _update_causes(old, metadata))
    return metadata


def check_identity(old: Tree, sent: Tree) -> None:
    """Refuse a body that is of another object than the path.

    Raises:
        Refusal: 400.
    """
    name = sent.get("name")
    if not name:
        raise bad_request("the object has no name")
    if name != old["name"]:
        raise bad_request(f"the object's name {name} is not that of the request")
    if "namespace" in old and sent.get("namespace") not in (None, "", old["namespace"]):
        raise bad_request("the object's namespace is not that of the request")


def check_versions(kind: Kind, before: Record, sent: Tree, *, patch: bool) -> None:
    """Refuse a write that is based on another version of the object, or on another object.

    Raises:
        Refusal: 409, or 422 for a patch with another uid and for an update without a version.
    """
    old, resource = before.metadata, kind.resource
    name = text(old, "name")
    version = sent.get("resourceVersion")
    uid = sent.get("uid")
    if uid and uid != old["uid"] and not patch:
        raise conflict(resource, name, f"its uid is {old['uid']}, not {uid}")
    if version and version != str(before.revision):
        raise conflict(resource, name, "it has been modified since it was read")
    if not version and not patch and kind.guarded_update:
        raise invalid(resource, name, missing_value("metadata.resourceVersion"))
    if uid and uid != old["uid"]:
        raise invalid(resource, name, bad_value("metadata.uid", "field is immutable"))


def _name_of(sent: Tree) -> str:
    name, prefix = text(sent, "name"), text(sent, "generateName")
    if name or not prefix:
        return name
    return prefix + "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(_SUFFIX_LENGTH))


def _name_causes(metadata: Tree) -> Iterator[StatusCause]:
    name = text(metadata, "name")
    if not name:
        yield missing_value("metadata.name", "name or generateName must be given")
    elif len(name) > _NAME_LENGTH or not _SUBDOMAIN.fullmatch(name):
        yield bad_value("metadata.name", f"{name!r} is no DNS subdomain")


def _update_causes(old: Tree, new: Tree) -> Iterator[StatusCause]:
    changed: Tree = {key: value for key, value in new.items() if old.get(key) is not value}
    yield from _causes(changed)
    if "deletionTimestamp" in old:
        added = [one for one in items(new, "finalizers") if one not in items(old, "finalizers")]
        if added:
            yield forbidden_value("metadata.finalizers", "none can be added during deletion")


def _causes(metadata: Tree) -> Iterator[StatusCause]:
    for key, value in branch(metadata, "labels").items():
        if not valid_label_key(key):
            yield bad_value("metadata.labels", f"{key!r} is no label key")
        if not valid_label_value(value):
            yield bad_value("metadata.labels", f"{value!r} is no label value")
    yield from _annotation_causes(branch(metadata, "annotations"))
    for index, finalizer in enumerate(items(metadata, "finalizers")):
        if finalizer not in _STANDARD_FINALIZERS and "/" not in str(finalizer):
            yield bad_value(f"metadata.finalizers[{index}]", f"{finalizer!r} needs a domain")
    yield from _owner_causes(metadata)


def _annotation_causes(annotations: Tree) -> Iterator[StatusCause]:
    if not annotations:
        return
    for key, value in annotations.items():
        if not valid_label_key(key.lower()):
            yield bad_value("metadata.annotations", f"{key!r} is no annotation key")
        if not isinstance(value, str):
            yield bad_value("metadata.annotations", f"the value of {key!r} is not a string")
    size = sum(len(key) + len(str(value)) for key, value in annotations.items())
    if size > _ANNOTATIONS_SIZE:
        yield StatusCause(
            field="metadata.annotations",
            message="must be below 256 KiB",
            reason="FieldValueTooLong",
        )


def _owner_causes(metadata: Tree) -> Iterator[StatusCause]:
    owners = items(metadata, "ownerReferences")
    for owner in owners:
        for field in ("apiVersion", "kind", "name", "uid"):
            if not text(owner, field):
                yield bad_value(f"metadata.ownerReferences.{field}", "must not be empty")
    if sum(isinstance(owner, dict) and owner.get("controller") is True for owner in owners) > 1:
        yield bad_value("metadata.ownerReferences", "only one of them can be the controller")


def _refuse(resource: ResourceType, metadata: Tree, causes: Iterable[StatusCause]) -> None:
    found = tuple(causes)
    if found:
        raise invalid(resource, text(metadata, "name"), *found)
