"""Routes: URL paths into kinds, objects and subresources; and discovery, their inverse."""

import threading
from collections.abc import Sequence

import msgspec

from okg.client.transport import HttpRequest, HttpResponse
from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.refusals import JSON_HEADERS, method_not_allowed, no_such_resource
from okg.testing.apiserver.request_log import Call
from okg.testing.apiserver.storage import key_of

_VERBS = {
    ("GET", True): "get",
    ("PUT", True): "update",
    ("PATCH", True): "patch",
    ("DELETE", True): "delete",
    ("GET", False): "list",
    ("POST", False): "create",
    ("DELETE", False): "deletecollection",
}
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
_CREATED_SUBRESOURCES = frozenset({"binding", "eviction"})


class Route(msgspec.Struct, frozen=True):
    """Where a path leads.

    Attributes:
        kind: whose collection or object it is.
        namespace: empty for everywhere or none.
        name: empty for the collection.
        subresource: empty for the object itself.
        verb: what is to be done there.
    """

    kind: Kind
    namespace: str
    name: str
    subresource: str
    verb: str

    @property
    def key(self) -> str:
        """Key of the object."""
        return key_of(self.namespace, self.name)

    @property
    def resource(self) -> str:
        """Plural, with the subresource where there is one."""
        plural = self.kind.resource.plural
        return f"{plural}/{self.subresource}" if self.subresource else plural

    def call(self, request: HttpRequest) -> Call:
        """Return the entry for the request log."""
        return Call(
            verb=self.verb,
            resource=self.resource,
            namespace=self.namespace,
            name=self.name,
            path=request.path,
            content_type=request.headers.get("content-type", ""),
        )


class Routes:
    """The kinds that are served, by their address. Safe for use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], dict[str, Kind]] = {}

    def add(self, kind: Kind) -> None:
        """Serve a kind."""
        resource = kind.resource
        with self._lock:
            served = self._kinds.get((resource.group, resource.version), {})
            self._kinds[resource.group, resource.version] = {**served, resource.plural: kind}

    def remove(self, kind: Kind) -> None:
        """Serve a kind no longer."""
        resource = kind.resource
        with self._lock:
            served = dict(self._kinds[resource.group, resource.version])
            del served[resource.plural]
            if served:
                self._kinds[resource.group, resource.version] = served
            else:
                del self._kinds[resource.group, resource.version]

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """Return a kind that is served, or None."""
        with self._lock:
            return self._kinds.get((group, version), {}).get(plural)

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether a kind is served, by the names that objects carry."""
        group, _, version = api_version.rpartition("/")
        with self._lock:
            served = self._kinds.get((group, version), {})
        return any(one.resource.kind == kind for one in served.values())

    def route(self, request: HttpRequest) -> Route | None:
        """Return where a request leads, or None where not even its group is served.

        Raises:
            Refusal: 404, 405.
        """
        parts = request.path.strip("/").split("/")
        group, version, rest = _split_root(parts)
        with self._lock:
            served = self._kinds.get((group, version))
        if served is None or not rest:
            return None
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:  # noqa: PLR2004
            namespace, rest = rest[1], rest[2:]
        plural, name, subresource, *more = [*rest, "", ""]
        kind = served.get(plural)
        if kind is None or any(more) or (subresource and subresource not in kind.subresources):
            raise no_such_resource()
        verb = _verb(request, kind, namespace, name, subresource)
        return Route(kind, namespace, name, subresource, verb)

    def discovery(self, path: str) -> HttpResponse | None:
        """Return the answer to a question about what is served, or None for another path."""
        parts = path.strip("/").split("/")
        if path == "/apis":
            return _answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": self._groups()})
        group, version, rest = _split_root(parts)
        with self._lock:
            served = self._kinds.get((group, version))
        if served is None or rest:
            return None
        resources = [entry for kind in served.values() for entry in _resource_entries(kind)]
        api_version = "/".join(filter(None, (group, version)))
        return _answer(
            {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": api_version,
                "resources": resources,
            }
        )

    def _groups(self) -> list[object]:
        with self._lock:
            served = [group_version for group_version in self._kinds if group_version[0]]
        groups: dict[str, list[object]] = {}
        for group, version in served:
            entry = {"groupVersion": f"{group}/{version}", "version": version}
            groups.setdefault(group, []).append(entry)
        return [
            {"name": name, "versions": versions, "preferredVersion": versions[0]}
            for name, versions in groups.items()
        ]


def _split_root(parts: Sequence[str]) -> tuple[str, str, list[str]]:
    """Return group, version and what follows; empty texts for another kind of path."""
    match parts:
        case ["api", version, *rest]:
            return "", version, rest
        case ["apis", group, version, *rest]:
            return group, version, rest
        case _:
            return "", "", []


def _verb(request: HttpRequest, kind: Kind, namespace: str, name: str, subresource: str) -> str:
    if subresource in _CREATED_SUBRESOURCES and request.method == "POST":
        return "create"
    verb = _VERBS.get((request.method, bool(name)))
    allowed = {"get", "update", "patch"} if subresource else set(_VERBS.values())
    if verb not in allowed or subresource in _CREATED_SUBRESOURCES:
        raise method_not_allowed()
    everywhere = kind.resource.namespaced and not namespace
    if everywhere and (name or verb in {"create", "deletecollection"}):
        raise method_not_allowed()
    watching = request.query.get("watch", "") in {"1", "true"}
    return "watch" if verb == "list" and watching else verb


def _resource_entries(kind: Kind) -> list[object]:
    resource = kind.resource
    shared = {"namespaced": resource.namespaced, "kind": resource.kind}
    verbs = sorted({*_VERBS.values(), "watch"})
    main: object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        **shared,
        "verbs": verbs,
    }
    parts: list[object] = [
        {
            "name": f"{resource.plural}/{name}",
            "singularName": "",
            **shared,
            "verbs": ["get", "patch", "update"],
        }
        for name in kind.subresources
    ]
    return [main, *parts]


def _answer(value: object) -> HttpResponse:
    return HttpResponse(status=200, headers=JSON_HEADERS, body=msgspec.json.encode(value))
