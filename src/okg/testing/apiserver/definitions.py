"""Definitions: CustomResourceDefinition objects into kinds."""

from collections.abc import Iterator

from okg.api.resource import ResourceType
from okg.testing.apiserver.kinds import Kind, Path, Scale, custom_kind
from okg.testing.apiserver.trees import Json, Tree, find, items, text, with_value

_ESTABLISHED: Tree = {"type": "Established", "status": "True", "reason": "InitialNamesAccepted"}


def defined_kinds(definition: Tree) -> Iterator[Kind]:
    """Yield the kinds that a CustomResourceDefinition serves, one a version.

    Versions are kinds of their own here: nothing converts between them.
    """
    for version in items(definition, "spec", "versions"):
        if find(version, "served") is True:
            yield _kind(definition, version)


def established(definition: Tree) -> Tree:
    """Return a definition whose status says that it is in force."""
    return with_value(definition, ("status", "conditions"), [_ESTABLISHED])


def _kind(definition: Tree, version: Json) -> Kind:
    resource = ResourceType(
        text(definition, "spec", "group"),
        text(version, "name"),
        text(definition, "spec", "names", "kind"),
        text(definition, "spec", "names", "plural"),
        namespaced=text(definition, "spec", "scope") == "Namespaced",
    )
    subresources = find(version, "subresources")
    names = tuple(subresources) if isinstance(subresources, dict) else ()
    scale = find(version, "subresources", "scale")
    return custom_kind(
        resource, subresources=names, scale=_scale(scale) if isinstance(scale, dict) else None
    )


def _scale(scale: Tree) -> Scale:
    return Scale(
        _path(text(scale, "specReplicasPath")),
        _path(text(scale, "statusReplicasPath")),
        _path(text(scale, "labelSelectorPath")),
    )


def _path(text: str) -> Path:
    return tuple(text.strip(".").split("."))
