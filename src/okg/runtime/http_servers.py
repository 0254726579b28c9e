"""The plain HTTP servers of a manager: health probes and metrics.

A server binds its socket when it is made, so that an occupied port stops the start, and serves in
``run``. Each connection has a thread that ends with the connection; a silent client is dropped
after a few seconds, so none can hold up the end.
"""

import http.server
import socket
import socketserver
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from okg.context import Context
from okg.errors import ConfigError
from okg.threads import ThreadGroup

Answer: TypeAlias = tuple[int, str, bytes]
"""Status, content type and body."""

Route: TypeAlias = Callable[[str, Mapping[str, list[str]]], Answer]
"""Answers a GET; gets the rest of the path below the route, and the query."""

Check: TypeAlias = Callable[[], bool]

_SILENCE_SECONDS = 5.0
_POLL_SECONDS = 0.1
_TEXT = "text/plain; charset=utf-8"
_NOT_FOUND: Answer = (404, _TEXT, b"404 page not found\n")


def parse_address(address: str, flag: str) -> tuple[str, int]:
    """Split ``host:port``; an empty host stands for all addresses.

    Raises:
        ConfigError: it is not an address; the message names the flag.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        raise ConfigError(f"{address!r} is not an address like :8080 or 127.0.0.1:8080 ({flag})")
    return host.strip("[]"), int(port)


class HttpServer:
    """Answers GET requests by the first part of their path.

    Args:
        address: ``host:port``; port 0 takes a free one.
        flag: what the user set the address with, for messages.
        routes: path without trailing slash → what answers it and everything below it.

    Raises:
        ConfigError: the address makes no sense or is in use.
    """

    def __init__(self, address: str, flag: str, routes: Mapping[str, Route]) -> None:
        where = parse_address(address, flag)
        try:
            self._server = _Server(where, routes)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {address}: {error.strerror}; choose another with {flag}"
            ) from error

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def run(self, ctx: Context) -> None:
        """Serve until the context is done."""
        group = ThreadGroup(Context(ctx.log, clock=ctx.clock))
        group.start(f"http-{self.port}", lambda _: self._server.serve_forever(_POLL_SECONDS))
        try:
            ctx.wait()
        finally:
            self._server.shutdown()
            group.join()
            self._server.server_close()

    def close(self) -> None:
        """Give the port back without ever having served."""
        self._server.server_close()


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, where: tuple[str, int], routes: Mapping[str, Route]) -> None:
        self.routes = routes
        self.address_family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        super().__init__(where, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of ours."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SILENCE_SECONDS

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        status, content_type, body = _NOT_FOUND
        for path, route in cast("_Server", self.server).routes.items():
            if url.path == path or url.path.startswith(f"{path}/"):
                rest = url.path[len(path) :].strip("/")
                query = parse_qs(url.query, keep_blank_values=True)
                status, content_type, body = route(rest, query)
                break
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        # A probe comes every few seconds: no thread waits for the next one.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a line for every probe helps nobody."""


def metrics_route(registry: CollectorRegistry) -> Route:
    """Return what answers ``/metrics``."""

    def answer(rest: str, _query: Mapping[str, list[str]]) -> Answer:
        if rest:
            return _NOT_FOUND
        return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)

    return answer


def health_route(checks: Mapping[str, Check]) -> Route:
    """Return what answers ``/healthz`` or ``/readyz``, in the words of Kubernetes' own probes.

    ``?verbose`` tells of each check, ``?exclude=name`` leaves one out, a path below asks one alone.
    A check that raises has failed; why is nobody's business on a port without a lock.
    """

    def answer(rest: str, query: Mapping[str, list[str]]) -> Answer:
        if rest:
            check = checks.get(rest)
            if check is None:
                return _NOT_FOUND
            if _passes(check):
                return 200, _TEXT, b"ok"
            return 500, _TEXT, b"internal server error: not ready yet\n"
        excluded = set(query.get("exclude", ()))
        results = {name: _passes(c) for name, c in checks.items() if name not in excluded}
        healthy = all(results.values())
        if healthy and "verbose" not in query:
            return 200, _TEXT, b"ok"
        lines = [
            f"[+]{name} ok" if passed else f"[-]{name} failed: reason withheld"
            for name, passed in results.items()
        ]
        # The closing line says healthz for both endpoints, and always has.
        lines.append(f"healthz check {'passed' if healthy else 'failed'}")
        return (200 if healthy else 500), _TEXT, ("\n".join(lines) + "\n").encode()

    return answer


def _passes(check: Check) -> bool:
    try:
        return check()
    except Exception:  # noqa: BLE001 - whatever it raises, the check did not pass
        return False
