"""Every version of a namespace's objects, in the order in which the server made them.

Resource versions of one etcd are comparable across kinds, so the watches of several kinds merge
into one history that can be replayed step by step.
"""

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import msgspec

from okg.api.resource import Object
from okg.client.decoding import EventType, Undecodable
from okg.client.rest import ApiClient
from okg.client.watch import Bookmark, WatchStream
from okg.context import Context
from okg.errors import TransportError
from okg.threads import ThreadGroup

_WATCH_SECONDS = 300.0


class Version(msgspec.Struct, frozen=True):
    """One version of an object: when we saw it, and whether it is its last."""

    revision: int
    at: float
    obj: Object
    gone: bool


class History:
    """Records from the moment it is made; the namespace should be empty then."""

    def __init__(self, api: ApiClient, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._lock = threading.Lock()
        self._versions: list[Version] = []

    @contextmanager
    def recording(self, kinds: Sequence[type[Object]]) -> Generator["History"]:
        group = ThreadGroup(Context())
        for kind in kinds:
            start = list(self._api.pages(kind, namespace=self._namespace))[-1].resource_version
            group.start(f"history-{kind.__name__}", self._watcher(kind, start).run)
        try:
            yield self
        finally:
            group.stop()
            group.join()

    def versions(self) -> list[Version]:
        with self._lock:
            return sorted(self._versions, key=lambda version: version.revision)

    def add(self, obj: Object, *, gone: bool) -> None:
        version = Version(int(obj.metadata.resource_version), time.monotonic(), obj, gone)
        with self._lock:
            self._versions.append(version)

    def _watcher(self, kind: type[Object], start: str) -> "_Watcher":
        return _Watcher(self, self._api, kind, self._namespace, start)


class _Watcher:
    def __init__(
        self, history: History, api: ApiClient, kind: type[Object], namespace: str, start: str
    ) -> None:
        self._history = history
        self._api = api
        self._kind = kind
        self._namespace = namespace
        self._reached = start

    def run(self, ctx: Context) -> None:
        while not ctx.done:
            stream = self._api.watch(
                self._kind,
                namespace=self._namespace,
                resource_version=self._reached,
                timeout=_WATCH_SECONDS,
                read_timeout=2 * _WATCH_SECONDS,
            )
            forget = ctx.on_cancel(stream.close)
            try:
                self._follow(stream)
            except TransportError:
                pass
            finally:
                forget()
                stream.close()

    def _follow(self, stream: WatchStream[Object]) -> None:
        for event in stream:
            assert not isinstance(event, Undecodable), event.error
            if isinstance(event, Bookmark):
                self._reached = event.resource_version
                continue
            self._reached = event.object.metadata.resource_version
            self._history.add(event.object, gone=event.type is EventType.DELETED)
