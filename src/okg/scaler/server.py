"""ExternalScaler: a gRPC server in a thread of its own, which runs an event loop.

gRPC has one more thread, which waits for the wire.
"""

import asyncio
import contextlib

import grpc
import grpc.aio

from okg.context import Context
from okg.errors import ConfigError
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.listener import parse_address
from okg.scaler.service import ScalerService
from okg.telemetry.logging import BoundLogger

GRACE_SECONDS = 2.0
"""How long answers under way have at the end."""

MAX_REQUESTS = 1024
"""Requests and streams at the same time; more are refused, so that strangers cost no memory."""

MAX_REQUEST_BYTES = 256 * 1024

_OPTIONS = (
    # An occupied port is a mistake, not a second server to share with.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    # A client that has vanished holds a stream until somebody asks whether it is there.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


class ExternalScaler:
    """Serves a service over HTTP/2.

    Args:
        address: ``host:port``; without a host all addresses, port 0 takes a free one.
        service: what is served.
        flag: what the user set the address with, for messages.
        certificates: for TLS, the newest pair to each new connection; None for plain text.

    Raises:
        ConfigError: the address makes no sense.
    """

    def __init__(
        self,
        address: str,
        service: ScalerService,
        *,
        flag: str,
        certificates: CertificateWatcher | None = None,
    ) -> None:
        host, port = parse_address(address, flag)
        host = host or "::"
        self._address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._service = service
        self._flag = flag
        self._certificates = certificates
        self._port = 0

    @property
    def port(self) -> int:
        """The port that is served on; 0 before."""
        return self._port

    def run(self, ctx: Context) -> None:
        """Serve until the context is done; requests under way are still answered.

        Raises:
            ConfigError: the address is in use.
        """
        asyncio.run(self._serve(ctx))

    async def _serve(self, ctx: Context) -> None:
        loop, ending = asyncio.get_running_loop(), asyncio.Event()

        def end() -> None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself already
                loop.call_soon_threadsafe(ending.set)

        server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_REQUESTS)
        server.add_generic_rpc_handlers((self._service.handler(),))
        port = self._bind(server, ctx.log)
        await server.start()
        self._port = port
        ctx.on_cancel(end)
        await ending.wait()
        self._service.leave()
        await server.stop(GRACE_SECONDS)

    def _bind(self, server: grpc.aio.Server, log: BoundLogger) -> int:
        try:
            if self._certificates is None:
                return server.add_insecure_port(self._address)
            return server.add_secure_port(self._address, _credentials(self._certificates, log))
        except RuntimeError as error:
            raise ConfigError(
                f"cannot listen on {self._address}; choose another with {self._flag}"
            ) from error


def _credentials(certificates: CertificateWatcher, log: BoundLogger) -> grpc.ServerCredentials:
    """Return credentials that look for another pair of files at each handshake."""

    def newest() -> grpc.ServerCertificateConfiguration:
        certificates.reload(log)
        certificate, key = certificates.pair
        return grpc.ssl_server_certificate_configuration([(key, certificate)])

    return grpc.dynamic_ssl_server_credentials(newest(), newest)
