"""Objects from YAML files, sent to an API server by server-side apply."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from okg.errors import NotFound, OkgError
from okg.testing.rest import RestClient

_FIELD_MANAGER = "okg-testing"
_APPLY_PATCH = "application/apply-patch+yaml"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.05

Manifest = Mapping[str, object]
T = TypeVar("T")


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    namespace: str = "default"


class _Header(msgspec.Struct, frozen=True, rename="camel"):
    """What names an object."""

    api_version: str
    kind: str
    metadata: _Metadata


class _Resource(msgspec.Struct, frozen=True):
    name: str
    kind: str
    namespaced: bool


class _ResourceList(msgspec.Struct, frozen=True):
    resources: tuple[_Resource, ...]


class _Condition(msgspec.Struct, frozen=True):
    type: str
    status: str


class _CrdStatus(msgspec.Struct, frozen=True):
    conditions: tuple[_Condition, ...] | None = None


class _Crd(msgspec.Struct, frozen=True):
    status: _CrdStatus = _CrdStatus()


def apply_manifests(client: RestClient, *sources: Path | Manifest) -> None:
    """Create or update objects, in the order given, and wait until their CRDs are established.

    Args:
        client: must be allowed to do so.
        sources: objects, YAML files, or folders of which all ``*.yaml`` are taken by name.

    Raises:
        ApiError: the server refused an object.
        OkgError: a kind is still unknown, or a CRD not established, after 30 seconds.
    """
    awaited: list[str] = []
    for manifest in _objects(sources):
        header = msgspec.convert(manifest, _Header)
        is_crd = header.kind == "CustomResourceDefinition"
        if not is_crd:
            _await_established(client, awaited)
        _apply(client, header, manifest)
        if is_crd:
            awaited.append(header.metadata.name)
    _await_established(client, awaited)


def load_manifests(path: Path) -> Iterator[Manifest]:
    """Yield the objects of a YAML file, or of all ``*.yaml`` of a folder in order of name."""
    import yaml  # noqa: PLC0415 - not a dependency of okg itself, and slow to import

    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    # libyaml, where the wheel has it, is ten times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for file in files:
        documents = yaml.load_all(file.read_bytes(), loader)
        yield from (document for document in documents if document)


def _objects(sources: tuple[Path | Manifest, ...]) -> Iterator[Manifest]:
    for source in sources:
        if isinstance(source, Path):
            yield from load_manifests(source)
        else:
            yield source


def _apply(client: RestClient, header: _Header, manifest: Manifest) -> None:
    client.call(
        "PATCH",
        _object_path(header, _resource_of(client, header)),
        manifest,
        query={"fieldManager": _FIELD_MANAGER, "force": "true"},
        content_type=_APPLY_PATCH,
    )


def _resource_of(client: RestClient, header: _Header) -> _Resource:
    # Discovery shows the kind of a new CRD a moment after it is established.
    return _await(
        lambda: _discover(client, header), f"a resource for {header.kind} of {header.api_version}"
    )


def _discover(client: RestClient, header: _Header) -> _Resource | None:
    try:
        answer = client.get(_group_path(header.api_version))
    except NotFound:
        return None
    for resource in msgspec.convert(answer, _ResourceList).resources:
        # Subresources carry kinds too: deployments/scale is a Scale.
        if resource.kind == header.kind and "/" not in resource.name:
            return resource
    return None


def _object_path(header: _Header, resource: _Resource) -> str:
    metadata = header.metadata
    namespace = f"/namespaces/{metadata.namespace}" if resource.namespaced else ""
    return f"{_group_path(header.api_version)}{namespace}/{resource.name}/{metadata.name}"


def _group_path(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _await_established(client: RestClient, names: list[str]) -> None:
    """Wait for the CRDs in ``names`` and take them off the list."""
    while names:
        name = names.pop()
        _await(partial(_established, client, name), f"{name} established")


def _await(probe: Callable[[], T | None], what: str) -> T:
    """Return the first truthy answer of ``probe``."""
    end = time.monotonic() + _WAIT_SECONDS
    while not (answer := probe()):
        if time.monotonic() > end:
            raise OkgError(f"the server does not have {what} after {_WAIT_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)
    return answer


def _established(client: RestClient, name: str) -> bool:
    crd = msgspec.convert(client.get(f"{_CRDS}/{name}"), _Crd)
    return any(c.type == "Established" and c.status == "True" for c in crd.status.conditions or ())
