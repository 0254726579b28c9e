"""WebhookServer: answers the API server's admission questions over TLS.

A question that cannot be judged, because it is malformed or its handler failed, is answered with a
refusal that says why, and not with an HTTP error: a failurePolicy of Ignore would let it pass.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from email.message import Message
from typing import TypeAlias, cast
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from okg.api.admission import (
    AdmissionRequest,
    AdmissionResponse,
    Review,
    decode_review,
    encode_review,
    errored,
)
from okg.context import Context
from okg.errors import Cancelled, DecodeError
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.listener import Handler, Listener
from okg.threads import ThreadGroup

AdmissionHandler: TypeAlias = Callable[[Context, AdmissionRequest], AdmissionResponse]
"""Judges one request. Its context ends when the API server stops waiting."""

BODY_LIMIT = 7 * 1024 * 1024
"""Bytes of a request; controller-runtime's limit, above what etcd stores of two objects."""

HANDSHAKE_SECONDS = 10.0
GRACE_SECONDS = 5.0
"""How long requests under way have at the end."""

DEFAULT_TIMEOUT = 10.0
"""Seconds the API server waits where it does not say; the default of its configuration."""

_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The default buckets of Prometheus' Go client, in seconds."""

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_SECONDS = re.compile(r"(\d{1,3})s")


def _never() -> bool:
    return False


class WebhookServer:
    """A TLS server with one handler a path.

    Args:
        address: ``host:port``; port 0 takes a free one.
        certificates: the serving certificate; watched while the server runs.
        flag: what the user set the address with, for messages.
        registry: gets controller-runtime's ``controller_runtime_webhook_*`` metrics.
        leaving: whether the end is near: answers then end their connections, so that the API
            server makes its next ones to somebody else.

    Raises:
        ConfigError: the address makes no sense or is in use.
    """

    def __init__(
        self,
        address: str,
        certificates: CertificateWatcher,
        *,
        flag: str = "--webhook-port",
        registry: CollectorRegistry | None = None,
        leaving: Callable[[], bool] = _never,
    ) -> None:
        self._certificates = certificates
        self._metrics = _Metrics(registry)
        self._hooks: dict[str, _Hook] = {}
        self._listener = _TlsListener(address, flag, certificates, self._hooks, leaving=leaving)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._listener.port

    def register(self, path: str, handler: AdmissionHandler) -> None:
        """Answer questions at ``path`` with ``handler``; before ``run``."""
        self._hooks[path] = _Hook(path, handler, self._metrics)

    def run(self, ctx: Context) -> None:
        """Serve until the context is done; requests under way are still answered."""
        group = ThreadGroup(ctx)
        group.start("webhook-certificates", self._certificates.run)
        try:
            self._listener.serve(group.ctx, grace=GRACE_SECONDS)
        finally:
            group.stop()
            group.join()

    def close(self) -> None:
        """Give the port back without ever having served."""
        self._listener.server_close()


class _Metrics:
    def __init__(self, registry: CollectorRegistry | None) -> None:
        self.requests = Counter(
            "controller_runtime_webhook_requests",
            "Total number of admission requests by HTTP status code.",
            ("webhook", "code"),
            registry=registry,
        )
        self.latency = Histogram(
            "controller_runtime_webhook_latency_seconds",
            "Latency of processing admission requests.",
            ("webhook",),
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "controller_runtime_webhook_requests_in_flight",
            "Number of admission requests being served.",
            ("webhook",),
            registry=registry,
        )
        self.panics = Counter(
            "controller_runtime_webhook_panics",
            "Total number of exceptions in admission handlers.",
            ("webhook",),
            registry=registry,
        )


