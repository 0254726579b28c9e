"""Commands in containers, against a WebSocket server of our own on a real socket."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from wsproto.connection import SERVER, Connection
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong
from wsproto.utilities import generate_accept_token

from okg.client.connection import connect
from okg.client.execute import ExecResult, PodExecutor
from okg.client.http import Urllib3Duplex, Urllib3Transport
from okg.client.transport import Duplex, HttpRequest
from okg.context import Context
from okg.errors import (
    ApiError,
    BadRequest,
    Cancelled,
    ConnectFailed,
    ExecTimedOut,
    Forbidden,
    NotFound,
    ServerError,
    StreamBroken,
    TimedOut,
)
from okg.testing.clock import FakeClock

STDOUT, STDERR, STATUS = 1, 2, 3
V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
SUCCESS = b'{"metadata":{},"status":"Success"}'


class Peer:
    """The API server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.frames = Connection(SERVER)
        self.target = ""
        self.headers: dict[str, str] = {}

    def read_request(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(65536)
        line, *fields = head.decode().split("\r\n")[:-2]
        self.target = line.split(" ")[1]
        self.headers = {
            name.lower(): value for name, _, value in (field.partition(": ") for field in fields)
        }

    def reply(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.socket.sendall(
            f"HTTP/1.1 {status} Told\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def upgrade(self, protocol: str = V5, *, key: str = "", follow: bytes = b"") -> None:
        accept = generate_accept_token((key or self.headers["sec-websocket-key"]).encode())
        self.socket.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: "
            + accept
            + f"\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
            + follow
        )

    def frame(self, channel: int, data: bytes) -> bytes:
        return self.frames.send(BytesMessage(bytes([channel]) + data))

    def send(self, channel: int, data: bytes) -> None:
        self.socket.sendall(self.frame(channel, data))

    def next_event(self) -> Event:
        self.frames.receive_data(self.socket.recv(65536))
        return next(self.frames.events())

    def until_hung_up(self) -> None:
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(65536):
                pass


class Server:
    """Plays one script, connection by connection."""

    def __init__(self) -> None:
        self.script: Callable[[Peer], None]
        self.peers: list[Peer] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def plays(self, script: Callable[[Peer], None]) -> None:
        self.script = script

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, contextlib.suppress(ConnectionError):
                    connection.settimeout(10)
                    peer = Peer(connection)
                    self.peers.append(peer)
                    peer.read_request()
                    self.script(peer)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()


class Line:
    """A connection over which the same comes for ever, once a second; no socket."""

    def __init__(self, said: bytes, clock: FakeClock) -> None:
        self.headers: Mapping[str, str] = {}
        self.said = said
        self.clock = clock
        self.waits: list[float] = []
        self.closed = False

    def upgrade(self, request: HttpRequest) -> Duplex:
        key = request.headers["sec-websocket-key"].encode()
        accept = generate_accept_token(key).decode()
        self.headers = {"sec-websocket-accept": accept, "sec-websocket-protocol": V5}
        return self

    def receive(self, timeout: float) -> bytes:
        self.waits.append(timeout)
        self.clock.advance(1)
        return self.said

    def send(self, data: bytes) -> None:
        raise AssertionError("there is nothing to say")

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def server() -> Generator[Server]:
    server = Server()
    yield server
    server.close()


def write_kubeconfig(path: Path, address: str, token: str) -> Path:
    path.write_text(
        f"""
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{address}"}}}}]
users: [{{name: u, user: {{token: "{token}"}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""
    )
    return path


@pytest.fixture
def transport(server: Server, tmp_path: Path) -> Generator[Urllib3Transport]:
    path = write_kubeconfig(tmp_path / "config", server.address, "first")
    transport = Urllib3Transport(connect(str(path)))
    yield transport
    transport.close()


@pytest.fixture
def executor(transport: Urllib3Transport) -> PodExecutor:
    return PodExecutor(transport)


def run(
    executor: PodExecutor, *command: str, timeout: float = 10.0, ctx: Context | None = None
) -> ExecResult:
    return executor.run(ctx or Context(), "games", "lobby-0", "game", command, timeout=timeout)


def test_a_command_that_succeeds_leaves_its_output(server: Server, executor: PodExecutor) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STDOUT, b"")
        peer.send(STDERR, b"")
        peer.send(STATUS, b"")
        peer.send(STDOUT, b"id")
        peer.send(STDERR, b"warned")
        peer.send(STDOUT, b"le\n")
        peer.send(STATUS, SUCCESS)
        peer.until_hung_up()

    server.plays(script)

    assert run(executor, "cat", "/state") == ExecResult(0, b"idle\n", b"warned")


def test_the_request_names_container_command_and_protocols(
    server: Server, executor: PodExecutor
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STATUS, SUCCESS)

    server.plays(script)

    run(executor, "sh", "-c", "a&b=c d")

    [peer] = server.peers
    target = urlsplit(peer.target)
    assert target.path == "/api/v1/namespaces/games/pods/lobby-0/exec"
    assert parse_qs(target.query) == {
        "command": ["sh", "-c", "a&b=c d"],
        "container": ["game"],
        "stdout": ["true"],
        "stderr": ["true"],
    }
    assert peer.headers["sec-websocket-protocol"] == "v5.channel.k8s.io, v4.channel.k8s.io"
    assert peer.headers["upgrade"] == "websocket"
    assert peer.headers["connection"] == "Upgrade"
    assert peer.headers["authorization"] == "Bearer first"


def test_what_comes_in_one_packet_with_the_upgrade_is_not_lost(
    server: Server, executor: PodExecutor
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade(follow=peer.frame(STDOUT, b"quick") + peer.frame(STATUS, SUCCESS))
        peer.until_hung_up()

    server.plays(script)

    assert run(executor, "true") == ExecResult(0, b"quick")


def test_a_server_that_knows_only_the_older_protocol_will_do(
    server: Server, executor: PodExecutor
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade(V4)
        peer.send(STATUS, SUCCESS)

    server.plays(script)

    assert run(executor, "true") == ExecResult(0)


def test_a_command_that_fails_leaves_its_exit_code(server: Server, executor: PodExecutor) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STDERR, b"not ready\n")
        peer.send(
            STATUS,
            b'{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with'
            b' exit code 3","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}',
        )

    server.plays(script)

    assert run(executor, "ready") == ExecResult(3, b"", b"not ready\n")


@pytest.mark.parametrize(
    "status",
    [
        b'{"status":"Failure","reason":"InternalError","message":"no such program","code":500}',
        b'{"status":"Failure","message":"no such program"}',
        b'{"status":"Failure","reason":"NonZeroExitCode","message":"no such program"}',
        b'{"status":"Failure","reason":"NonZeroExitCode","message":"no such program","details":{}}',
        b'{"status":"Failure","reason":"NonZeroExitCode","message":"no such program",\
"details":{"causes":[{"reason":"ExitCode","message":"unknown"}]}}',
    ],
)
def test_a_command_that_could_not_run_is_an_error_in_the_servers_words(
    server: Server, executor: PodExecutor, status: bytes
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STATUS, status)

    server.plays(script)

    with pytest.raises(ServerError, match="no such program"):
        run(executor, "nosuch")


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, BadRequest), (403, Forbidden), (404, NotFound), (500, ServerError)],
)
def test_a_refusal_is_the_error_of_its_status(
    server: Server, executor: PodExecutor, status: int, error: type[ApiError]
) -> None:
    body = f'{{"status":"Failure","reason":"Told","message":"for a reason","code":{status}}}'
    server.plays(lambda peer: peer.reply(status, body.encode()))

    with pytest.raises(error) as caught:
        run(executor, "true")

    assert (caught.value.status, caught.value.reason) == (status, "Told")
    assert caught.value.message == "for a reason"
    assert caught.value.request_line == "GET /api/v1/namespaces/games/pods/lobby-0/exec"


def test_a_refusal_in_plain_text_becomes_the_message(server: Server, executor: PodExecutor) -> None:
    server.plays(lambda peer: peer.reply(502, b"no route to the node\n", "text/plain"))

    with pytest.raises(ServerError) as caught:
        run(executor, "true")

    assert (caught.value.status, caught.value.message) == (502, "no route to the node")


def test_an_answer_without_an_upgrade_points_at_a_proxy(
    server: Server, executor: PodExecutor
) -> None:
    server.plays(lambda peer: peer.reply(200, b"welcome", "text/html"))

    with pytest.raises(StreamBroken, match="answered 200 and no WebSocket: does a proxy"):
        run(executor, "true")


def test_an_answer_to_another_handshake_is_refused(server: Server, executor: PodExecutor) -> None:
    server.plays(lambda peer: peer.upgrade(key="AAAAAAAAAAAAAAAAAAAAAA=="))

    with pytest.raises(StreamBroken, match="not the one to our WebSocket request"):
        run(executor, "true")


def test_a_protocol_that_was_not_offered_is_refused(server: Server, executor: PodExecutor) -> None:
    server.plays(lambda peer: peer.upgrade("channel.k8s.io"))

    with pytest.raises(StreamBroken, match=r"speaks neither of v5\.channel\.k8s\.io, v4\.channel"):
        run(executor, "true")


def test_a_token_that_was_replaced_is_read_anew(
    server: Server, executor: PodExecutor, tmp_path: Path
) -> None:
    def script(peer: Peer) -> None:
        if peer.headers["authorization"] == "Bearer first":
            peer.reply(401, b"{}")
        else:
            peer.upgrade()
            peer.send(STATUS, SUCCESS)

    server.plays(script)
    write_kubeconfig(tmp_path / "config", server.address, "second")

    assert run(executor, "true") == ExecResult(0)
    assert len(server.peers) == 2


def test_a_connection_cut_before_the_end_is_broken(server: Server, executor: PodExecutor) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STDOUT, b"half")

    server.plays(script)

    with pytest.raises(StreamBroken, match="ended before the command did"):
        run(executor, "true")


def test_a_connection_closed_in_order_before_the_end_is_broken(
    server: Server, executor: PodExecutor
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.socket.sendall(peer.frames.send(CloseConnection(1011, "going away")))
        peer.until_hung_up()

    server.plays(script)

    with pytest.raises(StreamBroken, match="ended before the command did"):
        run(executor, "true")


def test_junk_is_a_broken_stream(server: Server, executor: PodExecutor) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade(follow=b"\xff" * 64)
        peer.until_hung_up()

    server.plays(script)

    with pytest.raises(StreamBroken, match="ended before the command did"):
        run(executor, "true")


def test_a_status_that_cannot_be_read_is_a_broken_stream(
    server: Server, executor: PodExecutor
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STATUS, b"command terminated")

    server.plays(script)

    with pytest.raises(StreamBroken, match="cannot read how the command ended"):
        run(executor, "true")


def test_nobody_there_is_an_error_that_names_the_request(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1", "t")

    with pytest.raises(ConnectFailed, match="lobby-0/exec: cannot reach the API server"):
        run(PodExecutor(Urllib3Transport(connect(str(path)))), "true")


def test_a_silent_command_is_given_up_and_its_connection_closed(
    server: Server, executor: PodExecutor
) -> None:
    hung_up = threading.Event()

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.until_hung_up()
        hung_up.set()

    server.plays(script)

    with pytest.raises(ExecTimedOut, match=r"sleep in lobby-0/game: not finished after 0\.1 s"):
        run(executor, "sleep", "30", timeout=0.1)
    assert hung_up.wait(timeout=5)


def test_a_command_that_never_stops_talking_is_given_up() -> None:
    clock = FakeClock()
    line = Line(Connection(SERVER).send(BytesMessage(b"\x01y\n")), clock)

    with pytest.raises(ExecTimedOut):
        run(PodExecutor(line), "yes", timeout=3, ctx=Context(clock=clock))

    assert line.waits == [3, 2, 1]
    assert line.closed


def test_a_stream_waits_no_longer_than_it_is_told_and_can_be_closed(
    server: Server, transport: Urllib3Transport
) -> None:
    hung_up = threading.Event()

    def script(peer: Peer) -> None:
        peer.upgrade(key="any")
        peer.until_hung_up()
        hung_up.set()

    server.plays(script)
    started = time.monotonic()
    stream = transport.upgrade(HttpRequest(method="GET", path="/", timeout=8))
    assert isinstance(stream, Urllib3Duplex)

    with pytest.raises(TimedOut):
        stream.receive(0.05)

    assert time.monotonic() - started < 4
    stream.close()
    assert hung_up.wait(timeout=5)


def test_a_server_that_takes_no_connection_is_given_up_in_time(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        host, port = listener.getsockname()
        waiting = stack.enter_context(socket.create_connection((host, port)))
        path = write_kubeconfig(tmp_path / "config", f"http://{host}:{port}", "t")
        started = time.monotonic()

        with pytest.raises(TimedOut):
            run(PodExecutor(Urllib3Transport(connect(str(path)))), "true", timeout=0.2)

        assert time.monotonic() - started < 5
        waiting.close()


def test_a_server_that_does_not_answer_at_all_is_no_fault_of_the_command(
    server: Server, executor: PodExecutor
) -> None:
    server.plays(Peer.until_hung_up)

    with pytest.raises(TimedOut, match="no answer in time"):
        run(executor, "true", timeout=0.1)


def test_more_output_than_is_kept_does_not_keep_the_command_from_ending(
    server: Server, executor: PodExecutor
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STDOUT, b"o" * 300_000)
        peer.send(STDERR, b"e" * 300_000)
        peer.send(STATUS, SUCCESS)

    server.plays(script)

    assert run(executor, "noisy") == ExecResult(0, b"o" * 10_240, b"e" * 10_240)


def test_a_ping_is_answered(server: Server, executor: PodExecutor) -> None:
    answers: list[Event] = []

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.socket.sendall(peer.frames.send(Ping(b"alive?")))
        answers.append(peer.next_event())
        peer.send(STATUS, SUCCESS)

    server.plays(script)

    assert run(executor, "true") == ExecResult(0)
    assert answers == [Pong(b"alive?")]


def test_a_context_that_ends_ends_the_command_at_once(
    server: Server, executor: PodExecutor
) -> None:
    ctx = Context()

    def script(peer: Peer) -> None:
        peer.upgrade()
        ctx.cancel()
        peer.until_hung_up()

    server.plays(script)

    started = time.monotonic()

    with pytest.raises(Cancelled):
        run(executor, "sleep", "30", timeout=60, ctx=ctx)

    assert time.monotonic() - started < 5


def test_the_deadline_of_the_context_is_its_own_and_not_the_commands(
    server: Server, executor: PodExecutor
) -> None:
    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.until_hung_up()

    server.plays(script)

    with Context().deadline(0.1) as ctx, pytest.raises(Cancelled):
        run(executor, "sleep", "30", timeout=60, ctx=ctx)


def test_nothing_is_sent_for_a_context_that_has_ended(
    server: Server, executor: PodExecutor
) -> None:
    ctx = Context()
    ctx.cancel()

    with pytest.raises(Cancelled):
        run(executor, "true", ctx=ctx)

    assert server.peers == []


def test_a_finished_command_gives_its_connection_back(
    server: Server, executor: PodExecutor
) -> None:
    hung_up = threading.Event()

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(STATUS, SUCCESS)
        peer.until_hung_up()
        hung_up.set()

    server.plays(script)

    run(executor, "true")

    assert hung_up.wait(timeout=5)
