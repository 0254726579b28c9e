"""Listener: a socket, a thread for each of its connections, and an end that no client can delay.

The socket is bound when the listener is made, so that an occupied port stops the start. The end:
nobody is accepted any more, idle connections are cut at once, and those in the middle of a request
get a few seconds to finish. A lock guards the set of connections; it is never held during I/O.
"""

import contextlib
import http.server
import socket
import socketserver
import threading
import time
from typing import ClassVar, cast

from okg.context import Context
from okg.errors import ConfigError
from okg.threads import ThreadGroup

_BACKLOG = 128
_POLL_SECONDS = 0.1
_LAST_PORT = 65535
_LINGER_SECONDS = 1.0
_CHUNK = 65536


def parse_address(address: str, flag: str) -> tuple[str, int]:
    """Split ``host:port``; an empty host stands for all addresses.

    Raises:
        ConfigError: it is not an address; the message names the flag.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > _LAST_PORT:
        raise ConfigError(f"{address!r} is not an address like :8080 or 127.0.0.1:8080 ({flag})")
    return host.strip("[]"), int(port)


class Listener(socketserver.TCPServer):
    """Accepts connections and hands each to a handler in a thread of its own.

    Args:
        address: ``host:port``; without a host all addresses of both families, port 0 a free port.
        flag: what the user set the address with, for messages.
        handler: reads requests of one connection.
        part: names the threads.

    Raises:
        ConfigError: the address makes no sense or is in use.
    """

    allow_reuse_address = True
    request_queue_size = _BACKLOG

    def __init__(self, address: str, flag: str, handler: "type[Handler]", part: str) -> None:
        host, port = parse_address(address, flag)
        self.ctx = Context()
        self._handler = handler
        self._part = part
        self._changed = threading.Condition()
        self._busy: dict[socket.socket, bool] = {}
        self._threads: list[threading.Thread] = []
        self._accepted = 0
        self._stopping = False
        everywhere = not host and socket.has_dualstack_ipv6()
        self.address_family = socket.AF_INET6 if everywhere or ":" in host else socket.AF_INET
        self._both_families = everywhere
        try:
            super().__init__((host, port), handler)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {address}: {error.strerror}; choose another with {flag}"
            ) from error

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.socket.getsockname()[1])

    def serve(self, ctx: Context, *, grace: float) -> None:
        """Serve until the context is done.

        Args:
            ctx: ends the serving.
            grace: seconds that requests under way then have to finish.
        """
        self.ctx = Context(ctx.log, clock=ctx.clock)
        accepting = ThreadGroup(self.ctx)
        accepting.start(f"{self._part}-accept", lambda _: self.serve_forever(_POLL_SECONDS))
        try:
            ctx.wait()
        finally:
            self.shutdown()
            accepting.join()
            self.server_close()
            self._end_connections(grace)

    def secure(self, connection: socket.socket) -> socket.socket:
        """Return the socket to speak through; called before any byte is exchanged."""
        return connection

    def greet(self, connection: socket.socket) -> None:
        """Do what comes before the first request, in the connection's own thread."""

    def request_began(self, connection: socket.socket) -> None:
        """Take note that a connection must not be cut now."""
        with self._changed:
            self._busy[connection] = True

    def request_ended(self, connection: socket.socket) -> bool:
        """Take note that a connection is idle; False when it is to be closed."""
        with self._changed:
            self._busy[connection] = False
            self._changed.notify_all()
            return not self._stopping

    def server_bind(self) -> None:
        """Bind, without IPv6 being on its own where both families are wanted."""
        if self._both_families:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: object, client_address: object) -> None:
        """Start a connection's thread; called by the accepting thread."""
        self._accepted += 1
        thread = threading.Thread(
            target=self._serve_connection,
            args=(request, client_address),
            name=f"okg-{self._part}-{self._accepted}",
        )
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)
        thread.start()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Log why a connection got no thread; called while that is being handled."""
        self.ctx.log.exception("connection refused", client=str(client_address))  # noqa: LOG004

    def _serve_connection(self, request: socket.socket, client_address: object) -> None:
        connection = request
        try:
            connection = self.secure(request)
            if self._admit(connection):
                self.greet(connection)
                self._handler(connection, client_address, self)
        except OSError as error:  # a client that went away, or does not speak our protocol
            self.ctx.log.debug("connection failed", client=str(client_address), error=str(error))
        except Exception:
            self.ctx.log.exception("connection failed", client=str(client_address))
        finally:
            self._forget(connection)
            connection.close()

    def _admit(self, connection: socket.socket) -> bool:
        with self._changed:
            if not self._stopping:
                self._busy[connection] = False
            return not self._stopping

    def _forget(self, connection: socket.socket) -> None:
        with self._changed:
            self._busy.pop(connection, None)
            self._changed.notify_all()

    def _end_connections(self, grace: float) -> None:
        clock = self.ctx.clock
        until = clock.monotonic() + grace
        with self._changed:
            self._stopping = True
            idle = [connection for connection, busy in self._busy.items() if not busy]
        _cut(idle)
        with self._changed:
            while any(self._busy.values()) and (left := until - clock.monotonic()) > 0:
                clock.wait(self._changed, left)
            rest = list(self._busy)
        self.ctx.cancel()
        _cut(rest)
        for thread in self._threads:
            thread.join()


def _cut(connections: list[socket.socket]) -> None:
    """End connections under whoever reads from them."""
    for connection in connections:
        with contextlib.suppress(OSError):
            # Not the method of a TLS socket, which would forget its keys under its reader.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads the requests of one connection, HTTP/1.1."""

    protocol_version = "HTTP/1.1"
    server_version = "okg"
    sys_version = ""
    wbufsize = -1  # the answer leaves in one piece
    disable_nagle_algorithm = True

    idle_seconds: ClassVar[float] = 5.0
    """How long a connection may be silent between two requests."""

    request_seconds: ClassVar[float] = 5.0
    """How long it may be silent within one."""

    @property
    def listener(self) -> Listener:
        """The listener that accepted the connection."""
        return cast("Listener", self.server)

    def handle_one_request(self) -> None:
        """Wait for a request and answer it; a silent client ends the connection."""
        self.connection.settimeout(self.idle_seconds)
        super().handle_one_request()
        if not self.listener.request_ended(self.connection):
            self.close_connection = True

    def parse_request(self) -> bool:
        """Read the head of a request whose first line is here."""
        self.listener.request_began(self.connection)
        self.connection.settimeout(self.request_seconds)
        return super().parse_request()

    def respond(self, status: int, content_type: str, body: bytes, *, close: bool = False) -> None:
        """Send one answer, and end the connection after it with ``close``."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def linger(self) -> None:
        """Read on for a moment after an answer to a request whose body was not read.

        Closing at once would reset the connection under a client that is still sending, and it
        would not get to see the answer.
        """
        self.wfile.flush()
        self.connection.settimeout(_LINGER_SECONDS)
        until = time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(OSError):
            while self.rfile.read1(_CHUNK) and time.monotonic() < until:
                pass

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a line for every request helps nobody."""
