"""Impatient: a transport for those who must not wait long."""

from msgspec.structs import replace

from okg.client.transport import HttpRequest, HttpResponse, HttpStream, Transport


class Impatient:
    """A Transport whose requests wait for an answer no longer than ``timeout`` seconds.

    For threads that one dead connection must not hold up: the election with its renew deadline,
    the recorder with its stop.
    """

    def __init__(self, transport: Transport, timeout: float) -> None:
        self._transport = transport
        self._timeout = timeout

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send with our timeout."""
        return self._transport.send(replace(request, timeout=self._timeout))

    def stream(self, request: HttpRequest) -> HttpStream:
        """Pass streams on as they are."""
        return self._transport.stream(request)

    def close(self) -> None:
        """Leave the shared connections alone."""
