"""The stand-in for a Service."""

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from okg.context import Context
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports
from okg.testing.service_proxy import ServiceProxy
from okg.threads import ThreadGroup


class Backend:
    """Greets whoever connects with its name, and echoes one message."""

    def __init__(self, name: str) -> None:
        self.ready = True
        self._name = name
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def is_ready(self) -> bool:
        return self.ready

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                client.sendall(self._name.encode())
                client.sendall(client.recv(100))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def backends() -> Generator[tuple[Backend, Backend]]:
    pair = Backend("a"), Backend("b")
    yield pair
    pair[0].close()
    pair[1].close()


@contextmanager
def running(*backends: Backend) -> Generator[ServiceProxy]:
    proxy = ServiceProxy()
    for backend in backends:
        proxy.add(backend.port, backend.is_ready)
    group = ThreadGroup(Context())
    group.start("proxy", proxy.run)
    try:
        yield proxy
    finally:
        group.stop()
        group.join()


def connect(proxy: ServiceProxy, target: str = "10.0.0.7:443") -> str:
    """Return the status and what the backend says and echoes."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(proxy.socket))
        client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        if b" 200 " not in head:
            return head.split()[1].decode()
        greeting = client.recv(1)
        client.sendall(b"-hello")
        return (greeting + client.recv(100)).decode()


def test_connections_go_round_the_backends(backends: tuple[Backend, Backend]) -> None:
    with running(*backends) as proxy:
        eventually(lambda: connect(proxy) == "a-hello")

        answers = {connect(proxy), connect(proxy)}

    assert answers == {"a-hello", "b-hello"}


def test_a_backend_that_is_not_ready_gets_nothing(backends: tuple[Backend, Backend]) -> None:
    with running(*backends) as proxy:
        eventually(lambda: connect(proxy) == "a-hello")
        backends[0].ready = False

        eventually(lambda: {connect(proxy), connect(proxy)} == {"b-hello"})


def test_a_backend_that_refuses_is_passed_by(backends: tuple[Backend, Backend]) -> None:
    [dead] = free_ports(1)

    with running(backends[0]) as proxy:
        proxy.add(dead, lambda: True)
        eventually(lambda: connect(proxy) == "a-hello")

        assert {connect(proxy), connect(proxy)} == {"a-hello"}


def test_a_backend_that_refuses_is_found_out_where_it_is_not_passed_by(
    backends: tuple[Backend, Backend],
) -> None:
    [dead] = free_ports(1)

    with running(backends[0]) as proxy:
        proxy.passes_by = False
        proxy.add(dead, lambda: True)
        eventually(lambda: connect(proxy) == "503")

        assert {connect(proxy), connect(proxy)} == {"a-hello", "503"}


def test_without_a_backend_nobody_is_there() -> None:
    with running() as proxy:
        assert connect(proxy) == "503"


def test_a_removed_backend_gets_nothing_from_then_on(backends: tuple[Backend, Backend]) -> None:
    with running(backends[0]) as proxy:
        eventually(lambda: connect(proxy) == "a-hello")

        proxy.remove(backends[0].port)

        assert connect(proxy) == "503"


def test_a_connection_to_loopback_is_made_as_it_is(backends: tuple[Backend, Backend]) -> None:
    with running(backends[0]) as proxy:
        assert connect(proxy, f"127.0.0.1:{backends[1].port}") == "b-hello"


def test_the_api_server_is_told_where_the_proxy_is(tmp_path: Path) -> None:
    with running() as proxy:
        path = proxy.write_egress_configuration(tmp_path / "egress.json")

    [selection] = json.loads(path.read_text())["egressSelections"]
    assert selection == {
        "name": "cluster",
        "connection": {
            "proxyProtocol": "HTTPConnect",
            "transport": {"uds": {"udsName": str(proxy.socket)}},
        },
    }
