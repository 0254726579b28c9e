"""Watches: the stream of one watch request.

A stream has a lock of its own. The storage offers changes under its lock and the stream's; the
reader works on what it took without any lock. Whatever ends a stream from outside wakes its reader.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from okg.clock import Clock
from okg.errors import TimedOut, TransportError
from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.refusals import JSON_HEADERS, Refusal
from okg.testing.apiserver.selectors import Selector
from okg.testing.apiserver.storage import Change, Record, stamped
from okg.testing.apiserver.trees import Tree

BOOKMARK_SECONDS = 60.0
"""How often the real server sends a bookmark, give or take its jitter."""

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
"""Annotation of the bookmark that ends the initial events (metav1)."""


class WatchFormat:
    """Changes as the lines of a watch: what the selector sees, in the kind's form."""

    def __init__(self, kind: Kind, selector: Selector, namespace: str = "") -> None:
        resource = kind.resource
        self._kind = kind
        self._selector = selector
        self._prefix = f"{namespace}/" if namespace else ""
        self._head = f'"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()

    def added(self, record: Record) -> bytes | None:
        """Return the line for an object that is there, or None where it is not selected."""
        return self._line(b"ADDED", record) if self._sees(record) else None

    def changed(self, change: Change) -> bytes | None:
        """Return the line for a change, or None where it is not seen.

        An object that starts to match is ADDED; one that ceases to is DELETED, in the state it had
        before, at the revision of the change.
        """
        was = change.before is not None and self._sees(change.before)
        now = not change.gone and self._sees(change.after)
        if now:
            return self._line(b"MODIFIED" if was else b"ADDED", change.after)
        if not was or change.before is None:
            return None
        last = (
            change.after
            if change.gone
            else stamped(change.before.key, change.before.tree, change.revision)
        )
        return self._line(b"DELETED", last)

    def bookmark(self, revision: int, *, initial_end: bool = False) -> bytes:
        """Return the line of a bookmark."""
        metadata: Tree = {"resourceVersion": str(revision)}
        if initial_end:
            metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
        resource = self._kind.resource
        obj = {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": metadata,
            **self._kind.bookmark,
        }
        return msgspec.json.encode({"type": "BOOKMARK", "object": obj}) + b"\n"

    def _sees(self, record: Record) -> bool:
        return record.key.startswith(self._prefix) and self._selector(record.tree)

    def _line(self, kind: bytes, record: Record) -> bytes:
        return b'{"type":"%b","object":{%b%b}\n' % (kind, self._head, record.body[1:])


def error_line(refusal: Refusal) -> bytes:
    """Return the line of an ERROR event."""
    return b'{"type":"ERROR","object":%b}\n' % refusal.body()


class WatchStream:
    """The answer to a watch request; an HttpStream and a Subscriber.

    Args:
        form: makes lines of changes.
        clock: measures timeouts.
        revision: tells the current revision, for bookmarks.
        timeout: seconds after which the server ends the watch, or None.
        read_timeout: seconds of silence after which reading raises TimedOut, or None.
        bookmarks: whether to send bookmarks.
        on_end: called when the stream is over, at least once.
    """

    def __init__(
        self,
        form: WatchFormat,
        *,
        clock: Clock,
        revision: Callable[[], int],
        timeout: float | None,
        read_timeout: float | None,
        bookmarks: bool,
        on_end: Callable[["WatchStream"], None],
    ) -> None:
        self.status = 200
        self.headers: Mapping[str, str] = JSON_HEADERS
        self._form = form
        self._clock = clock
        self._revision = revision
        self._read_timeout = read_timeout
        self._on_end = on_end
        self._changed = threading.Condition()
        self._queue: deque[bytes | Change] = deque()
        self._closed = False
        self._fault: TransportError | None = None
        self._faultless: int | None = None
        started = clock.monotonic()
        self._ends_at = math.inf if timeout is None else started + timeout
        self._bookmark_at = started + BOOKMARK_SECONDS if bookmarks else math.inf
        self._last_line_at = started

    def begin(self, first: Sequence[bytes | Change]) -> None:
        """Say what comes before the changes that were offered meanwhile."""
        with self._changed:
            self._queue.extendleft(reversed(first))

    def offer(self, change: Change) -> None:
        """Take note of a change."""
        with self._changed:
            self._queue.append(change)
            self._changed.notify_all()

    def fail(self, error: TransportError | None, *, after: int = 0) -> None:
        """Break the connection after so many more lines; without an error it falls silent instead.

        A silent stream stays open as a half-open connection does, past its own timeout.
        """
        with self._changed:
            self._fault, self._faultless = error, after
            self._changed.notify_all()

    def end(self) -> None:
        """End the stream once everything it holds is sent."""
        with self._changed:
            self._ends_at = -math.inf
            self._changed.notify_all()

    def close(self) -> None:
        """End the stream quietly, at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._on_end(self)

    def __iter__(self) -> Iterator[bytes]:
        """Yield one line a piece; raises StreamBroken or TimedOut."""
        try:
            while (item := self._next()) is not None:
                line = item if isinstance(item, bytes) else self._form.changed(item)
                if line is not None:
                    self._count_line()
                    yield line
        finally:
            self.close()

    def _next(self) -> bytes | Change | None:
        """Wait for something to send; None when the stream is over."""
        while True:
            # Asked before the queue is looked at: all changes up to this revision are in it.
            revision = self._revision() if self._bookmark_at < math.inf else 0
            with self._changed:
                if self._closed:
                    return None
                now = self._clock.monotonic()
                if self._faultless == 0:
                    if self._fault is not None:
                        raise self._fault
                elif self._queue:
                    return self._queue.popleft()
                elif now >= self._bookmark_at:
                    self._bookmark_at = now + BOOKMARK_SECONDS
                    return self._form.bookmark(revision)
                elif now >= self._ends_at:
                    return None
                self._wait(now)

    def _wait(self, now: float) -> None:
        """Wait for news, or for the next thing that time brings."""
        silent = self._faultless == 0
        due = math.inf if silent else min(self._bookmark_at, self._ends_at)
        if self._read_timeout is not None:
            patience = self._last_line_at + self._read_timeout
            if now >= patience:
                raise TimedOut("watch: nothing was received in time")
            due = min(due, patience)
        self._clock.wait(self._changed, None if due == math.inf else due - now)

    def _count_line(self) -> None:
        with self._changed:
            self._last_line_at = self._clock.monotonic()
            if self._faultless:
                self._faultless -= 1
