"""FakeApiServer: an API server in memory, behind the Transport that real requests take.

No sockets: bytes in, bytes out. What it answers is checked against a real kube-apiserver by the
suite in ``tests/conformance``. Safe for use from many threads; no lock is held while anything
waits or while a caller's function runs.
"""

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import cast

import msgspec

from okg.api.core import Namespace
from okg.api.resource import O, Object, ResourceType
from okg.client.decoding import decode
from okg.client.transport import HttpRequest, HttpResponse, HttpStream
from okg.clock import SYSTEM_CLOCK, Clock
from okg.errors import ConnectFailed, StreamBroken, TimedOut
from okg.testing.apiserver.definitions import defined_kinds, established
from okg.testing.apiserver.deletion import Deletion
from okg.testing.apiserver.faults import (
    CutWatch,
    Delay,
    Effect,
    Faults,
    LoseAnswer,
    Refuse,
    SilenceWatch,
    Unreachable,
)
from okg.testing.apiserver.garbage import GarbageCollector
from okg.testing.apiserver.handlers import Handlers
from okg.testing.apiserver.kinds import (
    BUILT_IN,
    CUSTOM_RESOURCE_DEFINITION,
    Kind,
    Mutator,
    Scale,
    Validator,
    custom_kind,
)
from okg.testing.apiserver.metadata import seeded_metadata
from okg.testing.apiserver.objects import Objects
from okg.testing.apiserver.patches import merged
from okg.testing.apiserver.refusals import JSON_HEADERS, Refusal
from okg.testing.apiserver.request_log import Call, RequestLog
from okg.testing.apiserver.routes import Route, Routes
from okg.testing.apiserver.storage import Raced, Record, Storage, key_of
from okg.testing.apiserver.trees import Tree, branch, text
from okg.testing.apiserver.watch_hub import WatchHub

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
"""Namespaces that every cluster has."""

_TEXT = {"content-type": "text/plain; charset=utf-8"}
_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.1"}


