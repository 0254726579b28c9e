"""What the fault tests share: a transport that counts and cuts, and an informer that records."""

import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager

from okg.api.core import ConfigMap
from okg.cache.informers import Informers
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpResponse, HttpStream, Transport
from okg.context import Context
from okg.errors import StreamBroken
from okg.threads import ThreadGroup


class CuttingStream:
    """A stream that can be broken from outside, as a failing network would."""

    def __init__(self, stream: HttpStream) -> None:
        self.status = stream.status
        self.headers: Mapping[str, str] = stream.headers
        self._stream = stream
        self._cut = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream
        if self._cut:
            raise StreamBroken("cut by the test")

    def cut(self) -> None:
        self._cut = True
        self._stream.close()

    def close(self) -> None:
        self._stream.close()


class FaultyTransport:
    """Passes everything on, remembers when, and cuts watches when told to."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._streams: list[CuttingStream] = []
        self.sent_at: list[float] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.sent_at.append(time.monotonic())
        return self._transport.send(request)

    def stream(self, request: HttpRequest) -> HttpStream:
        self.sent_at.append(time.monotonic())
        stream = CuttingStream(self._transport.stream(request))
        with self._lock:
            self._streams.append(stream)
        return stream

    def cut_watches(self) -> int:
        with self._lock:
            streams, self._streams = self._streams, []
        for stream in streams:
            stream.cut()
        return len(streams)

    def most_requests_in_a_second(self, since: float) -> int:
        times = [at for at in self.sent_at if at >= since]
        return max((sum(1 for t in times if at <= t < at + 1) for at in times), default=0)

    def close(self) -> None:
        self._transport.close()


class RecordingInformer:
    """An informer on ConfigMaps of one namespace, and all that its handler heard."""

    def __init__(self, transport: Transport, namespace: str) -> None:
        self.api = ApiClient(transport)
        self.namespace = namespace
        self.informers = Informers(self.api, namespaces=[namespace])
        self.informer = self.informers.informer(ConfigMap)
        self.heard: dict[str, list[str]] = {}
        self.informer.add_handler(self._hear)

    @property
    def names(self) -> set[str]:
        return {obj.metadata.name for obj in self.informer.store.list()}

    @contextmanager
    def running(self) -> Generator["RecordingInformer"]:
        group = ThreadGroup(Context())
        group.start("informers", self.informers.run)
        try:
            self.informers.wait_for_sync(group.ctx, timeout=30)
            yield self
        finally:
            group.stop()
            group.join()

    def _hear(self, old: ConfigMap | None, new: ConfigMap | None, *, initial: bool) -> None:
        obj = new or old
        assert obj is not None
        what = "gone" if new is None else "there"
        self.heard.setdefault(obj.metadata.name, []).append(what)
