"""Bodies: request bodies into trees, and records into answers."""

from collections.abc import Callable, Sequence

import msgspec

from okg.api.resource import ResourceType
from okg.client.transport import HttpResponse
from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.metadata import micro_time
from okg.testing.apiserver.patches import (
    apply_json_patch,
    apply_merge_patch,
    parse_object,
)
from okg.testing.apiserver.refusals import (
    JSON_HEADERS,
    Details,
    Refusal,
    bad_request,
    bad_value,
    invalid,
    unsupported_patch,
)
from okg.testing.apiserver.storage import Record
from okg.testing.apiserver.strategic import apply_strategic_patch
from okg.testing.apiserver.trees import Tree, replace_text, text, without_nulls

_TYPE_FIELDS = ("apiVersion", "kind")


def read_object(kind: Kind, body: bytes | None) -> Tree:
    """Return the object in a POST or PUT, without apiVersion and kind.

    Raises:
        Refusal: 400, it is none of this kind; 422.
    """
    tree = parse_object(body or b"")
    resource = kind.resource
    its_kind, its_version = text(tree, "kind"), text(tree, "apiVersion")
    if not kind.native and not its_kind:
        raise bad_request(f"the object does not say that it is a {resource.kind}")
    if its_version not in ({"", resource.api_version} if kind.native else {resource.api_version}):
        raise bad_request(f"{its_version} is not {resource.api_version}")
    if its_kind not in {"", resource.kind}:
        if kind.native:
            raise bad_request(f"{its_kind} is not {resource.kind}")
        raise invalid(resource, text(tree, "metadata", "name"), bad_value("kind", "is another"))
    tree = _without_type(tree)
    if kind.native:
        tree = {key: without_nulls(value) for key, value in tree.items() if value is not None}
    return with_micro_times(kind, tree, lambda field, why: bad_request(f"{field}: {why}"))


def with_micro_times(kind: Kind, tree: Tree, refuse: Callable[[str, str], Refusal]) -> Tree:
    """Return an object whose MicroTimes are as the server stores them.

    Raises:
        Refusal: the one that ``refuse`` makes, for a time without exactly six digits.
    """
    for path in kind.micro_times:
        try:
            tree = replace_text(tree, path, micro_time)
        except ValueError as error:
            raise refuse(".".join(path), str(error)) from error
    return tree


def patched(kind: Kind, content_type: str, body: bytes, record: Record) -> Tree:
    """Return what a patch makes of an object.

    Raises:
        Refusal: 400, 415, 422.
    """
    resource = kind.resource
    tree: Tree = {"kind": resource.kind, "apiVersion": resource.api_version, **record.tree}
    match content_type.partition(";")[0].strip():
        case "application/json-patch+json":
            tree = apply_json_patch(tree, body)
        case "application/merge-patch+json":
            tree = apply_merge_patch(tree, body)
        case "application/strategic-merge-patch+json" if kind.native:
            tree = apply_strategic_patch(resource.kind, tree, body)
        case _:
            raise unsupported_patch()
    name = text(record.metadata, "name")
    return with_micro_times(
        kind,
        _without_type(tree),
        lambda field, why: invalid(resource, name, bad_value(field, why)),
    )


def encoded(resource: ResourceType, record: Record) -> bytes:
    """Return an object as JSON, apiVersion and kind first."""
    head = f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()
    return head + record.body[1:]


def object_answer(resource: ResourceType, record: Record, status: int = 200) -> HttpResponse:
    """Return the answer that carries an object."""
    return HttpResponse(status=status, headers=JSON_HEADERS, body=encoded(resource, record))


def list_answer(kind: Kind, records: Sequence[Record], metadata: Tree) -> HttpResponse:
    """Return the answer that carries a list; items of built-in kinds do not repeat their type."""
    resource = kind.resource
    bodies = [one.body if kind.native else encoded(resource, one) for one in records]
    head = f'{{"kind":"{resource.kind}List","apiVersion":"{resource.api_version}","metadata":'
    body = head.encode() + msgspec.json.encode(metadata) + b',"items":[' + b",".join(bodies) + b"]}"
    return HttpResponse(status=200, headers=JSON_HEADERS, body=body)


def success_answer(details: Details | None = None, status: int = 200) -> HttpResponse:
    """Return the answer that says no more than that it is done."""
    body: dict[str, object] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
    }
    if details is not None:
        body["details"] = details
    return HttpResponse(status=status, headers=JSON_HEADERS, body=msgspec.json.encode(body))


def _without_type(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if key not in _TYPE_FIELDS}
