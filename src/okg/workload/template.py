"""The pod template of a set: the user's JSON, read where we must and otherwise left alone.

Only the objects on the way to a change are taken apart; every other byte is passed through, so
that nothing of a template is ever normalised. Reading is memoised, because all passes over a set
and its servers see the same few templates.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from okg.api.game import GameServerTemplate
from okg.api.meta import Opaque
from okg.workload.hashing import hash_of
from okg.workload.invalid import raise_first
from okg.workload.names import IN_PLACE_UPDATE_READY
from okg.workload.opaque import read_list, read_object, read_text
from okg.workload.template_rules import (
    TEMPLATE,
    container_problems,
    metadata_problems,
    template_problems,
)

_GATE = msgspec.Raw(msgspec.json.encode({"conditionType": IN_PLACE_UPDATE_READY}))


class TemplateMetadata(msgspec.Struct, frozen=True):
    """Labels and annotations that the user gives to pods, and a hash of both."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    hash: str


def read_metadata(template: GameServerTemplate) -> TemplateMetadata:
    """Return the template's labels and annotations.

    Raises:
        InvalidField: they are not what Kubernetes takes for labels and annotations.
    """
    return _read_metadata(bytes(template.metadata))


def read_images(template: GameServerTemplate) -> Mapping[str, str]:
    """Return the image of each container by its name.

    Raises:
        InvalidField: the template has no containers, or one without a name.
    """
    return _read_images(bytes(template.spec))


def read_container_names(template: GameServerTemplate) -> frozenset[str]:
    """Return the names of all containers, those that initialise and sidecars included.

    Raises:
        InvalidField: the containers make no sense.
    """
    return _read_container_names(bytes(template.spec))


def build_pod_template(
    template: GameServerTemplate, *, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> Opaque:
    """Return the workload's pod template: the user's, with a readiness gate and our metadata.

    Args:
        template: what the user wrote.
        labels: added to the user's labels.
        annotations: added to the user's annotations.

    Raises:
        InvalidField: the template cannot become a pod.
    """
    raise_first(template_problems(template))
    own = read_metadata(template)
    metadata = read_object(template.metadata, f"{TEMPLATE}.metadata")
    metadata |= _unless_empty("labels", {**own.labels, **labels})
    metadata |= _unless_empty("annotations", {**own.annotations, **annotations})
    spec = read_object(template.spec, f"{TEMPLATE}.spec")
    gates = read_list(spec.get("readinessGates"), f"{TEMPLATE}.spec.readinessGates")
    spec["readinessGates"] = _encode([*gates, _GATE])
    return _encode({"metadata": metadata, "spec": spec})


@lru_cache(maxsize=1024)
def _read_metadata(document: bytes) -> TemplateMetadata:
    raise_first(metadata_problems(document))
    members = read_object(msgspec.Raw(document), f"{TEMPLATE}.metadata")
    labels, annotations = _texts(members, "labels"), _texts(members, "annotations")
    hash_ = hash_of({"labels": labels, "annotations": annotations})
    return TemplateMetadata(labels=labels, annotations=annotations, hash=hash_)


@lru_cache(maxsize=1024)
def _read_images(document: bytes) -> Mapping[str, str]:
    return {
        read_text(members.get("name"), field): read_text(members.get("image"), field)
        for field, members in _containers(document, "containers")
    }


@lru_cache(maxsize=1024)
def _read_container_names(document: bytes) -> frozenset[str]:
    return frozenset(
        read_text(members.get("name"), field)
        for kind in ("containers", "initContainers")
        for field, members in _containers(document, kind)
    )


def _containers(document: bytes, kind: str) -> Iterator[tuple[str, dict[str, msgspec.Raw]]]:
    """Yield the containers of one list, each with its field."""
    raise_first(container_problems(document))
    where = f"{TEMPLATE}.spec"
    listed = read_object(msgspec.Raw(document), where).get(kind)
    for index, container in enumerate(read_list(listed, f"{where}.{kind}")):
        field = f"{where}.{kind}[{index}]"
        yield field, read_object(container, field)


def _texts(members: Mapping[str, msgspec.Raw], name: str) -> dict[str, str]:
    field = f"{TEMPLATE}.metadata.{name}"
    found = read_object(members.get(name), field)
    return {key: read_text(value, f"{field}[{key}]") for key, value in found.items()}


def _unless_empty(name: str, texts: Mapping[str, str]) -> dict[str, msgspec.Raw]:
    return {name: _encode(texts)} if texts else {}


def _encode(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
