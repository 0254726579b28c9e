"""Capability: what of a changed template reaches a running pod, and why not.

Images and metadata do, as OpenKruise has it, and where the cluster can resize pods also amounts of
cpu and memory. What a container reads from its pod's metadata into its environment does not: no
container sees another value before it starts again.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec

from okg.api.core import ResourceRequirements
from okg.api.meta import IntOrString, ObjectMeta, Opaque
from okg.workload.changes import Change
from okg.workload.in_place import obstacle, template_changes
from okg.workload.native.metadata_patch import MetadataPatch, metadata_patch
from okg.workload.native.template_defaults import completed_like
from okg.workload.quantities import same_quantity

_RESOURCES = ("cpu", "memory")
_AMOUNT_DEPTH = 6
"""Length of the path spec, containers, index, resources, limits or requests, resource."""

_RESTART = "RestartContainer"
_FIELD = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")

Amounts: TypeAlias = Mapping[str, IntOrString]


class InPlaceChange(msgspec.Struct, frozen=True):
    """What an update in place brings to a pod.

    Attributes:
        images: new images by container.
        resources: new amounts by container, only those that change.
        metadata: changes of labels, annotations and finalizers.
        resize_restarts: whether a container that gets other amounts starts again.
        obstacle: what only a new pod can bring, empty if all can be done in place.
    """

    images: Mapping[str, str] = {}
    resources: Mapping[str, ResourceRequirements] = {}
    metadata: MetadataPatch = MetadataPatch()
    resize_restarts: bool = False
    obstacle: str = ""


UNKNOWN_REVISION = InPlaceChange(obstacle="its revision is unknown")
"""What is to be changed of a pod cannot be told."""


class _FieldRef(msgspec.Struct, frozen=True, rename="camel"):
    field_path: str = ""


class _Source(msgspec.Struct, frozen=True, rename="camel"):
    field_ref: _FieldRef | None = None


class _Variable(msgspec.Struct, frozen=True, rename="camel"):
    value_from: _Source | None = None


class _ResizePolicy(msgspec.Struct, frozen=True, rename="camel"):
    resource_name: str = ""
    restart_policy: str = ""


class _Resources(msgspec.Struct, frozen=True):
    limits: Amounts | None = None
    requests: Amounts | None = None


class _Container(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    image: str | None = None
    env: tuple[_Variable, ...] | None = None
    resources: _Resources | None = None
    resize_policy: tuple[_ResizePolicy, ...] | None = None


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    containers: tuple[_Container, ...] | None = None
    init_containers: tuple[_Container, ...] | None = None


class _Metadata(msgspec.Struct, frozen=True):
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    finalizers: tuple[str, ...] | None = None


class _Template(msgspec.Struct, frozen=True):
    metadata: _Metadata | None = None
    spec: _Spec | None = None


def in_place_change(before: Opaque, after: Opaque, *, resizing: bool = False) -> InPlaceChange:
    """Return what brings a pod from one template to another.

    Args:
        before: template of the pod's revision; the mark that revisions carry is no part of it.
        after: template of the revision it shall have.
        resizing: whether the API server changes amounts of resources of running pods.
    """
    return _in_place_change(bytes(before), bytes(after), resizing=resizing)


def changes_to(
    target: Opaque, revisions: Mapping[str, Opaque], *, resizing: bool = False
) -> Mapping[str, InPlaceChange]:
    """Return what brings pods of each revision to a template.

    Args:
        target: the template.
        revisions: templates by the name of their revision.
        resizing: whether the API server changes amounts of resources of running pods.
    """
    return {
        name: in_place_change(template, target, resizing=resizing)
        for name, template in revisions.items()
    }


# Every pass over a set asks about the same few templates.
@lru_cache(maxsize=1024)
def _in_place_change(before: bytes, after: bytes, *, resizing: bool) -> InPlaceChange:
    after = bytes(completed_like(msgspec.Raw(before), msgspec.Raw(after)))
    changes = template_changes(msgspec.Raw(before), msgspec.Raw(after))
    rest = tuple(change for change in changes if not (resizing and _is_resize(change)))
    if why := obstacle(rest):
        return InPlaceChange(obstacle=why)
    try:
        return _between(_read(before), _read(after))
    except msgspec.DecodeError as error:
        return InPlaceChange(obstacle=f"a template cannot be read: {error}")


def _between(old: _Template, new: _Template) -> InPlaceChange:
    patch = metadata_patch(_metadata(old), _metadata(new))
    if why := _env_obstacle(new, patch) or _class_obstacle(old, new):
        return InPlaceChange(obstacle=why)
    pairs = list(zip(_containers(old), _containers(new), strict=True))
    return InPlaceChange(
        images={b.name: b.image or "" for a, b in pairs if a.image != b.image},
        resources={b.name: changed for a, b in pairs if (changed := _resized(a, b)) is not None},
        metadata=patch,
        resize_restarts=any(_restarts(a, b) for a, b in pairs),
    )


def _is_resize(change: Change) -> bool:
    path = change.path
    return (
        len(path) == _AMOUNT_DEPTH
        and path[:2] == ("spec", "containers")
        and path[3] == "resources"
        and path[4] in {"limits", "requests"}
        and path[5] in _RESOURCES
        and change.before is not None
        and change.after is not None
    )


def _env_obstacle(template: _Template, patch: MetadataPatch) -> str:
    """Return which variable of which container comes of metadata that changes."""
    changed = {"labels": patch.labels or {}, "annotations": patch.annotations or {}}
    for container in _containers(template):
        for kind, key in _read_by(container):
            if key in changed[kind]:
                return f"metadata.{kind}[{key}], which the environment of {container.name} is of"
    return ""


def _read_by(container: _Container) -> Iterator[tuple[str, str]]:
    """Yield kind and key of the metadata that a container's environment is made of."""
    for variable in container.env or ():
        source = variable.value_from.field_ref if variable.value_from else None
        found = _FIELD.fullmatch(source.field_path) if source else None
        if found:
            yield found[1], found[2]


