"""What the conformance tests speak with: HTTP and JSON, and nothing of ours above the transport."""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, NamedTuple

from okg.client.transport import HttpRequest, Transport
from okg.testing.eventually import eventually

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.conformance.okg.io"},
    "spec": {
        "group": "conformance.okg.io",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                        "labelSelectorPath": ".status.selector",
                    },
                },
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            },
                            "status": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            },
                            "note": {"type": "string"},
                        },
                    }
                },
            }
        ],
    },
}


class Answer(NamedTuple):
    """A whole answer, its body decoded where it is JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def metadata(self) -> Any:
        return self.body["metadata"]

    @property
    def version(self) -> str:
        return str(self.metadata["resourceVersion"])

    @property
    def uid(self) -> str:
        return str(self.metadata["uid"])

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def fields(self) -> list[str]:
        """The fields that a refusal complains about."""
        return [cause.get("field", "") for cause in self.body["details"].get("causes", [])]

    @property
    def names(self) -> list[str]:
        """Names of the items of a list."""
        return [item["metadata"]["name"] for item in self.body["items"]]


class Event(NamedTuple):
    """One line of a watch."""

    type: str
    object: Any

    @property
    def name(self) -> str:
        return str(self.object["metadata"].get("name", ""))

    @property
    def version(self) -> str:
        return str(self.object["metadata"]["resourceVersion"])

    @property
    def brief(self) -> tuple[str, str]:
        return self.type, self.name


class Api:
    """Requests within one namespace of a server."""

    def __init__(self, transport: Transport, namespace: str, compact: Callable[[], object]) -> None:
        self.transport = transport
        self.namespace = namespace
        self.forget_history = compact

    def path(self, plural: str, name: str = "", subresource: str = "") -> str:
        """Return the path of a core resource in our namespace."""
        parts = [f"/api/v1/namespaces/{self.namespace}/{plural}", name, subresource]
        return "/".join(part for part in parts if part)

    def config_map(self, name: str = "") -> str:
        return self.path("configmaps", name)

    def pod(self, name: str = "", subresource: str = "") -> str:
        return self.path("pods", name, subresource)

    def widget(self, name: str = "", subresource: str = "") -> str:
        root = f"/apis/conformance.okg.io/v1/namespaces/{self.namespace}/widgets"
        return "/".join(part for part in (root, name, subresource) if part)

    def lease(self, name: str = "") -> str:
        root = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"
        return "/".join(part for part in (root, name) if part)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        **query: str,
    ) -> Answer:
        payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"content-type": content_type} if payload is not None else {}
        answer = self.transport.send(
            HttpRequest(method=method, path=path, query=query, headers=headers, body=payload)
        )
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        decoded = json.loads(answer.body) if is_json else answer.body
        return Answer(answer.status, decoded, answer.headers)

    def get(self, path: str, **query: str) -> Answer:
        return self.call("GET", path, **query)

    def post(self, path: str, body: object) -> Answer:
        return self.call("POST", path, body)

    def put(self, path: str, body: object) -> Answer:
        return self.call("PUT", path, body)

    def json_patch(self, path: str, *operations: object) -> Answer:
        return self.call("PATCH", path, list(operations), content_type=JSON_PATCH)

    def merge(self, path: str, body: object) -> Answer:
        return self.call("PATCH", path, body, content_type=MERGE_PATCH)

    def strategic(self, path: str, body: object) -> Answer:
        return self.call("PATCH", path, body, content_type=STRATEGIC_PATCH)

    def delete(self, path: str, body: object = None, **query: str) -> Answer:
        return self.call("DELETE", path, body, **query)

    def add_config_map(self, name: str, **fields: Any) -> Answer:
        """Create a ConfigMap; ``metadata`` among the fields is added to its name."""
        return self.created(self.config_map(), name, **fields)

    def add_widget(self, name: str, **fields: Any) -> Answer:
        """Create a Widget with one replica."""
        fields = {"apiVersion": "conformance.okg.io/v1", "kind": "Widget", **fields}
        return self.created(self.widget(), name, **{"spec": {"replicas": 1}, **fields})

    def add_pod(self, name: str, *, metadata: object = None, **spec: Any) -> Answer:
        """Create a Pod with one container."""
        spec = {"containers": [{"name": "game", "image": "game:1"}], **spec}
        return self.created(self.pod(), name, metadata=metadata or {}, spec=spec)

    def created(self, path: str, name: str, *, metadata: Any = None, **fields: Any) -> Answer:
        answer = self.post(path, {"metadata": {"name": name, **(metadata or {})}, **fields})
        assert answer.status == 201, answer.body
        return answer

    def version(self) -> str:
        """Return a resourceVersion of now."""
        return self.get(self.config_map()).version

    def watch(self, path: str, count: int | None = None, **query: str) -> list[Event]:
        """Return the first events of a watch; without a count all until the server ends it."""
        request = HttpRequest(
            method="GET", path=path, query={"watch": "true", **query}, timeout=20.0
        )
        events: list[Event] = []
        with closing(self.transport.stream(request)) as stream:
            assert stream.status == 200
            tail = b""
            for piece in stream:
                *lines, tail = (tail + piece).split(b"\n")
                events.extend(Event(**json.loads(line)) for line in lines)
                if count is not None and len(events) >= count:
                    break
        return events[:count]

    def until(self, probe: Callable[[], Any]) -> Any:
        """Return the first truthy answer; a real server's controllers take their time."""
        return eventually(probe, within=90.0)

    def gone(self, path: str) -> bool:
        return self.get(path).status == 404


def owner(answer: Answer, **fields: object) -> dict[str, object]:
    """Return the owner reference to a ConfigMap."""
    metadata = answer.metadata
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": metadata["name"],
        "uid": metadata["uid"],
        **fields,
    }
