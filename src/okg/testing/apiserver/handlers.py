"""Handlers: one answer for each verb on collections, objects and subresources."""

from collections.abc import Callable

import msgspec

from okg.api.resource import ResourceType
from okg.client.transport import HttpRequest, HttpResponse
from okg.clock import Clock
from okg.testing.apiserver import pods
from okg.testing.apiserver.bodies import (
    list_answer,
    object_answer,
    patched,
    read_object,
    success_answer,
)
from okg.testing.apiserver.deletion import Deletion, read_options
from okg.testing.apiserver.kinds import Kind, Scale
from okg.testing.apiserver.lists import list_objects, read_integer, read_selector
from okg.testing.apiserver.metadata import timestamp
from okg.testing.apiserver.objects import Objects
from okg.testing.apiserver.patches import parse_object
from okg.testing.apiserver.refusals import (
    Details,
    bad_request,
    bad_value,
    conflict,
    invalid,
    too_large_version,
)
from okg.testing.apiserver.routes import Route
from okg.testing.apiserver.storage import Record, Storage, key_of, record_of
from okg.testing.apiserver.trees import Tree, find, text, with_value

_SCALE = Kind(resource=ResourceType("autoscaling", "v1", "Scale", "scales"))


class Handlers:
    """Answers requests for objects. Safe for use from many threads."""

    def __init__(
        self, storage: Storage, objects: Objects, deletion: Deletion, clock: Clock
    ) -> None:
        self._storage = storage
        self._objects = objects
        self._deletion = deletion
        self._clock = clock
        self._main: dict[str, Callable[[Route, HttpRequest], HttpResponse]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }
        self._special: dict[str, Callable[[Route, HttpRequest], HttpResponse]] = {
            "scale": self._scale,
            "binding": self._bind,
            "eviction": self._evict,
        }

    def answer(self, route: Route, request: HttpRequest) -> HttpResponse:
        """Carry a request out.

        Raises:
            Refusal: it was not.
        """
        handler = self._special.get(route.subresource) or self._main[route.verb]
        return handler(route, request)

    def _get(self, route: Route, request: HttpRequest) -> HttpResponse:
        version = read_integer(request.query, "resourceVersion")
        if version > (current := self._storage.revision):
            raise too_large_version(version, current)
        return object_answer(route.kind.resource, self._objects.get(route.kind, route.key))

    def _list(self, route: Route, request: HttpRequest) -> HttpResponse:
        return list_objects(self._storage, route, request.query)

    def _create(self, route: Route, request: HttpRequest) -> HttpResponse:
        sent = read_object(route.kind, request.body)
        record = self._objects.create(route.kind, route.namespace, sent)
        return object_answer(route.kind.resource, record, 201)

    def _update(self, route: Route, request: HttpRequest) -> HttpResponse:
        sent = read_object(route.kind, request.body)
        return self._changed(route, lambda _: sent, patch=False)

    def _patch(self, route: Route, request: HttpRequest) -> HttpResponse:
        content_type = request.headers.get("content-type", "")
        body = request.body or b""
        return self._changed(
            route, lambda before: patched(route.kind, content_type, body, before), patch=True
        )

    def _changed(
        self, route: Route, draft: Callable[[Record], Tree], *, patch: bool
    ) -> HttpResponse:
        record = self._objects.update(
            route.kind, route.key, draft, status=route.subresource == "status", patch=patch
        )
        return object_answer(route.kind.resource, record)

    def _delete(self, route: Route, request: HttpRequest) -> HttpResponse:
        options = read_options(request.body, request.query)
        record, gone = self._deletion.delete(route.kind, route.key, options)
        resource = route.kind.resource
        if not gone or route.kind.returned:
            return object_answer(resource, record)
        uid = text(record.metadata, "uid")
        return success_answer(
            Details(name=route.name, group=resource.group, kind=resource.plural, uid=uid)
        )

    def _delete_collection(self, route: Route, request: HttpRequest) -> HttpResponse:
        options = read_options(request.body, request.query)
        selector = read_selector(route.kind, request.query)
        prefix = key_of(route.namespace, "") if route.namespace else ""
        revision, records = self._storage.snapshot(route.kind)
        chosen = [one for one in records if one.key.startswith(prefix) and selector(one.tree)]
        for record in chosen:
            self._deletion.delete(route.kind, record.key, options)
        return list_answer(route.kind, chosen, {"resourceVersion": str(revision)})

    def _scale(self, route: Route, request: HttpRequest) -> HttpResponse:
        kind, scale = route.kind, route.kind.scale or Scale()
        if route.verb == "get":
            record = self._objects.get(kind, route.key)
        else:
            record = self._objects.update(
                kind, route.key, lambda before: _rescaled(kind, scale, request, before)
            )
        return object_answer(_SCALE.resource, _scale_of(scale, record))

    def _bind(self, route: Route, request: HttpRequest) -> HttpResponse:
        binding = parse_object(request.body or b"")
        if text(binding, "metadata", "name") != route.name:
            raise bad_request("the binding is for a pod of another name")
        now = timestamp(self._clock.now())

        def draft(before: Record) -> Tree:
            if node := text(before.tree, "spec", "nodeName"):
                raise conflict(route.kind.resource, route.name, f"it is on node {node} already")
            return pods.bound(before.tree, binding, now)

        self._objects.rewrite(route.kind, route.key, draft)
        return success_answer(status=201)

    def _evict(self, route: Route, request: HttpRequest) -> HttpResponse:
        eviction = parse_object(request.body or b"")
        options = msgspec.json.encode(find(eviction, "deleteOptions") or {})
        self._deletion.delete(route.kind, route.key, read_options(options, {}))
        return success_answer(status=201)


def _scale_of(scale: Scale, record: Record) -> Record:
    """Return the Scale of an object, as a record of its own."""
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = record.metadata
    status: Tree = {"replicas": find(record.tree, *scale.status_replicas) or 0}
    if selector := text(record.tree, *scale.label_selector):
        status["selector"] = selector
    tree: Tree = {
        "metadata": {key: metadata[key] for key in shown if key in metadata},
        "spec": {"replicas": find(record.tree, *scale.spec_replicas) or 0},
        "status": status,
    }
    return record_of(record.key, tree, record.revision)


def _rescaled(kind: Kind, scale: Scale, request: HttpRequest, before: Record) -> Tree:
    """Return an object with the replicas that a written Scale asks for."""
    body = request.body or b""
    if request.method == "PUT":
        sent = parse_object(body)
    else:
        content_type = request.headers.get("content-type", "")
        sent = patched(_SCALE, content_type, body, _scale_of(scale, before))
    replicas = find(sent, "spec", "replicas") or 0
    if not isinstance(replicas, int) or replicas < 0:
        name = text(before.metadata, "name")
        raise invalid(kind.resource, name, bad_value(".spec.replicas", "must be 0 or more"))
    tree = with_value(before.tree, scale.spec_replicas, replicas)
    version = text(sent, "metadata", "resourceVersion")
    return with_value(tree, ("metadata", "resourceVersion"), version)
