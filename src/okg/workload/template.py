"""The pod template of a set: the user's JSON, read where we must and otherwise left alone.

Only the objects on the way to a change are taken apart; every other byte is passed through, so
that nothing of a template is ever normalised. Reading is memoised, because all passes over a set
and its servers see the same few templates.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec

from okg.api.game import GameServerTemplate
from okg.api.meta import Opaque
from okg.workload.hashing import hash_of
from okg.workload.invalid import InvalidField
from okg.workload.labels import is_key, is_label_value
from okg.workload.names import IN_PLACE_UPDATE_READY

TEMPLATE = "spec.gameServerTemplate"

_QUOTED = 40
"""Characters of a wrong value that a message repeats."""

_GATE = msgspec.Raw(msgspec.json.encode({"conditionType": IN_PLACE_UPDATE_READY}))

_T = TypeVar("_T")


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


def check_template(template: GameServerTemplate) -> None:
    """Refuse what cannot become a pod.

    Raises:
        InvalidField: names the part of the template that makes no sense.
    """
    _check(bytes(template.metadata), bytes(template.spec))


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
    read_images(template)
    own = read_metadata(template)
    metadata = _members(bytes(template.metadata), f"{TEMPLATE}.metadata")
    metadata |= _unless_empty("labels", {**own.labels, **labels})
    metadata |= _unless_empty("annotations", {**own.annotations, **annotations})
    spec = _members(bytes(template.spec), f"{TEMPLATE}.spec")
    gates = _decode(
        spec.get("readinessGates"), list[msgspec.Raw], f"{TEMPLATE}.spec.readinessGates"
    )
    spec["readinessGates"] = _encode([*(gates or []), _GATE])
    return _encode({"metadata": metadata, "spec": spec})


@lru_cache(maxsize=1024)
def _check(metadata: bytes, spec: bytes) -> None:
    template = GameServerTemplate(metadata=msgspec.Raw(metadata), spec=msgspec.Raw(spec))
    build_pod_template(template, labels={}, annotations={})


@lru_cache(maxsize=1024)
def _read_metadata(document: bytes) -> TemplateMetadata:
    members = _members(document, f"{TEMPLATE}.metadata")
    labels = _texts(members, "labels")
    for key, value in labels.items():
        if not is_label_value(value):
            raise InvalidField(
                f"{TEMPLATE}.metadata.labels[{key}]",
                f'"{value}" is no label value; write at most 63 letters, digits, "-", "_" or ".", '
                "with a letter or digit at both ends",
            )
    annotations = _texts(members, "annotations")
    hash_ = hash_of({"labels": labels, "annotations": annotations})
    return TemplateMetadata(labels=labels, annotations=annotations, hash=hash_)


@lru_cache(maxsize=1024)
def _read_images(document: bytes) -> Mapping[str, str]:
    where = f"{TEMPLATE}.spec"
    containers = _decode(
        _members(document, where).get("containers"), list[msgspec.Raw], f"{where}.containers"
    )
    if not containers:
        raise InvalidField(f"{where}.containers", "must list at least one container")
    images: dict[str, str] = {}
    for index, container in enumerate(containers):
        members = _members(bytes(container), f"{where}.containers[{index}]")
        name = _text(members.get("name"), f"{where}.containers[{index}].name")
        images[name] = _text(members.get("image"), f"{where}.containers[{index}].image")
        if not name:
            raise InvalidField(f"{where}.containers[{index}].name", "is required")
    return images


def _texts(members: Mapping[str, msgspec.Raw], name: str) -> dict[str, str]:
    field = f"{TEMPLATE}.metadata.{name}"
    found = _decode(members.get(name), dict[str, msgspec.Raw], field) or {}
    for key in found:
        if not is_key(key):
            raise InvalidField(f"{field}[{key}]", "is no key of the form name or prefix/name")
    return {key: _text(value, f"{field}[{key}]") for key, value in found.items()}


def _text(document: msgspec.Raw | None, field: str) -> str:
    return _decode(document, str, field) or ""


def _members(document: bytes, field: str) -> dict[str, msgspec.Raw]:
    return _decode(msgspec.Raw(document), dict[str, msgspec.Raw], field) or {}


def _decode(document: msgspec.Raw | None, kind: type[_T], field: str) -> _T | None:
    """Return a part of the template; None where it is absent, empty or null."""
    if document is None or not bytes(document):
        return None
    try:
        return msgspec.json.decode(document, type=kind | None)
    except msgspec.DecodeError as error:
        raise InvalidField(field, _in_words(kind, document)) from error


def _in_words(kind: type[object], document: msgspec.Raw) -> str:
    found = bytes(document).decode(errors="replace")
    wanted = "a string" if kind is str else "a list" if kind == list[msgspec.Raw] else "an object"
    return f"must be {wanted}, not {found if len(found) <= _QUOTED else found[:_QUOTED] + '…'}"


def _unless_empty(name: str, texts: Mapping[str, str]) -> dict[str, msgspec.Raw]:
    return {name: _encode(texts)} if texts else {}


def _encode(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
