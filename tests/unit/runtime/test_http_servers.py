"""Probes and metrics over real sockets on loopback."""

import socket
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import pytest
import urllib3
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from structlog.testing import capture_logs

from okg.context import Context
from okg.errors import ConfigError
from okg.runtime.http_servers import (
    Answer,
    HttpServer,
    Note,
    Route,
    health_route,
    metrics_route,
)
from okg.runtime.listener import parse_address
from okg.threads import ThreadGroup


@contextmanager
def serving(routes: Mapping[str, Route], address: str = "127.0.0.1:0") -> Generator[int]:
    server = HttpServer(address, "--address", routes)
    group = ThreadGroup(Context())
    group.start("server", server.run)
    try:
        yield server.port
    finally:
        group.stop()
        assert group.join(timeout=30) == []


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"http://{host}:{port}{path}")
        return answer.status, answer.data.decode()


def broken() -> bool:
    raise ValueError("secret reason")


CHECKS = {"cache": lambda: True, "plugins": lambda: False, "broken": broken}
READY = {"/readyz": health_route(CHECKS)}


def test_a_healthy_probe_says_ok_as_plain_text() -> None:
    with (
        serving({"/healthz": health_route({"healthz": lambda: True})}) as port,
        urllib3.PoolManager(retries=False) as pool,
    ):
        answer = pool.request("GET", f"http://127.0.0.1:{port}/healthz")

    assert (answer.status, answer.data) == (200, b"ok")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_verbose_lists_each_check() -> None:
    with serving({"/healthz": health_route({"healthz": lambda: True})}) as port:
        answer = get(port, "/healthz?verbose")

    assert answer == (200, "[+]healthz ok\nhealthz check passed\n")


def test_a_failing_probe_lists_its_checks_without_their_reasons() -> None:
    with serving(READY) as port:
        answer = get(port, "/readyz")

    assert answer[0] == 500
    assert answer[1].splitlines() == [
        "[+]cache ok",
        "[-]plugins failed: reason withheld",
        "[-]broken failed: reason withheld",
        "healthz check failed",
    ]


def test_excluded_checks_do_not_count() -> None:
    with serving(READY) as port:
        answer = get(port, "/readyz?exclude=plugins&exclude=broken")

    assert answer == (200, "ok")


def test_one_check_can_be_asked_alone() -> None:
    with serving(READY) as port:
        good = get(port, "/readyz/cache")
        bad = get(port, "/readyz/plugins")
        unknown = get(port, "/readyz/nothing")

    assert good == (200, "ok")
    assert bad == (500, "internal server error: not ready yet\n")
    assert unknown[0] == 404


def test_a_path_that_only_begins_like_a_route_is_unknown() -> None:
    with serving(READY) as port:
        assert get(port, "/readyzzz")[0] == 404


def test_metrics_are_served_as_text_0_0_4() -> None:
    registry = CollectorRegistry()
    Gauge("okg_test", "A test.", registry=registry).set(3)

    with (
        serving({"/metrics": metrics_route(registry)}) as port,
        urllib3.PoolManager(retries=False) as pool,
    ):
        answer = pool.request("GET", f"http://127.0.0.1:{port}/metrics")

    assert answer.data == b"# HELP okg_test A test.\n# TYPE okg_test gauge\nokg_test 3.0\n"
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 on this machine")
def test_without_a_host_both_families_are_served() -> None:
    with serving(READY, ":0") as port:
        assert get(port, "/readyz/cache", "127.0.0.1") == (200, "ok")
        assert get(port, "/readyz/cache", "[::1]") == (200, "ok")


def test_a_busy_port_is_refused_with_the_flag_to_change() -> None:
    first = HttpServer("127.0.0.1:0", "--a", READY)

    with pytest.raises(
        ConfigError,
        match=rf"cannot listen on 127.0.0.1:{first.port}: Address already in use; choose .* --b",
    ):
        HttpServer(f"127.0.0.1:{first.port}", "--b", READY)

    first.close()


@pytest.mark.parametrize("address", ["8080", "localhost", ":http", ":65536", ""])
def test_what_is_no_address_is_refused_with_the_flag_to_change(address: str) -> None:
    with pytest.raises(ConfigError, match=r"is not an address like :8080 .* \(--flag\)"):
        parse_address(address, "--flag")


@pytest.mark.parametrize(
    ("address", "parts"),
    [(":8080", ("", 8080)), ("0.0.0.0:1", ("0.0.0.0", 1)), ("[::1]:8080", ("::1", 8080))],
)
def test_addresses_have_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert parse_address(address, "--flag") == parts


def test_a_silent_client_does_not_delay_the_end() -> None:
    with serving(READY) as port:
        silent = socket.create_connection(("127.0.0.1", port))
        get(port, "/readyz/cache")
        stopped_at = time.monotonic()

    assert time.monotonic() - stopped_at < 3
    silent.close()


def test_a_client_in_the_middle_of_its_request_is_cut_at_the_end() -> None:
    with serving(READY) as port:
        slow = socket.create_connection(("127.0.0.1", port))
        slow.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n")
        get(port, "/readyz/cache")
        stopped_at = time.monotonic()

    assert time.monotonic() - stopped_at < 4
    slow.close()


def test_an_answer_under_way_is_finished_at_the_end() -> None:
    asked, go_on = threading.Event(), threading.Event()
    answers: list[tuple[int, str]] = []

    def slow(_rest: str, _query: Mapping[str, list[str]]) -> Answer:
        asked.set()
        go_on.wait()
        return 200, "text/plain", b"late"

    client = ThreadGroup(Context())
    with serving({"/slow": slow}) as port:
        client.start("client", lambda _: answers.append(get(port, "/slow")))
        asked.wait()
        threading.Timer(0.2, go_on.set).start()
    client.join()

    assert answers == [(200, "late")]


def test_a_client_that_goes_away_is_no_error_and_a_broken_route_is() -> None:
    def bug(_rest: str, _query: Mapping[str, list[str]]) -> Answer:
        raise ValueError("bug")

    with capture_logs() as logs, serving({"/bug": bug}) as port:
        socket.create_connection(("127.0.0.1", port)).close()
        answer = get(port, "/bug")

    assert answer == (500, "internal server error\n")
    assert [line["event"] for line in logs] == ["no answer to an HTTP request"]


def test_a_check_that_passed_can_have_something_to_tell() -> None:
    notes: dict[str, Note] = {}
    checks = {"networks": lambda: True, "cache": lambda: True}
    with serving({"/readyz": health_route(checks, notes)}) as port:
        notes |= {"networks": lambda: "a cloud is left out", "cache": lambda: ""}
        assert get(port, "/readyz") == (200, "ok")
        assert get(port, "/readyz/networks") == (200, "ok: a cloud is left out")
        assert get(port, "/readyz?verbose") == (
            200,
            "[+]networks ok: a cloud is left out\n[+]cache ok\nhealthz check passed\n",
        )


def test_metrics_come_by_name_and_histograms_last() -> None:
    disable_created_metrics()  # type: ignore[no-untyped-call] # of the process, as in a manager
    registry = CollectorRegistry()
    Gauge("okg_b", "B.", registry=registry).set(1)
    Histogram("okg_a_seconds", "A.", buckets=(1.0,), registry=registry)
    Counter("okg_a", "A.", registry=registry)

    with serving({"/metrics": metrics_route(registry)}) as port:
        answer = get(port, "/metrics")

    assert [line for line in answer[1].splitlines() if line.startswith("# TYPE")] == [
        "# TYPE okg_a_total counter",
        "# TYPE okg_b gauge",
        "# TYPE okg_a_seconds histogram",
    ]
