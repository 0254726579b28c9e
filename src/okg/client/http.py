"""Transport over urllib3: pooling, TLS, credentials, and one place where its errors are translated.

Safe for use from many threads; the pool opens connections as needed. A request refused with 401
is sent once more with credentials read anew, which is how rotated tokens, certificates and exec
plug-ins are picked up.
"""

import contextlib
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from urllib.parse import urlencode

import urllib3
from urllib3 import exceptions

from okg.client.connection import Connection
from okg.client.request_metrics import RequestMetrics
from okg.client.transport import HttpRequest, HttpResponse
from okg.errors import ConfigError, ConnectFailed, StreamBroken, TimedOut, TransportError

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a TCP and TLS handshake."""

READ_TIMEOUT = 60.0
"""Seconds to wait for an answer; the server itself gives up on a request after 60."""

_SWITCHING_PROTOCOLS = 101
_UNAUTHORIZED = 401
_RELOAD_INTERVAL = 1.0
_CHUNK = 65536
_SHORTEST_WAIT = 0.001
_TIMEOUTS = (exceptions.ReadTimeoutError, exceptions.ConnectTimeoutError, TimeoutError)


class Urllib3Transport:
    """A Transport to a real API server.

    Args:
        connection: address and credentials.
        user_agent: sent with each request.
        gzip: ask for compressed answers; saves bandwidth, costs about as much CPU as decoding.
        metrics: counts requests, or None.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        user_agent: str = "okg",
        gzip: bool = False,
        metrics: RequestMetrics | None = None,
    ) -> None:
        self.connection = connection
        self._headers = {
            "user-agent": user_agent,
            "accept": "application/json",
            "accept-encoding": "gzip" if gzip else "identity",
        }
        self._metrics = metrics
        self._reload_lock = threading.Lock()
        self._reloaded_at = -_RELOAD_INTERVAL

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the whole answer; a GET that met a connection closed meanwhile is sent again."""
        answer = self._send(request)
        if answer.status == _UNAUTHORIZED and self._reload_credentials():
            answer = self._send(request)
        return answer

    def stream(self, request: HttpRequest) -> "Urllib3Stream":
        """Return once the headers are there."""
        answer = self._open(request, whole=False)
        if answer.status == _UNAUTHORIZED and self._reload_credentials():
            answer.close()
            answer = self._open(request, whole=False)
        return Urllib3Stream(answer, request)

    def upgrade(self, request: HttpRequest) -> "Urllib3Duplex | HttpResponse":
        """Return the connection that a request with an ``upgrade`` header asks for.

        It is never sent twice: what it starts may have started.
        """
        answer = self._open(request, whole=False)
        if answer.status == _UNAUTHORIZED and self._reload_credentials():
            answer.close()
            answer = self._open(request, whole=False)
        if answer.status == _SWITCHING_PROTOCOLS:
            return Urllib3Duplex(answer, request)
        with _translated(request):
            return HttpResponse(status=answer.status, headers=_headers(answer), body=answer.data)

    def close(self) -> None:
        """Close idle connections."""
        self.connection.close()

    def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            answer = self._open(request, whole=True)
        except ConnectFailed:
            if request.method != "GET":
                raise
            answer = self._open(request, whole=True)
        return HttpResponse(status=answer.status, headers=_headers(answer), body=answer.data)

    def _open(self, request: HttpRequest, *, whole: bool) -> urllib3.BaseHTTPResponse:
        try:
            return self._attempt(request, whole=whole)
        except ConnectFailed as error:
            # The authority is read once a connection pool; it may have been replaced.
            distrusted = isinstance(_first_cause(error), ssl.SSLCertVerificationError)
            if not distrusted or not self._reload_credentials():
                raise
        return self._attempt(request, whole=whole)

    def _attempt(self, request: HttpRequest, *, whole: bool) -> urllib3.BaseHTTPResponse:
        started = time.monotonic()
        status = 0
        timeout = request.timeout or READ_TIMEOUT
        try:
            with _translated(request):
                answer = self.connection.pool.urlopen(
                    request.method,
                    _target(request),
                    body=request.body,
                    headers=self._all_headers(request),
                    timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout),
                    retries=False,
                    redirect=False,
                    preload_content=whole,
                )
            status = answer.status
            return answer
        finally:
            if self._metrics is not None:
                self._metrics.observe(
                    request.method, self.connection.host, status, time.monotonic() - started
                )

    def _all_headers(self, request: HttpRequest) -> Mapping[str, str]:
        token = self.connection.authorization()
        if token is None:
            return {**self._headers, **request.headers}
        return {**self._headers, "authorization": token, **request.headers}

    def _reload_credentials(self) -> bool:
        """Read credentials anew, at most once a second; False when there is nothing new to try."""
        with self._reload_lock:
            if time.monotonic() - self._reloaded_at < _RELOAD_INTERVAL:
                return False
            self._reloaded_at = time.monotonic()
            with contextlib.suppress(ConfigError):
                self.connection.reload()
                return True
        return False


class Urllib3Stream:
    """The body of an answer as it arrives."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, request: HttpRequest) -> None:
        self.status = answer.status
        self.headers = _headers(answer)
        self._answer = answer
        self._request = request
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield pieces as they come; ends quietly after ``close``."""
        try:
            with _translated(self._request, streaming=True):
                yield from _pieces(self._answer)
        except TransportError:
            if not self._closed:
                raise
        finally:
            self._answer.close()

    def close(self) -> None:
        """End the stream from any thread: the socket is shut down, so a blocked reader returns.

        The socket is closed, too, since a stream may end before anybody read it.
        """
        self._closed = True
        _interrupt(self._answer)
        self._answer.close()


class Urllib3Duplex:
    """A connection after its upgrade: the socket beneath the answer, and what was read of it."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, request: HttpRequest) -> None:
        self.headers = _headers(answer)
        self._answer = answer
        self._request = request
        beneath = getattr(answer, "_fp", None)
        # The buffer may hold the first bytes that came after the headers.
        self._buffer: io.BufferedReader | None = getattr(beneath, "fp", None)
        self._socket: socket.socket | None = getattr(answer.connection, "sock", None)

    def receive(self, timeout: float) -> bytes:
        """Return what has come, nothing at the end."""
        if self._buffer is None or self._socket is None:
            return b""
        with _translated(self._request, streaming=True):
            # Zero would mean to wait for nothing.
            self._socket.settimeout(max(timeout, _SHORTEST_WAIT))
            return self._buffer.read1(_CHUNK)

    def send(self, data: bytes) -> None:
        """Send all of it, within the timeout of the last ``receive``."""
        if self._socket is not None:
            with _translated(self._request, streaming=True):
                self._socket.sendall(data)

    def interrupt(self) -> None:
        """Let a blocked reader return at once, from any thread."""
        _interrupt(self._answer)

    def close(self) -> None:
        """Give the socket back, by the thread that reads."""
        self._answer.close()


