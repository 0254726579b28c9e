"""WatchHub: opens watches, and knows those that are open."""

import threading
from collections.abc import Mapping, Sequence

from okg.client.transport import HttpRequest
from okg.clock import Clock
from okg.errors import TransportError
from okg.testing.apiserver.lists import read_integer, read_selector
from okg.testing.apiserver.refusals import (
    Refusal,
    forbidden_value,
    invalid_options,
)
from okg.testing.apiserver.routes import Route
from okg.testing.apiserver.storage import Change, Storage
from okg.testing.apiserver.watches import WatchFormat, WatchStream, error_line


class WatchHub:
    """Watches of one server. Safe for use from many threads."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._open: list[WatchStream] = []

    @property
    def open_count(self) -> int:
        """How many watches are open."""
        with self._lock:
            return len(self._open)

    def open(self, route: Route, request: HttpRequest) -> WatchStream:
        """Return the stream that answers a watch request.

        A resourceVersion that is too old is answered within the stream, by an ERROR event.

        Raises:
            Refusal: 400, 422.
        """
        query = request.query
        _check_options(query)
        initial = _wants_initial_events(query)
        form = WatchFormat(route.kind, read_selector(route.kind, query), route.namespace)
        stream = self._stream(route, request, form)
        with self._lock:
            self._open.append(stream)
        try:
            stream.begin(self._beginning(route, query, stream, form, initial=initial))
        except Refusal as refusal:
            stream.begin([error_line(refusal)])
            stream.end()
        return stream

    def fail(self, error: TransportError | None) -> int:
        """Break all open watches, or let them fall silent; return how many there were."""
        with self._lock:
            streams = list(self._open)
        for stream in streams:
            stream.fail(error)
        return len(streams)

    def close(self) -> None:
        """End all open watches quietly."""
        with self._lock:
            streams = list(self._open)
        for stream in streams:
            stream.close()

    def _stream(self, route: Route, request: HttpRequest, form: WatchFormat) -> WatchStream:
        given = "timeoutSeconds" in request.query

        def forget(stream: WatchStream) -> None:
            self._storage.unsubscribe(route.kind, stream)
            with self._lock:
                if stream in self._open:
                    self._open.remove(stream)

        return WatchStream(
            form,
            clock=self._clock,
            revision=lambda: self._storage.revision,
            timeout=read_integer(request.query, "timeoutSeconds") if given else None,
            read_timeout=request.timeout,
            bookmarks=_is_true(request.query.get("allowWatchBookmarks")),
            on_end=forget,
        )

    def _beginning(
        self,
        route: Route,
        query: Mapping[str, str],
        stream: WatchStream,
        form: WatchFormat,
        *,
        initial: bool,
    ) -> Sequence[bytes | Change]:
        """Enter the stream into the storage; return what comes before what it hears from now on."""
        since = (
            None if initial else read_integer(query, "resourceVersion") or self._storage.revision
        )
        records, changes, revision = self._storage.subscribe(route.kind, stream, since)
        if not initial:
            return changes
        lines = [line for record in records if (line := form.added(record)) is not None]
        if _is_true(query.get("allowWatchBookmarks")):
            lines.append(form.bookmark(revision, initial_end=True))
        return lines


def _wants_initial_events(query: Mapping[str, str]) -> bool:
    if "sendInitialEvents" in query:
        return _is_true(query["sendInitialEvents"])
    return query.get("resourceVersion", "") in {"", "0"}


def _check_options(query: Mapping[str, str]) -> None:
    read_integer(query, "resourceVersion")
    match = query.get("resourceVersionMatch", "")
    if "sendInitialEvents" in query and match != "NotOlderThan":
        why = "sendInitialEvents goes with NotOlderThan only"
    elif match and "sendInitialEvents" not in query:
        why = "a watch takes it with sendInitialEvents only"
    else:
        return
    raise invalid_options(forbidden_value("resourceVersionMatch", why))


def _is_true(value: str | None) -> bool:
    return value in {"1", "true"}