class _Hook:
    """A path, its handler and its metrics, which are there before the first request."""

    def __init__(self, path: str, handler: AdmissionHandler, metrics: _Metrics) -> None:
        self._path = path
        self._handler = handler
        self._served = metrics.requests.labels(path, "200")
        metrics.requests.labels(path, "500")
        self._latency = metrics.latency.labels(path)
        self._in_flight = metrics.in_flight.labels(path)
        self._failures = metrics.panics.labels(path)

    @contextmanager
    def measured(self) -> Generator[None]:
        """Count and time one request."""
        started = time.perf_counter()
        with self._in_flight.track_inprogress():
            yield
        self._latency.observe(time.perf_counter() - started)
        self._served.inc()

    def answer(self, ctx: Context, body: bytes, timeout: float) -> bytes:
        """Return the answer to a question."""
        try:
            review = decode_review(body)
        except DecodeError as error:
            ctx.log.warning("not an admission review", webhook=self._path, error=str(error))
            return encode_review(errored(400, str(error)))
        response = self._judge(_request_context(ctx, self._path, review), review.request, timeout)
        return encode_review(response, uid=review.request.uid, api_version=review.api_version)

    def _judge(self, ctx: Context, request: AdmissionRequest, timeout: float) -> AdmissionResponse:
        try:
            with ctx.deadline(timeout) as limited:
                return self._handler(limited, request)
        except Cancelled:
            ctx.log.warning("no time left for an admission request", timeout=timeout)
            return errored(504, f"{self._path} did not decide within {timeout:g} seconds")
        except Exception as error:
            self._failures.inc()
            ctx.log.exception("an admission handler failed")
            return errored(500, f"{self._path} failed: {type(error).__name__}: {error}")


class _TlsListener(Listener):
    def __init__(
        self,
        address: str,
        flag: str,
        certificates: CertificateWatcher,
        hooks: dict[str, _Hook],
        *,
        leaving: Callable[[], bool],
    ) -> None:
        self.hooks = hooks
        self.leaving = leaving
        self._certificates = certificates
        super().__init__(address, flag, _Handler, "webhook")

    def secure(self, connection: socket.socket) -> socket.socket:
        return self._certificates.context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )

    def greet(self, connection: socket.socket) -> None:
        connection.settimeout(HANDSHAKE_SECONDS)
        cast("ssl.SSLSocket", connection).do_handshake()


class _Handler(Handler):
    # Go's client keeps idle connections for 90 seconds; who gives up first must be the client,
    # or a question could meet a closing door.
    idle_seconds = 120.0
    request_seconds = 32.0

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        url = urlsplit(self.path)
        server = cast("_TlsListener", self.server)
        hook = server.hooks.get(url.path)
        if hook is None:
            self.respond(404, _TEXT, b"404 page not found\n", close=True)
            self.linger()
            return
        with hook.measured():
            refusal = _refusal(self.headers)
            if refusal is not None:  # its body is not read, so the connection cannot go on
                self.respond(200, _JSON, encode_review(refusal), close=True)
                self.linger()
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            timeout = _timeout(parse_qs(url.query))
            answer = hook.answer(server.ctx, body, timeout)
            self.respond(200, _JSON, answer, close=server.leaving())


def _refusal(headers: "Message[str, str]") -> AdmissionResponse | None:
    """Say what is wrong with a request before its body is read."""
    if headers.get_content_type() != _JSON:
        return errored(400, f"content type {headers.get_content_type()!r} is not {_JSON}")
    length = headers.get("Content-Length", "")
    if not length.isdigit():
        return errored(400, "the request does not say how long its body is")
    if int(length) > BODY_LIMIT:
        return errored(413, f"the request has {length} bytes; the limit is {BODY_LIMIT}")
    return None


def _timeout(query: dict[str, list[str]]) -> float:
    """Return how long the API server waits for the answer; it says so in the query."""
    given = _SECONDS.fullmatch(query.get("timeout", [""])[-1])
    return float(given[1]) if given else DEFAULT_TIMEOUT


def _request_context(ctx: Context, path: str, review: Review) -> Context:
    request = review.request
    return ctx.child(
        webhook=path,
        operation=request.operation,
        kind=request.kind.kind,
        namespace=request.namespace,
        name=request.name,
        request=request.uid,
    )
