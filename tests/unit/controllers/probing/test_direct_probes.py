"""Probes over TCP and HTTP, on real sockets of this machine."""

import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from okg.context import Context
from okg.controllers.probing.direct import probe_http, probe_tcp
from okg.testing.certificates import Authority
from okg.workload.native.probing.book import Outcome
from okg.workload.native.probing.probe import HttpAction, HttpHeader

HERE = "127.0.0.1"

Answer = Callable[["Handler"], None]


class Handler(http.server.BaseHTTPRequestHandler):
    answer: Answer
    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.path, headers))
        type(self).answer(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def reply(self, status: int, body: bytes = b"", location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


class Game:
    """A game server of one machine."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.handler: type[Handler] = type("H", (Handler,), {"seen": self.seen})
        self.http = http.server.ThreadingHTTPServer((HERE, 0), self.handler)
        self.http.daemon_threads = False
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.http.server_address[1])

    def answers(self, answer: Answer) -> None:
        self.handler.answer = staticmethod(answer)

    def ask(self, path: str = "/", *headers: HttpHeader, scheme: str = "HTTP") -> Outcome:
        action = HttpAction(self.port, path, scheme, headers)
        return probe_http(Context(), HERE, self.port, action, 5)

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def game() -> Generator[Game]:
    game = Game()
    yield game
    game.close()


@pytest.fixture
def mute() -> Generator[socket.socket]:
    """A port that takes connections and says nothing."""
    with socket.create_server((HERE, 0)) as listening:
        yield listening


def served_pair(folder: Path) -> tuple[Path, Path]:
    """Return the files of a certificate of an authority that nobody knows."""
    pair = Authority("nobody").issue_server(["game.example"])
    (folder / "tls.crt").write_bytes(pair.public)
    (folder / "tls.key").write_bytes(pair.private)
    return folder / "tls.crt", folder / "tls.key"


def closed_port() -> int:
    with socket.create_server((HERE, 0)) as listening:
        return int(listening.getsockname()[1])


def test_an_open_port_is_a_success() -> None:
    with socket.create_server((HERE, 0)) as listening:
        assert probe_tcp(Context(), HERE, listening.getsockname()[1], 5) == Outcome(ok=True)


def test_a_closed_port_is_a_failure() -> None:
    port = closed_port()

    assert probe_tcp(Context(), HERE, port, 5) == Outcome(
        ok=False, message=f"connect to 127.0.0.1:{port}: Connection refused"
    )


def test_an_address_may_be_of_either_kind() -> None:
    outcome = probe_tcp(Context(), "::1", closed_port(), 5)

    assert outcome.ok is False
    assert outcome.message.startswith("connect to [::1]:")


@pytest.mark.parametrize("status", [200, 204, 304, 399])
def test_good_codes(game: Game, status: int) -> None:
    game.answers(lambda handler: handler.reply(status))

    assert game.ask() == Outcome(ok=True)


@pytest.mark.parametrize("status", [400, 404, 500])
def test_bad_codes(game: Game, status: int) -> None:
    game.answers(lambda handler: handler.reply(status, b"sorry"))

    assert game.ask() == Outcome(ok=False, message=f"HTTP probe failed with statuscode: {status}")


def test_the_message_is_the_body_as_far_as_it_is_read(game: Game) -> None:
    game.answers(lambda handler: handler.reply(200, b"\xff" + b"x" * 20_000))

    outcome = game.ask()

    assert outcome.ok is True
    assert outcome.message == "�" + "x" * (10 * 1024 - 1)


def test_headers_are_a_kubelets(game: Game) -> None:
    game.answers(lambda handler: handler.reply(200))

    game.ask("/state?full=1#part")

    assert game.seen == [
        (
            "/state?full=1",
            {
                "host": f"127.0.0.1:{game.port}",
                "user-agent": "kube-probe",
                "accept": "*/*",
                "connection": "close",
            },
        )
    ]


def test_users_set_headers_and_take_them_out(game: Game) -> None:
    game.answers(lambda handler: handler.reply(200))

    game.ask(
        "healthz",
        HttpHeader("Host", "game.example"),
        HttpHeader("Accept", ""),
        HttpHeader("User-Agent", "me"),
        HttpHeader("X-Game", "1"),
    )

    assert game.seen == [
        (
            "/healthz",
            {"host": "game.example", "user-agent": "me", "x-game": "1", "connection": "close"},
        )
    ]


def test_a_path_may_hold_anything(game: Game) -> None:
    game.answers(lambda handler: handler.reply(200))

    assert game.ask("/a b/é?x=%20").ok is True
    assert game.seen[0][0] == "/a%20b/%C3%A9?x=%20"


def test_a_header_that_cannot_be_sent_is_no_failure_of_the_game(game: Game) -> None:
    outcome = game.ask("/", HttpHeader("X-Game", "a\r\nb"))

    assert outcome.ok is None
    assert "cannot be asked for" in outcome.message


def test_a_redirect_within_the_pod_is_followed(game: Game) -> None:
    game.answers(
        lambda handler: (
            handler.reply(200, b"there")
            if handler.path == "/b?c=1"
            else handler.reply(302, b"", "/b?c=1")
        )
    )

    assert game.ask("/a") == Outcome(ok=True, message="there")


@pytest.mark.parametrize("location", ["http://game.example/", "ftp://127.0.0.1/", ""])
def test_a_redirect_to_somewhere_else_is_a_success_and_not_followed(
    game: Game, location: str
) -> None:
    game.answers(lambda handler: handler.reply(302, b"moved", location))

    assert game.ask() == Outcome(ok=True, message="moved")
    assert len(game.seen) == 1


def test_a_redirect_without_end_is_a_failure(game: Game) -> None:
    game.answers(lambda handler: handler.reply(301, b"", "/"))

    outcome = game.ask()

    assert outcome.ok is False
    assert outcome.message.endswith("stopped after 10 redirects")
    assert len(game.seen) == 11


def test_a_server_that_is_not_there_is_a_failure() -> None:
    port = closed_port()

    outcome = probe_http(Context(), HERE, port, HttpAction(port), 5)

    assert outcome == Outcome(
        ok=False, message=f'Get "http://127.0.0.1:{port}/": Connection refused'
    )


def test_a_server_that_says_nothing_is_a_failure_in_time(mute: socket.socket) -> None:
    port = mute.getsockname()[1]

    outcome = probe_http(Context(), HERE, port, HttpAction(port), 0.1)

    assert outcome == Outcome(
        ok=False, message=f'Get "http://127.0.0.1:{port}/": no answer within 0.1 s'
    )


def test_a_server_that_talks_without_end_is_a_failure_in_time(game: Game) -> None:
    stopped = threading.Event()

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.flush_headers()
        while not stopped.wait(0.02):
            try:
                handler.wfile.write(b"x-more: 1\r\n")
            except OSError:
                return

    game.answers(drip)
    started = time.monotonic()

    outcome = probe_http(Context(), HERE, game.port, HttpAction(game.port), 0.3)
    stopped.set()

    assert outcome.ok is False
    assert outcome.message.endswith("no answer within 0.3 s")
    assert time.monotonic() - started < 3


def test_a_server_that_speaks_another_protocol_is_a_failure(mute: socket.socket) -> None:
    port = mute.getsockname()[1]

    def speak() -> None:
        connection, _ = mute.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"\x00\x01 nonsense\r\n\r\n")

    speaking = threading.Thread(target=speak)
    speaking.start()
    outcome = probe_http(Context(), HERE, port, HttpAction(port), 5)
    speaking.join()

    assert outcome == Outcome(
        ok=False, message=f'Get "http://127.0.0.1:{port}/": malformed HTTP response'
    )


def test_any_certificate_will_do(game: Game, tmp_path: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*served_pair(tmp_path))
    game.http.socket = server.wrap_socket(game.http.socket, server_side=True)
    game.answers(lambda handler: handler.reply(200, b"secret"))

    assert game.ask(scheme="HTTPS") == Outcome(ok=True, message="secret")


def test_without_encryption_on_the_other_side_https_is_a_failure(game: Game) -> None:
    outcome = game.ask(scheme="HTTPS")

    assert outcome.ok is False
    assert outcome.message.startswith(f'Get "https://127.0.0.1:{game.port}/": ')


def test_the_end_of_the_process_ends_a_probe(mute: socket.socket) -> None:
    ctx, port, outcomes = Context(), mute.getsockname()[1], list[Outcome]()

    def probe() -> None:
        outcomes.append(probe_http(ctx, HERE, port, HttpAction(port), 60))

    probing = threading.Thread(target=probe)
    probing.start()
    connection, _ = mute.accept()
    with connection:
        connection.recv(10)
        ctx.cancel()
        probing.join(10)

    assert [outcome.ok for outcome in outcomes] == [False]
