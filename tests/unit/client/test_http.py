"""The transport on a real socket: credentials, broken streams, errors that say what happened."""

import gzip
import http.server
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from okg.client.connection import Connection, connect
from okg.client.http import Urllib3Transport
from okg.client.request_metrics import RequestMetrics
from okg.client.transport import HttpRequest
from okg.errors import ConfigError, ConnectFailed, StreamBroken, TimedOut

Answer = Callable[["Handler"], None]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Answer
    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        type(self).answer(self)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def start_stream(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class Server:
    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.handler: type[Handler] = type("H", (Handler,), {"seen": self.seen})
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self.http.daemon_threads = False
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def answers(self, answer: Answer) -> None:
        self.handler.answer = staticmethod(answer)

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Generator[Server]:
    server = Server()
    yield server
    server.close()


def _kubeconfig(path: Path, address: str, token: str) -> Path:
    path.write_text(
        f"""
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{address}"}}}}]
users: [{{name: u, user: {{token: "{token}"}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u, namespace: games}}}}]
current-context: x
"""
    )
    return path


@pytest.fixture
def transport(server: Server, tmp_path: Path) -> Generator[Urllib3Transport]:
    path = _kubeconfig(tmp_path / "config", server.address, "first")
    transport = Urllib3Transport(connect(str(path)), user_agent="okg/test")
    yield transport
    transport.close()


GET = HttpRequest(method="GET", path="/api", query={"labelSelector": "a=b,c"})


def test_a_request_carries_credentials_user_agent_and_an_escaped_query(
    server: Server, transport: Urllib3Transport
) -> None:
    server.answers(lambda h: h.reply(200, h.path.encode()))

    answer = transport.send(GET)

    assert (answer.status, answer.body) == (200, b"/api?labelSelector=a%3Db%2Cc")
    assert server.seen[0]["authorization"] == "Bearer first"
    assert server.seen[0]["user-agent"] == "okg/test"
    assert server.seen[0]["accept-encoding"] == "identity"


def test_the_namespace_of_the_context_is_known(transport: Urllib3Transport) -> None:
    assert transport.connection.namespace == "games"


def test_a_rotated_token_is_read_anew_when_the_old_one_is_refused(
    server: Server, transport: Urllib3Transport, tmp_path: Path
) -> None:
    def check(handler: Handler) -> None:
        known = handler.headers["Authorization"] == "Bearer second"
        handler.reply(200 if known else 401, b"{}")

    server.answers(check)
    _kubeconfig(tmp_path / "config", server.address, "second")

    assert transport.send(GET).status == 200
    assert [seen["authorization"] for seen in server.seen] == ["Bearer first", "Bearer second"]


def test_a_refusal_that_stays_is_not_tried_in_a_loop(
    server: Server, transport: Urllib3Transport
) -> None:
    server.answers(lambda h: h.reply(401, b"{}"))

    statuses = [transport.send(GET).status, transport.send(GET).status]

    assert statuses == [401, 401]
    assert len(server.seen) == 3


def test_nobody_there_is_one_error_that_names_the_request(tmp_path: Path) -> None:
    path = _kubeconfig(tmp_path / "config", "http://127.0.0.1:1", "t")
    transport = Urllib3Transport(connect(str(path)))

    with pytest.raises(ConnectFailed, match=r"GET /api: cannot reach .*Connection refused"):
        transport.send(GET)


def test_silence_is_a_timeout(server: Server, transport: Urllib3Transport) -> None:
    release = threading.Event()

    def late(handler: Handler) -> None:
        release.wait()
        handler.close_connection = True

    server.answers(late)

    with pytest.raises(TimedOut, match="no answer in time"):
        transport.send(HttpRequest(method="POST", path="/api", timeout=0.05))
    release.set()


def test_a_stream_yields_what_arrives_and_ends_with_the_last_chunk(
    server: Server, transport: Urllib3Transport
) -> None:
    def stream(handler: Handler) -> None:
        handler.start_stream()
        handler.chunk(b"one\n")
        handler.chunk(b"two\n")
        handler.chunk(b"")

    server.answers(stream)

    assert list(transport.stream(GET)) == [b"one\n", b"two\n"]


def test_a_stream_cut_in_the_middle_is_broken(server: Server, transport: Urllib3Transport) -> None:
    def cut(handler: Handler) -> None:
        handler.start_stream()
        handler.chunk(b"one\n")
        handler.wfile.write(b"ff\r\nhalf")
        handler.close_connection = True

    server.answers(cut)
    pieces: list[bytes] = []

    with pytest.raises(StreamBroken, match="GET /api: the stream broke"):
        pieces.extend(transport.stream(GET))


def test_a_compressed_stream_is_unpacked(server: Server, transport: Urllib3Transport) -> None:
    def compressed(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.chunk(gzip.compress(b"one\n"))
        handler.chunk(b"")

    server.answers(compressed)

    assert b"".join(transport.stream(GET)) == b"one\n"


def test_closing_a_silent_stream_wakes_its_reader(
    server: Server, transport: Urllib3Transport
) -> None:
    release = threading.Event()

    def half_open(handler: Handler) -> None:
        handler.start_stream()
        handler.chunk(b"one\n")
        release.wait()

    server.answers(half_open)
    stream = transport.stream(GET)
    pieces: list[bytes] = []
    first = threading.Event()

    def read() -> None:
        for piece in stream:
            pieces.append(piece)
            first.set()

    reader = threading.Thread(target=read)
    reader.start()
    first.wait()
    stream.close()
    reader.join(timeout=5)
    release.set()

    assert not reader.is_alive()
    assert pieces == [b"one\n"]


def test_a_stream_closed_before_it_is_read_gives_its_socket_back(
    server: Server, transport: Urllib3Transport
) -> None:
    hung_up = threading.Event()
    server.answers(lambda handler: _stream_until_hung_up(handler, hung_up))

    stream = transport.stream(GET)
    stream.close()

    assert list(stream) == []
    assert hung_up.wait(timeout=5)


def _stream_until_hung_up(handler: Handler, hung_up: threading.Event) -> None:
    handler.start_stream()
    while handler.rfile.read(1):
        pass
    handler.close_connection = True
    hung_up.set()


def test_requests_are_counted_under_client_gos_names(server: Server, tmp_path: Path) -> None:
    registry = CollectorRegistry()
    path = _kubeconfig(tmp_path / "config", server.address, "t")
    transport = Urllib3Transport(connect(str(path)), metrics=RequestMetrics(registry))
    server.answers(lambda h: h.reply(404, b"{}"))

    transport.send(GET)

    host = server.address.removeprefix("http://")
    line = f'rest_client_requests_total{{code="404",host="{host}",method="GET"}} 1.0'
    assert line in generate_latest(registry).decode()


def test_a_missing_kubeconfig_says_what_to_correct(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist: correct --kubeconfig or KUBECONFIG"):
        connect(str(tmp_path / "none"))


def test_a_broken_kubeconfig_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("kind: Config")

    with pytest.raises(ConfigError, match=r"kubeconfig .* cannot be used"):
        connect(str(tmp_path / "config"))


def test_an_exec_plugin_gives_the_token(server: Server, tmp_path: Path) -> None:
    credential = (
        '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        '"status":{"token":"from-plugin"}}'
    )
    (tmp_path / "config").write_text(
        f"""
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{server.address}"}}}}]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: echo
      args: ['{credential}']
      interactiveMode: Never
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""
    )
    server.answers(lambda h: h.reply(200, b"{}"))

    Urllib3Transport(connect(str(tmp_path / "config"))).send(GET)

    assert server.seen[0]["authorization"] == "Bearer from-plugin"


def test_a_connection_can_be_made_from_any_configuration(server: Server) -> None:
    from kubernetes import client  # noqa: PLC0415

    def load() -> client.Configuration:
        configuration = client.Configuration()
        configuration.host = server.address
        return configuration

    server.answers(lambda h: h.reply(200, b"{}"))

    assert Urllib3Transport(Connection(load)).send(GET).status == 200
