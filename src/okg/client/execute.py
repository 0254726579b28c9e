"""PodExecutor: runs a command in a container, through the API server.

A call is a connection that becomes a WebSocket, and blocks its thread. The transport opens it, so
that address, credentials, certificates and proxies are those of every other request; wsproto reads
the frames; the clock is ours.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing

import msgspec
from wsproto.utilities import generate_accept_token, generate_nonce

from okg.api.core import Pod
from okg.client.channels import PROTOCOLS, Channels
from okg.client.status import status_error
from okg.client.transport import Duplex, HttpRequest, HttpResponse, Upgrader
from okg.context import Context
from okg.errors import ExecTimedOut, StatusCause, StreamBroken, TimedOut, TransportError

_FIRST_FAILURE = 400


class ExecResult(msgspec.Struct, frozen=True):
    """What a command left.

    Attributes:
        exit_code: 0 for success.
        stdout: the first 10 KiB of its output.
        stderr: likewise.
    """

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""


class _Details(msgspec.Struct, frozen=True):
    causes: tuple[StatusCause, ...] = ()


class _Outcome(msgspec.Struct, frozen=True):
    """The Status at the end of a command, as far as it says how the command ended."""

    status: str = ""
    reason: str = ""
    details: _Details | None = None


class PodExecutor:
    """Runs commands in containers. Safe for use from many threads; keeps nothing between calls.

    The API server does not limit these requests, so the caller has to. Needs the verbs get and
    create on ``pods/exec``.

    Args:
        transport: opens the connections.
    """

    def __init__(self, transport: Upgrader) -> None:
        self._transport = transport

    def run(
        self,
        ctx: Context,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        timeout: float,
    ) -> ExecResult:
        """Run a command, no shell implied, without input; return what it left.

        Args:
            ctx: ends the call early.
            namespace: of the pod.
            pod: its name.
            container: its name.
            command: the program and its arguments.
            timeout: seconds for everything, the connection included.

        Raises:
            ExecTimedOut: the server took the command on, and it had not ended in time. It goes on
                in the container: nobody stops it.
            ApiError: it did not run: there is no such pod or container, the container is not
                running, there is no such program, or we may not.
            TransportError: nobody knows: no answer, or one that ended before the command.
            Cancelled: the context ended.
        """
        with ctx.deadline(timeout) as limited:
            request = _ask(namespace, pod, container, command, limited.remaining())
            with closing(self._upgrade(ctx, request)) as duplex:
                limited.on_cancel(duplex.interrupt)
                _check_handshake(duplex.headers, request)
                try:
                    channels = _converse(limited, duplex, request.line)
                except TimedOut as error:
                    ctx.check()
                    raise ExecTimedOut(f"{command[0]} in {pod}/{container}", timeout) from error
                except TransportError:
                    ctx.check()
                    raise
        return _result(channels, request.line)

    def _upgrade(self, ctx: Context, request: HttpRequest) -> Duplex:
        ctx.check()
        answer = self._transport.upgrade(request)
        if not isinstance(answer, HttpResponse):
            return answer
        if answer.status < _FIRST_FAILURE:
            raise StreamBroken(
                f"{request.line}: answered {answer.status} and no WebSocket: does a proxy lie"
                " between us and the API server that knows none?"
            )
        raise status_error(
            answer.body, status=answer.status, headers=answer.headers, request_line=request.line
        )


def _ask(
    namespace: str, pod: str, container: str, command: Sequence[str], timeout: float | None
) -> HttpRequest:
    """Return the request that starts a command and opens a WebSocket (RFC 6455, 4.1)."""
    return HttpRequest(
        method="GET",
        path=Pod.resource_type.path(namespace, pod, "exec"),
        query={"container": container, "stdout": "true", "stderr": "true"},
        lists={"command": command},
        headers={
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": generate_nonce().decode(),
            "sec-websocket-protocol": ", ".join(PROTOCOLS),
        },
        timeout=timeout,
    )


def _check_handshake(headers: Mapping[str, str], request: HttpRequest) -> None:
    """Raise StreamBroken unless the server has read our request and speaks one of our protocols."""
    key = request.headers["sec-websocket-key"].encode()
    if headers.get("sec-websocket-accept", "").encode() != generate_accept_token(key):
        raise StreamBroken(f"{request.line}: the answer is not the one to our WebSocket request")
    if headers.get("sec-websocket-protocol") not in PROTOCOLS:
        raise StreamBroken(f"{request.line}: the server speaks neither of {', '.join(PROTOCOLS)}")


def _converse(ctx: Context, duplex: Duplex, line: str) -> Channels:
    """Read until the command has ended."""
    channels = Channels()
    while channels.status is None:
        if channels.closed:
            raise StreamBroken(f"{line}: the connection ended before the command did")
        left = ctx.remaining()
        if not left:  # the output alone would keep us busy
            raise TimedOut(f"{line}: no end in time")
        if answer := channels.receive(duplex.receive(left)):
            duplex.send(answer)
    return channels


def _result(channels: Channels, line: str) -> ExecResult:
    """Return how the command ended; raise ApiError when it did not run."""
    status = channels.status or b""
    try:
        outcome = msgspec.json.decode(status, type=_Outcome)
    except msgspec.MsgspecError as error:
        raise StreamBroken(f"{line}: cannot read how the command ended: {error}") from error
    code = _exit_code(outcome)
    if code is None:
        raise status_error(status, request_line=line)
    return ExecResult(code, bytes(channels.stdout), bytes(channels.stderr))


def _exit_code(outcome: _Outcome) -> int | None:
    if outcome.status == "Success":
        return 0
    if outcome.reason != "NonZeroExitCode" or outcome.details is None:
        return None
    codes = [cause.message for cause in outcome.details.causes if cause.reason == "ExitCode"]
    return int(codes[0]) if codes and codes[0].isdecimal() else None
