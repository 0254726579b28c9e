"""The request log: what clients asked the server for, for tests that count."""

import threading
from collections import Counter, deque
from collections.abc import Sequence

import msgspec

_KEPT = 10_000


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        verb: get, list, watch, create, update, patch, delete or deletecollection.
        resource: plural, with the subresource where there is one: ``pods/status``.
        namespace: empty for everywhere or none.
        name: empty for a collection.
        path: as requested, without the query.
        content_type: of the body.
    """

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    path: str = ""
    content_type: str = ""


class RequestLog:
    """Requests in the order they came in. Safe for use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def calls(self) -> Sequence[Call]:
        """The last 10,000 requests."""
        with self._lock:
            return list(self._calls)

    def count(self, *, verb: str = "", resource: str = "") -> int:
        """Return how many requests there were; an empty text matches everything."""
        with self._lock:
            return sum(
                number
                for (its_verb, its_resource), number in self._counts.items()
                if verb in {"", its_verb} and resource in {"", its_resource}
            )

    def add(self, call: Call) -> None:
        """Count a request."""
        with self._lock:
            self._calls.append(call)
            self._counts[call.verb, call.resource] += 1

    def clear(self) -> None:
        """Start counting from nothing."""
        with self._lock:
            self._calls.clear()
            self._counts.clear()