def _interrupt(answer: urllib3.BaseHTTPResponse) -> None:
    """Shut the socket down, so that whoever reads it returns."""
    # Without a socket left there is nobody to wake.
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        answer.shutdown()


def _pieces(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body as it arrives.

    The layers of urllib3 and the standard library cost more than decoding a watch event, so a
    chunked body with nothing to decompress is read straight from the buffered socket beneath; the
    connection of a stream is never used again.
    """
    beneath = getattr(answer, "_fp", None)
    if (
        isinstance(beneath, http.client.HTTPResponse)
        and beneath.chunked
        and "content-encoding" not in answer.headers
    ):
        source: io.BufferedReader | None = getattr(beneath, "fp", None)
        if source is None:  # closed by another thread before we began to read
            raise http.client.IncompleteRead(b"")
        yield from _chunks(source)
    else:
        while piece := answer.read1(_CHUNK):
            yield piece


def _chunks(source: io.BufferedReader) -> Iterator[bytes]:
    """Yield the chunks of a body in chunked coding (RFC 9112, 7.1)."""
    while header := source.readline():
        size = int(header.partition(b";")[0], 16)
        if not size:
            return
        chunk = source.read(size + 2)
        if len(chunk) < size + 2:
            break
        yield chunk[:-2]
    raise http.client.IncompleteRead(b"")


def _target(request: HttpRequest) -> str:
    query = urlencode({**request.query, **request.lists}, doseq=True)
    return f"{request.path}?{query}" if query else request.path


@contextlib.contextmanager
def _translated(request: HttpRequest, *, streaming: bool = False) -> Generator[None]:
    """Translate every failure below us into a TransportError that names the request."""
    try:
        yield
    except (exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise _translate(error, request, streaming=streaming) from error


def _translate(error: Exception, request: HttpRequest, *, streaming: bool) -> TransportError:
    timed_out = isinstance(error, _TIMEOUTS)
    if timed_out and not isinstance(error, exceptions.NewConnectionError):
        return TimedOut(f"{request.line}: no answer in time")
    if streaming:
        return StreamBroken(f"{request.line}: the stream broke: {_innermost(error)}")
    return ConnectFailed(f"{request.line}: cannot reach the API server: {_innermost(error)}")


def _innermost(error: BaseException) -> str:
    """Return the words of the first cause."""
    error = _first_cause(error)
    return " ".join(str(error).split()) or type(error).__name__


def _first_cause(error: BaseException) -> BaseException:
    """Return what everything came from: urllib3 wraps an OSError in several layers."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _headers(answer: urllib3.BaseHTTPResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}
