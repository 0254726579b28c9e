"""TracedClient: each write of a network plugin as a span of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from okg.api.resource import O, Object
from okg.client.client import Client
from okg.telemetry import fields
from okg.telemetry.tracing import Attributes, current_span

T = TypeVar("T")


class TracedClient:
    """A client whose writes are parts of the current span, named as in ``create nlb service``.

    Args:
        client: reads and writes.
        network: what the network is called in the names.
        about: what each span tells.
    """

    def __init__(self, client: Client, network: str, about: Attributes) -> None:
        self._client = client
        self._network = network
        self._about = about

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Read as the client does, from the cache."""
        return self._client.get(kind, namespace, name)

    def list(
        self,
        kind: type[O],
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        index: tuple[str, str] | None = None,
    ) -> Sequence[O]:
        """Read as the client does, from the cache."""
        return self._client.list(kind, namespace=namespace, labels=labels, index=index)

    def count(self, kind: type[O], *, index: tuple[str, str]) -> int:
        """Count as the client does, in the cache."""
        return self._client.count(kind, index=index)

    def create(self, obj: O) -> O:
        """Create an object."""
        return self._traced("create", obj, lambda: self._client.create(obj))

    def create_from(self, draft: Object, kind: type[O]) -> O:
        """Create what a draft says."""
        return self._traced("create", draft, lambda: self._client.create_from(draft, kind))

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        """Send the difference of two values, if there is one."""

        def send() -> O:
            return self._client.patch(before, after, subresource=subresource, lock=lock)

        return send() if before == after else self._traced("patch", before, send)

    def delete(
        self,
        obj: Object,
        *,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        lock: bool = False,
    ) -> None:
        """Delete an object."""

        def send() -> None:
            self._client.delete(
                obj, propagation=propagation, grace_seconds=grace_seconds, lock=lock
            )

        self._traced("delete", obj, send)

    def _traced(self, verb: str, obj: Object, send: Callable[[], T]) -> T:
        name = f"{verb} {self._network} {obj.resource_type.kind.lower()}"
        about = {**self._about, fields.OBJECT_KEY: obj.key}
        with current_span().child(name, about) as span:
            result = send()
            span.succeed()
            return result
