"""The seam between us and HTTP: two methods over plain values.

Everything above speaks to a ``Transport``; the real one is in ``okg.client.http``, the in-memory
API server of ``okg.testing`` is another.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request, relative to the server's address.

    Attributes:
        method: upper case.
        path: starts with a slash, no query.
        query: parameters, unescaped.
        lists: parameters that may come more than once, likewise.
        headers: extra headers; the transport adds credentials, user agent and host.
        body: payload, or None.
        timeout: seconds to wait for connection and for each read; None for the transport's own.
    """

    method: str
    path: str
    query: Mapping[str, str] = {}
    lists: Mapping[str, Sequence[str]] = {}
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    timeout: float | None = None

    @property
    def line(self) -> str:
        """Method and path, for messages."""
        return f"{self.method} {self.path}"


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class HttpStream(Protocol):
    """An answer that is read as it arrives."""

    status: int
    headers: Mapping[str, str]

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces of the body as they come; raises StreamBroken or TimedOut."""
        ...

    def close(self) -> None:
        """End the stream; callable from any thread, and a blocked reader returns at once."""
        ...


class Transport(Protocol):
    """Carries requests to an API server. Safe for use from many threads."""

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the whole answer, whatever its status; raise TransportError when there is none."""
        ...

    def stream(self, request: HttpRequest) -> HttpStream:
        """Return as soon as the headers are there."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class Duplex(Protocol):
    """A connection that has left HTTP: bytes in both directions."""

    headers: Mapping[str, str]

    def receive(self, timeout: float) -> bytes:
        """Return what has come, nothing at the end; raise TimedOut or StreamBroken."""
        ...

    def send(self, data: bytes) -> None:
        """Send all of it, within the timeout of the last ``receive``; raise as that does."""
        ...

    def interrupt(self) -> None:
        """Let a blocked reader return at once; callable from any thread."""
        ...

    def close(self) -> None:
        """Give the connection back to the system; by the thread that reads."""
        ...


class Upgrader(Protocol):
    """Opens connections that leave HTTP, such as WebSockets. Safe for use from many threads."""

    def upgrade(self, request: HttpRequest) -> Duplex | HttpResponse:
        """Return the connection, or the server's answer if it refuses.

        Raises:
            TransportError: there is no answer.
        """
        ...
