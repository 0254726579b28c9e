"""ServiceProxy: stands in for kube-proxy between a control plane and a Service's webhooks.

The API server reaches Services through it by HTTP CONNECT (its egress selector ``cluster``), so
everything about a webhook but the packets' way is real: the Service, the name in the certificate,
the caBundle. Connections go round those backends that are ready.
"""

import contextlib
import http.server
import select
import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import msgspec

from okg.context import Context
from okg.threads import ThreadGroup

Backend: TypeAlias = tuple[int, Callable[[], bool]]
"""A port on loopback, and whether its owner is ready."""

_LOOPBACK = "127.0.0.1"
_CHUNK = 65536
_CONNECT_SECONDS = 2.0


class ServiceProxy:
    """Leads connections to the one Service there is to its backends.

    Readiness is asked again and again, as endpoints follow a pod's probes. Connections to loopback
    are none of a Service's, and are made as they are. It listens on a Unix socket, the one
    transport without certificates that kube-apiserver takes; connections wait in it until ``run``.

    Attributes:
        passes_by: whether a backend that refuses is passed by. A kube-proxy does not: with False a
            replica that closes its port before it is known to be unready is found out.
        probe_seconds: time between two questions for readiness.
    """

    def __init__(self) -> None:
        # Not in a test's own folder: the path of a socket has room for 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="okg-proxy-"))
        self._server = _Server(self.socket, self._in_turn)
        self.passes_by = True
        self.probe_seconds = 0.2
        self._lock = threading.Lock()
        self._known: list[Backend] = []
        self._ready: list[int] = []
        self._turn = 0

    @property
    def socket(self) -> Path:
        """Where the proxy listens."""
        return self._folder / "socket"

    def write_egress_configuration(self, path: Path) -> Path:
        """Write what kube-apiserver's ``--egress-selector-config-file`` names."""
        transport = {"uds": {"udsName": str(self.socket)}}
        configuration = {
            "apiVersion": "apiserver.k8s.io/v1beta1",
            "kind": "EgressSelectorConfiguration",
            "egressSelections": [
                {
                    "name": "cluster",
                    "connection": {"proxyProtocol": "HTTPConnect", "transport": transport},
                }
            ],
        }
        path.write_bytes(msgspec.json.encode(configuration))
        return path

    def add(self, port: int, ready: Callable[[], bool]) -> None:
        """Lead connections to this port, too, while ``ready()``."""
        with self._lock:
            self._known.append((port, ready))

    def leads_to(self, port: int) -> bool:
        """Whether connections are led to this port at present."""
        with self._lock:
            return port in self._ready

    def remove(self, port: int) -> None:
        """Forget a backend."""
        with self._lock:
            self._known = [backend for backend in self._known if backend[0] != port]
            self._ready = [one for one in self._ready if one != port]

    def run(self, ctx: Context) -> None:
        """Serve until the context is done; then connections are cut."""
        group = ThreadGroup(ctx)
        group.start("service-probes", self._probe)
        group.start("service-proxy", lambda _: self._server.serve_forever())
        try:
            ctx.wait()
        finally:
            self._server.shutdown()
            self._server.cut()
            self._server.server_close()
            group.join()
            shutil.rmtree(self._folder)

    def _probe(self, ctx: Context) -> None:
        while not ctx.done:
            with self._lock:
                known = list(self._known)
            ready = [port for port, is_ready in known if is_ready()]
            with self._lock:
                self._ready = [port for port, _ in self._known if port in ready]
            ctx.sleep(self.probe_seconds)

    def _in_turn(self) -> Sequence[int]:
        with self._lock:
            self._turn += 1
            first = self._turn % len(self._ready) if self._ready else 0
            order = self._ready[first:] + self._ready[:first]
        return order if self.passes_by else order[:1]


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, path: Path, backends: Callable[[], Sequence[int]]) -> None:
        self.backends = backends
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(str(path), _Connect)

    @contextlib.contextmanager
    def kept(self, connection: socket.socket) -> Generator[None]:
        """Know a connection while it lasts, to cut it at the end."""
        with self._lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)

    def cut(self) -> None:
        """End all connections."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Connect(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Serve one connection, which may break at any time."""
        with cast("_Server", self.server).kept(self.connection), contextlib.suppress(OSError):
            super().handle()

    def do_CONNECT(self) -> None:
        """Lead one connection on until either side ends it."""
        self.close_connection = True
        server = self._reach()
        if server is None:
            self.send_error(503, "no backend is ready")
            return
        with server:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            _pump(self.connection, server)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _reach(self) -> socket.socket | None:
        host, _, port = self.path.rpartition(":")
        backends = cast("_Server", self.server).backends
        for candidate in [int(port)] if host == _LOOPBACK else backends():
            with contextlib.suppress(OSError):
                server = socket.create_connection((_LOOPBACK, candidate), _CONNECT_SECONDS)
                # Whole requests come in pieces; a piece must not wait for the one before it.
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return server
        return None


def _pump(one: socket.socket, other: socket.socket) -> None:
    one.settimeout(None)
    other.settimeout(None)
    peers = {one.fileno(): (one, other), other.fileno(): (other, one)}
    readable = select.poll()
    for number in peers:
        readable.register(number, select.POLLIN)
    with contextlib.suppress(OSError):
        while True:
            for number, _ in readable.poll():
                source, target = peers[number]
                data = source.recv(_CHUNK)
                if not data:
                    return
                target.sendall(data)
