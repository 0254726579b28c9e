"""Channels: what a command in a container sends us over a WebSocket. Pure; no socket, no clock.

Every message of the subprotocols ``v4.channel.k8s.io`` and ``v5.channel.k8s.io`` begins with the
number of its channel. Both servers may open each channel with a message that has nothing after it.
"""

from collections.abc import Mapping

from wsproto.connection import CLIENT, Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
"""Ours, the best first; without stdin they are the same to us."""

OUTPUT_LIMIT = 10 * 1024
"""Bytes kept of each output; the kubelet keeps as many of a probe's."""

_STDOUT, _STDERR, _STATUS = 1, 2, 3
_STATUS_LIMIT = 64 * 1024


class Channels:
    """Sorts what arrives into two outputs and the Status that ends them.

    Attributes:
        stdout: the first ``OUTPUT_LIMIT`` bytes of it.
        stderr: likewise.
        status: how the command ended, JSON; None until the server has said so.
        closed: whether the server will send nothing more.
    """

    def __init__(self) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.status: bytes | None = None
        self.closed = False
        self._connection = Connection(CLIENT)
        self._status = bytearray()
        self._kept: Mapping[int, tuple[bytearray, int]] = {
            _STDOUT: (self.stdout, OUTPUT_LIMIT),
            _STDERR: (self.stderr, OUTPUT_LIMIT),
            _STATUS: (self._status, _STATUS_LIMIT),
        }
        self._channel: int | None = None

    def receive(self, data: bytes) -> bytes:
        """Take what a socket has received, nothing at its end; return what to answer."""
        self._connection.receive_data(data or None)
        answers: list[bytes] = []
        for event in self._connection.events():
            answers.append(self._take(event))
            if self.closed or self.status is not None:
                break
        return b"".join(answers)

    def _take(self, event: Event) -> bytes:
        if isinstance(event, BytesMessage):
            self._keep(event)
        elif isinstance(event, Ping):
            return self._connection.send(event.response())
        elif isinstance(event, CloseConnection):  # the server's, or our parser's about junk
            self.closed = True
        return b""

    def _keep(self, piece: BytesMessage) -> None:
        """Keep a piece of a message; only its first one names the channel."""
        data = bytes(piece.data)
        if self._channel is None and data:
            self._channel, data = data[0], data[1:]
        if self._channel is not None and self._channel in self._kept:
            kept, limit = self._kept[self._channel]
            kept += data[: limit - len(kept)]
        if piece.message_finished:
            self._channel = None
            self.status = bytes(self._status) or None
