"""Reflector: keeps a sink supplied with what the server holds, by list and watch.

One thread, owned by whoever calls ``run``. All decisions are in ``ReflectorState``; this shell
carries them out and reports back. A blocked read is ended from outside by closing the stream.
"""

from collections.abc import Sequence
from typing import Generic, Protocol

from okg.api.resource import O
from okg.cache.reflector_state import ListStep, ReflectorState, WaitStep, WatchStep
from okg.cache.source import O_contra
from okg.client.decoding import EventType, Undecodable
from okg.client.rest import ApiClient
from okg.client.watch import Bookmark
from okg.context import Context
from okg.errors import ApiError, DecodeError, OkgError, TransportError

READ_TIMEOUT = 150.0
"""Seconds of silence after which a watch counts as half-open; bookmarks come every minute."""


class Sink(Protocol[O_contra]):
    """Where a reflector puts what it learns; called on the reflector's thread, in order."""

    def on_list(self, objects: Sequence[O_contra], version: str, namespace: str) -> None:
        """Everything that is there at this version."""
        ...

    def on_change(self, obj: O_contra, *, gone: bool) -> None:
        """One object was added, changed or deleted."""
        ...

    def on_reached(self, version: str, namespace: str) -> None:
        """Nothing else happened up to this version, in this namespace or in all of them."""
        ...

    def on_undecodable(self, odd: Undecodable) -> None:
        """An object that does not fit its type was left out."""
        ...


class Reflector(Generic[O]):
    """Lists and watches one kind in one namespace, or in all of them."""

    def __init__(
        self,
        api: ApiClient,
        kind: type[O],
        sink: Sink[O],
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.state = ReflectorState()
        self._api = api
        self._sink = sink
        self._labels = labels
        self._fields = fields
        self._read_timeout = read_timeout

    def run(self, ctx: Context) -> None:
        """Work until the context is done."""
        while not ctx.done:
            step = self.state.next()
            try:
                match step:
                    case WaitStep(seconds):
                        ctx.sleep(seconds)
                    case ListStep():
                        self._list()
                    case WatchStep(version, timeout):
                        self._watch(ctx, version, timeout)
            except OkgError as error:
                self._failed(ctx, error)

    def _list(self) -> None:
        objects: list[O] = []
        version = ""
        for page in self._api.pages(
            self.kind, namespace=self.namespace, labels=self._labels, fields=self._fields
        ):
            objects.extend(page.items)
            version = page.resource_version
            for odd in page.odd:
                self._sink.on_undecodable(odd)
        self._sink.on_list(objects, version, self.namespace)
        self.state.listed(version)

    def _watch(self, ctx: Context, version: str, timeout: float) -> None:
        started = ctx.clock.monotonic()
        stream = self._api.watch(
            self.kind,
            namespace=self.namespace,
            labels=self._labels,
            fields=self._fields,
            resource_version=version,
            timeout=timeout,
            read_timeout=self._read_timeout,
        )
        forget = ctx.on_cancel(stream.close)
        events = 0
        try:
            for event in stream:
                events += 1
                match event:
                    case Bookmark(version):
                        self._sink.on_reached(version, self.namespace)
                        self.state.moved(version)
                    case Undecodable():
                        self._sink.on_undecodable(event)
                    case _:
                        gone = event.type is EventType.DELETED
                        self._sink.on_change(event.object, gone=gone)
                        self.state.moved(event.object.metadata.resource_version)
        except TransportError as error:
            ctx.log.debug("watch broke", kind=self.kind.__name__, error=str(error))
        finally:
            forget()
            stream.close()
        now = ctx.clock.monotonic()
        self.state.watch_ended(now, lasted=now - started, events=events)

    def _failed(self, ctx: Context, error: OkgError) -> None:
        if ctx.done:
            return
        self.state.failed(error, ctx.clock.monotonic())
        level = ctx.log.warning if isinstance(error, ApiError | DecodeError) else ctx.log.info
        level("list or watch failed", kind=self.kind.__name__, error=str(error))
