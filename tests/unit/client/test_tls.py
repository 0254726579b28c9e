"""TLS to an API server: one context, and what happens when its authority is replaced."""

import ssl
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from urllib3.exceptions import InsecureRequestWarning

from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.transport import HttpRequest
from okg.errors import ConfigError, ConnectFailed
from okg.testing.certificates import Authority, KeyPair

GET = HttpRequest(method="GET", path="/api")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        certificate = self.connection.getpeercert()
        body = str(dict(part[0] for part in certificate["subject"])["commonName"]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Server(ThreadingHTTPServer):
    """Answers with the name in the client's certificate."""

    daemon_threads = False

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        serving = write_pair(folder / "serving", authority.issue_server(["127.0.0.1"]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*serving)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.certificate.decode())
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def write_pair(path: Path, pair: KeyPair) -> tuple[Path, Path]:
    public, private = path.with_suffix(".crt"), path.with_suffix(".key")
    public.write_bytes(pair.public)
    private.write_bytes(pair.private)
    return public, private


def write_kubeconfig(folder: Path, address: str, authority: Authority, client: KeyPair) -> Path:
    (folder / "ca.crt").write_bytes(authority.certificate)
    public, private = write_pair(folder / "client", client)
    (folder / "config").write_text(
        f"""
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{address}", certificate-authority: ca.crt}}}}]
users: [{{name: u, user: {{client-certificate: {public}, client-key: {private}}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""
    )
    return folder / "config"


@pytest.fixture
def authority() -> Authority:
    return Authority("okg-test")


@pytest.fixture
def address(tmp_path: Path, authority: Authority) -> Generator[str]:
    with Server(tmp_path, authority) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_server_sees_our_certificate(
    tmp_path: Path, authority: Authority, address: str
) -> None:
    path = write_kubeconfig(tmp_path, address, authority, authority.issue_client("player"))
    transport = Urllib3Transport(connect(str(path)))

    assert transport.send(GET).body == b"player"
    transport.close()


def test_connections_share_what_was_read_once(
    tmp_path: Path, authority: Authority, address: str
) -> None:
    path = write_kubeconfig(tmp_path, address, authority, authority.issue_client("player"))
    transport = Urllib3Transport(connect(str(path)))
    (tmp_path / "ca.crt").unlink()
    (tmp_path / "client.key").unlink()

    assert transport.send(GET).body == b"player"
    transport.close()


def test_a_server_of_another_authority_is_not_trusted(
    tmp_path: Path, authority: Authority, address: str
) -> None:
    stranger = Authority("stranger")
    path = write_kubeconfig(tmp_path, address, stranger, authority.issue_client("player"))

    with pytest.raises(ConnectFailed, match="CERTIFICATE_VERIFY_FAILED"):
        Urllib3Transport(connect(str(path))).send(GET)


def test_an_authority_that_was_replaced_is_read_anew(
    tmp_path: Path, authority: Authority, address: str
) -> None:
    client = authority.issue_client("player")
    path = write_kubeconfig(tmp_path, address, Authority("old"), client)
    transport = Urllib3Transport(connect(str(path)))

    (tmp_path / "ca.crt").write_bytes(authority.certificate)

    assert transport.send(HttpRequest(method="POST", path="/api")).status == 501
    assert transport.send(GET).body == b"player"
    transport.close()


def test_an_authority_that_cannot_be_read_is_the_users_to_correct(
    tmp_path: Path, authority: Authority
) -> None:
    client = authority.issue_client("player")
    path = write_kubeconfig(tmp_path, "https://127.0.0.1:1", authority, client)
    (tmp_path / "ca.crt").write_text("no certificate")

    with pytest.raises(ConfigError, match=r"TLS configuration for https://127\.0\.0\.1:1 cannot"):
        connect(str(path))


def test_without_an_authority_those_of_the_system_count(
    tmp_path: Path, authority: Authority, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = authority.issue_client("player")
    path = write_kubeconfig(tmp_path, address, authority, client)
    path.write_text(path.read_text().replace(", certificate-authority: ca.crt", ""))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))

    transport = Urllib3Transport(connect(str(path)))

    assert transport.send(GET).body == b"player"
    transport.close()


def test_a_kubeconfig_may_do_without_verification(
    tmp_path: Path, authority: Authority, address: str
) -> None:
    client = authority.issue_client("player")
    path = write_kubeconfig(tmp_path, address, authority, client)
    text = path.read_text().replace(
        "certificate-authority: ca.crt", "insecure-skip-tls-verify: true"
    )
    path.write_text(text)

    transport = Urllib3Transport(connect(str(path)))

    with pytest.warns(InsecureRequestWarning):
        assert transport.send(GET).body == b"player"
    transport.close()
