"""CertificateWatcher: a serving certificate that may be replaced while it is in use.

Each pair gets a TLS context of its own, and the contexts are swapped whole: a connection lives
with the one it started with, and a pair that does not load changes nothing. Files are compared by
content, because a mounted Secret changes by a swap of symbolic links. The lock guards one
reference.
"""

import ssl
import threading
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from okg.context import Context
from okg.errors import ConfigError
from okg.telemetry.logging import BoundLogger

POLL_SECONDS = 1.0

CERTIFICATE = "tls.crt"
KEY = "tls.key"
"""File names of a Secret of type kubernetes.io/tls."""


class CertificateWatcher:
    """Serves the newest pair in a directory that loads.

    Args:
        directory: holds ``tls.crt`` and ``tls.key``.
        flag: what the user set the directory with, for messages.
        registry: gets controller-runtime's ``certwatcher_*`` counters.

    Raises:
        ConfigError: there is no pair, or it does not load.
    """

    def __init__(
        self,
        directory: Path,
        *,
        flag: str = "--webhook-server-certs-dir",
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._certificate = directory / CERTIFICATE
        self._key = directory / KEY
        self._loads = Counter(
            "certwatcher_read_certificate", "Certificate reads.", registry=registry
        )
        self._failures = Counter(
            "certwatcher_read_certificate_errors",
            "Certificate reads that failed.",
            registry=registry,
        )
        self._lock = threading.Lock()
        try:
            self._seen = self._read()
            self._context = self._load()
            self._pair = self._seen
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"no usable certificate in {directory}: {error}; put a pair of {CERTIFICATE} and"
                f" {KEY} there, or name another directory with {flag}"
            ) from error

    @property
    def context(self) -> ssl.SSLContext:
        """What new connections are to use."""
        with self._lock:
            return self._context

    @property
    def pair(self) -> tuple[bytes, bytes]:
        """Certificate and key that new connections are to use, for servers with a TLS of their own.

        PEM.
        """
        with self._lock:
            return self._pair

    def run(self, ctx: Context) -> None:
        """Look for another pair each second until the context is done."""
        while ctx.sleep(POLL_SECONDS):
            self.reload(ctx.log)

    def reload(self, log: BoundLogger) -> None:
        """Use the pair in the directory if it is another and loads; else keep ours.

        A pair that did not load is not tried again until it changes.
        """
        try:
            seen = self._read()
            if seen == self._seen:
                return
            # Read before it is loaded: what changes in between is another change.
            self._seen = seen
            context = self._load()
        except (OSError, ValueError) as error:
            log.warning(
                "cannot load the new certificate, keeping the old one",
                path=str(self._certificate),
                error=str(error),
            )
            return
        with self._lock:
            self._context, self._pair = context, seen
        log.info("serving with a new certificate", path=str(self._certificate))

    def _read(self) -> tuple[bytes, bytes]:
        return self._certificate.read_bytes(), self._key.read_bytes()

    def _load(self) -> ssl.SSLContext:
        self._loads.inc()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            # With an empty password an encrypted key fails instead of asking on the terminal.
            context.load_cert_chain(self._certificate, self._key, password="")
        except (OSError, ValueError):
            self._failures.inc()
            raise
        return context