def _class_obstacle(old: _Template, new: _Template) -> str:
    """Return why the API server would refuse new amounts: the quality of service class is fixed."""
    if _is_guaranteed(old) == _is_guaranteed(new):
        return ""
    return "spec.containers, whose resources make another quality of service class"


def _is_guaranteed(template: _Template) -> bool:
    """Whether every container has limits, and requests as large.

    The third class, of pods without any amounts, is neither left nor reached by changing amounts.
    """
    inits = template.spec.init_containers if template.spec else None
    limited = [_effective(container) for container in (*(inits or ()), *_containers(template))]
    return all(
        name in amounts.limits and same_quantity(amounts.limits[name], amounts.requests[name])
        for amounts in limited
        for name in _RESOURCES
    )


def _effective(container: _Container) -> ResourceRequirements:
    """Return cpu and memory as the API server completes them: a request defaults to its limit."""
    given = container.resources or _Resources()
    limits = _picked(given.limits)
    return ResourceRequirements(limits=limits, requests={**limits, **_picked(given.requests)})


def _picked(amounts: Amounts | None) -> Amounts:
    return {name: amounts[name] for name in _RESOURCES if name in amounts} if amounts else {}


def _resized(before: _Container, after: _Container) -> ResourceRequirements | None:
    """Return the amounts that change, None for none."""
    old, new = _effective(before), _effective(after)
    limits = _differing(old.limits, new.limits)
    requests = _differing(old.requests, new.requests)
    return ResourceRequirements(limits=limits, requests=requests) if limits or requests else None


def _differing(old: Amounts, new: Amounts) -> Amounts:
    return {name: new[name] for name in new if not same_quantity(old.get(name), new[name])}


def _restarts(before: _Container, after: _Container) -> bool:
    changed = _resized(before, after) or ResourceRequirements()
    names = {*changed.limits, *changed.requests}
    return any(
        policy.resource_name in names and policy.restart_policy == _RESTART
        for policy in after.resize_policy or ()
    )


def _read(template: bytes) -> _Template:
    return msgspec.json.decode(template, type=_Template)


def _containers(template: _Template) -> tuple[_Container, ...]:
    return (template.spec.containers if template.spec else None) or ()


def _metadata(template: _Template) -> ObjectMeta:
    given = template.metadata or _Metadata()
    return ObjectMeta(
        labels=given.labels or {},
        annotations=given.annotations or {},
        finalizers=given.finalizers or (),
    )
