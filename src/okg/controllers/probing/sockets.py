"""Sockets to pods: everything that is done with one ends by one time, however slow the peer is."""

import socket
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from okg.context import Context

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class DeadlineSocket(socket.socket):
    """A socket whose operations all end by ``ends_at``, monotonic seconds."""

    ends_at: float

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """Receive; TimeoutError once the time is over."""
        self.settimeout(time_left(self.ends_at))
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send; TimeoutError once the time is over."""
        self.settimeout(time_left(self.ends_at))
        super().sendall(data, flags)


class DeadlineTlsSocket(ssl.SSLSocket):
    """The same with TLS."""

    ends_at: float

    def recv_into(
        self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0
    ) -> int:
        """Receive; TimeoutError once the time is over."""
        self.settimeout(time_left(self.ends_at))
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send; TimeoutError once the time is over."""
        self.settimeout(time_left(self.ends_at))
        super().sendall(data, flags)


@contextmanager
def connected(ctx: Context, address: str, port: int, ends_at: float) -> Generator[DeadlineSocket]:
    """Yield a connection to a pod; the end of the context ends it, too.

    Raises:
        OSError: nobody listens, or not in time.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with DeadlineSocket(family, socket.SOCK_STREAM) as connection:
        connection.ends_at = ends_at
        forget = ctx.on_cancel(lambda: _shut_down(connection))
        try:
            connection.settimeout(time_left(ends_at))
            connection.connect((address, port))
            yield connection
        finally:
            forget()


def encrypted(plain: DeadlineSocket) -> DeadlineTlsSocket:
    """Return a connection with TLS, whoever the peer is; it takes the place of the plain one."""
    plain.settimeout(time_left(plain.ends_at))
    encrypted = _ANYBODY.wrap_socket(plain)
    assert isinstance(encrypted, DeadlineTlsSocket)
    encrypted.ends_at = plain.ends_at
    return encrypted


def time_left(ends_at: float) -> float:
    """Return the seconds until then.

    Raises:
        TimeoutError: there are none.
    """
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _trusting() -> ssl.SSLContext:
    """Return TLS settings that take any certificate, as kubelets do: a probe sends no secrets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = DeadlineTlsSocket
    return context


_ANYBODY = _trusting()