class FakeApiServer:
    """An API server in memory; a Transport.

    Serves the kinds of ``okg.api`` and what comes with them; ``register`` adds more, and so does
    creating a CustomResourceDefinition. The methods that take and return typed objects are for
    tests: they pass all rules by and are neither logged nor subject to faults.

    Args:
        clock: where timestamps and timeouts come from.
        history: how many changes of each kind a watch can go back at least; the real server keeps
            some minutes of them.
        collect: whether garbage is collected after each write; else by ``collect_garbage`` only.

    Attributes:
        faults: what goes wrong, on request.
        requests: what was asked for.
    """

    def __init__(
        self, *, clock: Clock = SYSTEM_CLOCK, history: int = 5_000, collect: bool = True
    ) -> None:
        self.faults = Faults()
        self.requests = RequestLog()
        self._clock = clock
        self._collects = collect
        self._up = threading.Event()
        self._up.set()
        self._delayed = threading.Condition()
        self._defining = threading.Lock()
        self._defined: dict[ResourceType, Kind] = {}
        self._storage = Storage(history)
        self._routes = Routes()
        self._watches = WatchHub(self._storage, clock)
        for kind in BUILT_IN:
            self._add(kind)
        namespaces = self._kind(Namespace.resource_type)
        self._objects = Objects(self._storage, clock, namespaces)
        deletion = Deletion(self._storage, self._objects, clock)
        self._handlers = Handlers(self._storage, self._objects, deletion, clock)
        self._collector = GarbageCollector(
            self._storage,
            self._objects,
            deletion,
            serves=self._routes.serves,
            namespaces=namespaces,
        )
        for name in NAMESPACES:
            self._objects.create(namespaces, "", {"metadata": {"name": name}})

    # What a transport does.

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer a request; raises TransportError where a fault says so."""
        stream = self.stream(request)
        try:
            body = b"".join(stream)
        finally:
            stream.close()
        return HttpResponse(status=stream.status, headers=stream.headers, body=body)

    def stream(self, request: HttpRequest) -> HttpStream:
        """Answer a request with a stream, which only for a watch comes piece by piece."""
        if not self._up.is_set():
            raise ConnectFailed(f"{request.line}: the fake server is down")
        try:
            route = self._routes.route(request)
            if route is None:
                return WholeAnswer(self._unrouted(request))
            return self._answer(route, request)
        except Refusal as refusal:
            return WholeAnswer(refusal.response())

    def close(self) -> None:
        """End all watches quietly."""
        self._watches.close()

    # What tests do to the server.

    def register(
        self,
        resource: ResourceType,
        *,
        subresources: Collection[str] = ("status",),
        scale: Scale | None = None,
    ) -> None:
        """Serve another kind, as if its CustomResourceDefinition had been created."""
        self._add(custom_kind(resource, subresources=subresources, scale=scale))

    def unregister(self, resource: ResourceType) -> None:
        """Serve a kind no longer; its objects are gone."""
        self._remove(self._kind(resource))

    def validator(self, kind: type[Object], validator: Validator) -> None:
        """Let a function say what is wrong with objects: each cause makes the write a 422."""
        self._objects.add_validator(self._kind(kind.resource_type), validator)

    def mutator(self, kind: type[Object], mutator: Mutator) -> None:
        """Pass new objects through a function, as a mutating webhook."""
        self._objects.add_mutator(self._kind(kind.resource_type), mutator)

    def collect_garbage(self) -> None:
        """Delete what has lost its owners."""
        self._collector.collect()

    def compact(self) -> int:
        """Forget all history: older resourceVersions are expired. Return the current one."""
        return self._storage.compact()

    @property
    def revision(self) -> int:
        """The resourceVersion of the last change to anything."""
        return self._storage.revision

    @property
    def open_watches(self) -> int:
        """How many watches are open."""
        return self._watches.open_count

    def cut_watches(self) -> int:
        """Break all open watches and return how many there were."""
        return self._watches.fail(StreamBroken("watch: the connection was cut"))

    def silence_watches(self) -> int:
        """Let all open watches stay open without a word, and return how many there were."""
        return self._watches.fail(None)

    def down(self) -> None:
        """Refuse connections from now on, and break those there are."""
        self._up.clear()
        self._watches.fail(StreamBroken("watch: the server went down"))

    def up(self) -> None:
        """Take connections again."""
        self._up.set()

    def put(self, obj: O) -> O:
        """Store an object just as it is, status included, in the place of one of its name.

        uid, creationTimestamp and generation are filled in where they are missing, and so is the
        namespace.
        """
        resource = obj.resource_type
        kind = self._kind(resource)
        tree = cast("Tree", msgspec.json.decode(msgspec.json.encode(obj)))
        metadata = seeded_metadata(kind, branch(tree, "metadata"), self._clock.now())
        if resource.namespaced:
            self._ensure_namespace(text(metadata, "namespace"))
        record = self._store(kind, {**tree, "metadata": metadata})
        self._after_write()
        return decode(type(obj), record.body)

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return an object, or None."""
        record = self._storage.read(self._kind(kind.resource_type), key_of(namespace, name))
        return None if record is None else decode(kind, record.body)

    def objects(self, kind: type[O], namespace: str = "") -> Sequence[O]:
        """Return all objects of a kind, of one namespace or of all, in order of their names."""
        _, records = self._storage.snapshot(self._kind(kind.resource_type))
        prefix = f"{namespace}/" if namespace else ""
        return [decode(kind, one.body) for one in records if one.key.startswith(prefix)]

    def tree(self, resource: ResourceType, namespace: str, name: str) -> Tree:
        """Return an object as JSON, with what our types do not declare; not for writing into.

        Raises:
            Refusal: 404.
        """
        return self._objects.get(self._kind(resource), key_of(namespace, name)).tree

    def merge(self, obj: O, change: Tree) -> O:
        """Apply a merge patch to an object, status and all, as a kubelet or a user would.

        Raises:
            Refusal: 404.
        """
        kind = self._kind(obj.resource_type)
        record = self._objects.rewrite(kind, obj.key, lambda before: merged(before.tree, change))
        self._after_write()
        return decode(type(obj), record.body)

    def remove(self, obj: Object) -> None:
        """Take an object away at once, whatever holds it; harmless when it is gone."""
        kind = self._kind(obj.resource_type)
        while (record := self._storage.read(kind, obj.key)) is not None:
            with contextlib.suppress(Raced):
                self._storage.commit(kind, record, None, obj.key)
        self._after_write()

    # How requests are answered.

    def _answer(self, route: Route, request: HttpRequest) -> HttpStream:
        call = route.call(request)
        self.requests.add(call)
        effect = self.faults.strike(call)
        self._before(effect, request)
        if route.verb == "watch":
            return self._watch(route, request, effect)
        response = self._handlers.answer(route, request)
        if route.kind is CUSTOM_RESOURCE_DEFINITION and route.verb in {"create", "delete"}:
            self._define()
        if route.verb not in {"get", "list"}:
            self._after_write()
        if isinstance(effect, LoseAnswer):
            raise TimedOut(f"{request.line}: the answer was lost by a fault rule")
        return WholeAnswer(response)

    def _before(self, effect: Effect | None, request: HttpRequest) -> None:
        match effect:
            case Unreachable():
                raise ConnectFailed(f"{request.line}: unreachable by a fault rule")
            case Refuse(status=status, reason=reason, message=message, retry_after=retry_after):
                raise Refusal(status, reason, message, retry_after=retry_after)
            case Delay(seconds):
                self._delay(seconds)
            case _:
                pass

    def _delay(self, seconds: float) -> None:
        ends = self._clock.monotonic() + seconds
        with self._delayed:
            while (left := ends - self._clock.monotonic()) > 0:
                self._clock.wait(self._delayed, left)

    def _watch(self, route: Route, request: HttpRequest, effect: Effect | None) -> HttpStream:
        stream = self._watches.open(route, request)
        match effect:
            case CutWatch(after):
                stream.fail(StreamBroken("watch: cut by a fault rule"), after=after)
            case SilenceWatch(after):
                stream.fail(None, after=after)
            case _:
                pass
        if not self._up.is_set():  # went down while the watch was opened
            stream.fail(StreamBroken("watch: the server went down"))
        return stream

    def _unrouted(self, request: HttpRequest) -> HttpResponse:
        path = request.path.rstrip("/")
        self.requests.add(Call(verb="get", resource="", path=path))
        if path in _HEALTH:
            return HttpResponse(status=200, headers=_TEXT, body=b"ok")
        if path == "/version":
            return HttpResponse(
                status=200, headers=JSON_HEADERS, body=msgspec.json.encode(_VERSION)
            )
        found = self._routes.discovery(path)
        return found or HttpResponse(status=404, headers=_TEXT, body=b"404 page not found\n")

    def _after_write(self) -> None:
        if self._collects:
            self._collector.collect()

    # Kinds and stored objects.

    def _kind(self, resource: ResourceType) -> Kind:
        kind = self._routes.find(resource.group, resource.version, resource.plural)
        if kind is None:
            raise LookupError(f"{resource.group_resource} is not served: register it first")
        return kind

    def _add(self, kind: Kind) -> None:
        self._storage.add_kind(kind)
        self._routes.add(kind)

    def _remove(self, kind: Kind) -> None:
        self._routes.remove(kind)
        self._storage.remove_kind(kind)

    def _define(self) -> None:
        """Serve what the CustomResourceDefinitions say, and no longer what they said before."""
        _, definitions = self._storage.snapshot(CUSTOM_RESOURCE_DEFINITION)
        wanted = {one.resource: one for each in definitions for one in defined_kinds(each.tree)}
        with self._defining:
            for resource in self._defined.keys() - wanted.keys():
                self._remove(self._defined.pop(resource))
            for resource, kind in wanted.items():
                if not self._serves(resource):
                    self._add(kind)
                    self._defined[resource] = kind
        for record in definitions:
            self._objects.rewrite(
                CUSTOM_RESOURCE_DEFINITION, record.key, lambda before: established(before.tree)
            )

    def _serves(self, resource: ResourceType) -> bool:
        return self._routes.find(resource.group, resource.version, resource.plural) is not None

    def _ensure_namespace(self, name: str) -> None:
        kind = self._kind(Namespace.resource_type)
        if self._storage.read(kind, name) is None:
            with contextlib.suppress(Refusal):
                self._objects.create(kind, "", {"metadata": {"name": name}})

    def _store(self, kind: Kind, tree: Tree) -> Record:
        metadata = branch(tree, "metadata")
        key = key_of(text(metadata, "namespace"), text(metadata, "name"))
        while True:
            with contextlib.suppress(Raced):
                return self._storage.commit(kind, self._storage.read(kind, key), tree, key)


class WholeAnswer:
    """An answer that is there at once; an HttpStream."""

    def __init__(self, response: HttpResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._body = response.body

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self._body

    def close(self) -> None:
        """Do nothing: there is nothing to end."""
