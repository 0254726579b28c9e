"""The webhook server over real TLS on loopback."""

import base64
import json
import socket
import ssl
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from okg.api.admission import (
    AdmissionRequest,
    AdmissionResponse,
    allowed,
    denied,
    patched,
)
from okg.context import Context
from okg.errors import ConfigError
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.webhook import BODY_LIMIT, AdmissionHandler, WebhookServer
from okg.telemetry.logging import get_logger
from okg.testing.certificates import Authority
from okg.threads import ThreadGroup

AUTHORITY = Authority("test")
CA = AUTHORITY.certificate.decode()


class Stage:
    """A running server and what its clients need."""

    leaving = False

    def __init__(self, directory: Path, hooks: Mapping[str, AdmissionHandler]) -> None:
        self.directory = directory
        self.registry = CollectorRegistry()
        self.rotate()
        self.certificates = CertificateWatcher(directory, registry=self.registry)
        self.server = WebhookServer(
            "127.0.0.1:0",
            self.certificates,
            registry=self.registry,
            leaving=lambda: self.leaving,
        )
        for path, handler in hooks.items():
            self.server.register(path, handler)

    def rotate(self) -> None:
        """Put another certificate into the directory."""
        pair = AUTHORITY.issue_server(["127.0.0.1"])
        (self.directory / "tls.crt").write_bytes(pair.public)
        (self.directory / "tls.key").write_bytes(pair.private)

    def pool(self) -> urllib3.HTTPSConnectionPool:
        return urllib3.HTTPSConnectionPool(
            "127.0.0.1", self.server.port, ca_cert_data=CA, retries=False, timeout=20
        )

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> Any:
        with self.pool() as pool:
            answer = pool.request("POST", path, body=body, headers={"Content-Type": content_type})
            assert answer.status == 200
            return answer.json()

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=CA)

    def served_serial(self) -> str:
        raw = socket.create_connection(("127.0.0.1", self.server.port))
        with self.tls().wrap_socket(raw, server_hostname="127.0.0.1") as connection:
            certificate = connection.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


@contextmanager
def serving(directory: Path, hooks: Mapping[str, AdmissionHandler]) -> Generator[Stage]:
    stage = Stage(directory, hooks)
    group = ThreadGroup(Context())
    group.start("webhook", stage.server.run)
    try:
        yield stage
    finally:
        group.stop()
        assert group.join(timeout=30) == []


def review(operation: str = "CREATE", version: str = "v1") -> bytes:
    return json.dumps(
        {
            "apiVersion": f"admission.k8s.io/{version}",
            "kind": "AdmissionReview",
            "request": {
                "uid": "uid-1",
                "operation": operation,
                "namespace": "games",
                "name": "lobby-0",
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "object": {"metadata": {"name": "lobby-0"}},
            },
        }
    ).encode()


def allow(_ctx: Context, _request: AdmissionRequest) -> AdmissionResponse:
    return allowed()


def test_a_mutating_handler_sees_the_object_and_answers_with_a_patch(tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []

    def label(_ctx: Context, request: AdmissionRequest) -> AdmissionResponse:
        seen.append((request.operation, bytes(request.object)))
        return patched([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}])

    with serving(tmp_path, {"/mutate-v1-pod": label}) as stage:
        answer = stage.post("/mutate-v1-pod?timeout=10s", review())

    assert seen == [("CREATE", b'{"metadata": {"name": "lobby-0"}}')]
    assert answer["response"]["uid"] == "uid-1"
    assert answer["response"]["allowed"] is True
    assert json.loads(base64.b64decode(answer["response"]["patch"])) == [
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}
    ]


def test_a_validating_handler_refuses_with_its_reason(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": lambda _ctx, _request: denied("no")}) as stage:
        answer = stage.post("/validate", review())

    assert answer["response"]["allowed"] is False
    assert answer["response"]["status"]["message"] == "no"


def test_an_answer_is_in_the_version_of_its_question(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        answer = stage.post("/validate", review(version="v1beta1"))

    assert answer["apiVersion"] == "admission.k8s.io/v1beta1"


def test_a_server_that_is_about_to_end_answers_and_sends_its_clients_elsewhere(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage, stage.pool() as pool:
        headers = {"Content-Type": "application/json"}
        before = pool.request("POST", "/validate", body=review(), headers=headers)
        stage.leaving = True
        after = pool.request("POST", "/validate", body=review(), headers=headers)

    assert "Connection" not in before.headers
    assert after.headers["Connection"] == "close"
    assert after.json()["response"]["allowed"] is True


def test_a_failing_handler_refuses_and_is_logged(tmp_path: Path) -> None:
    def bug(_ctx: Context, _request: AdmissionRequest) -> AdmissionResponse:
        raise ValueError("bug")

    with capture_logs() as logs, serving(tmp_path, {"/validate": bug}) as stage:
        answer = stage.post("/validate", review())

    assert answer["response"] == {
        "uid": "uid-1",
        "allowed": False,
        "status": {"code": 500, "message": "/validate failed: ValueError: bug"},
    }
    assert [(line["event"], line["name"]) for line in logs] == [
        ("an admission handler failed", "lobby-0")
    ]
    assert stage.sample("controller_runtime_webhook_panics_total", webhook="/validate") == 1.0


def test_a_handler_has_as_long_as_the_api_server_waits(tmp_path: Path) -> None:
    def slow(ctx: Context, _request: AdmissionRequest) -> AdmissionResponse:
        ctx.wait()
        ctx.check()
        raise AssertionError("still allowed to go on")

    with serving(tmp_path, {"/validate": slow}) as stage:
        answer = stage.post("/validate?timeout=1s", review())

    assert answer["response"]["status"] == {
        "code": 504,
        "message": "/validate did not decide within 1 seconds",
    }


def test_what_is_no_review_is_refused_with_400(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        answer = stage.post("/validate", b"nonsense")

    assert answer["response"]["allowed"] is False
    assert answer["response"]["status"]["code"] == 400
    assert "AdmissionReview" in answer["response"]["status"]["message"]


def test_another_content_type_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        answer = stage.post("/validate", review(), "text/yaml")

    assert answer["response"]["status"] == {
        "code": 400,
        "message": "content type 'text/yaml' is not application/json",
    }


def test_a_charset_does_not_make_another_content_type(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        answer = stage.post("/validate", review(), "application/json; charset=utf-8")

    assert answer["response"]["allowed"] is True


def test_a_large_object_within_the_limit_is_judged(tmp_path: Path) -> None:
    body = review()[:-1] + b" " * (BODY_LIMIT - len(review())) + b"}"

    with serving(tmp_path, {"/validate": allow}) as stage:
        answer = stage.post("/validate", body)

    assert len(body) == BODY_LIMIT
    assert answer["response"]["allowed"] is True


def test_a_body_above_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    head = (
        "POST /validate HTTP/1.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {BODY_LIMIT + 1}\r\n\r\n"
    )

    with serving(tmp_path, {"/validate": allow}) as stage:
        raw = socket.create_connection(("127.0.0.1", stage.server.port))
        with stage.tls().wrap_socket(raw, server_hostname="127.0.0.1") as connection:
            connection.sendall(head.encode())
            answer = connection.makefile("rb").read()

    assert b'"code":413' in answer


def test_a_body_without_a_length_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage, stage.pool() as pool:
        answer = pool.request(
            "POST",
            "/validate",
            body=iter([review()]),
            headers={"Content-Type": "application/json"},
            chunked=True,
        )

    assert answer.json()["response"]["status"] == {
        "code": 400,
        "message": "the request does not say how long its body is",
    }


def test_an_unknown_path_is_not_found(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage, stage.pool() as pool:
        assert pool.request("POST", "/other", body=review()).status == 404


def test_a_connection_serves_many_questions(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage, stage.pool() as pool:
        headers = {"Content-Type": "application/json"}
        answers = [
            pool.request("POST", "/validate", body=review(), headers=headers).json()
            for _ in range(5)
        ]

    assert [answer["response"]["allowed"] for answer in answers] == [True] * 5
    assert pool.num_connections == 1


def test_metrics_are_there_before_the_first_question_and_count_each(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        requests = "controller_runtime_webhook_requests_total"
        at_first = [
            stage.sample(requests, webhook="/validate", code="200"),
            stage.sample(requests, webhook="/validate", code="500"),
            stage.sample("controller_runtime_webhook_requests_in_flight", webhook="/validate"),
            stage.sample("controller_runtime_webhook_latency_seconds_count", webhook="/validate"),
        ]
        stage.post("/validate", review())

    assert at_first == [0.0, 0.0, 0.0, 0.0]
    assert stage.sample(requests, webhook="/validate", code="200") == 1.0
    assert (
        stage.sample("controller_runtime_webhook_latency_seconds_count", webhook="/validate") == 1.0
    )


def test_tls_before_1_2_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        minimum = stage.certificates.context.minimum_version

    assert minimum == ssl.TLSVersion.TLSv1_2


def test_a_client_that_never_shakes_hands_holds_up_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        silent = socket.create_connection(("127.0.0.1", stage.server.port))
        answer = stage.post("/validate", review())
        stopped_at = time.monotonic()

    assert answer["response"]["allowed"] is True
    assert time.monotonic() - stopped_at < 3
    silent.close()


def test_a_connection_kept_open_does_not_delay_the_end(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        pool = stage.pool()
        headers = {"Content-Type": "application/json"}
        answer = pool.request("POST", "/validate", body=review(), headers=headers).json()
        stopped_at = time.monotonic()

    assert answer["response"]["allowed"] is True
    assert time.monotonic() - stopped_at < 3
    pool.close()


def test_a_question_under_way_is_answered_at_the_end(tmp_path: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()
    answers: list[Any] = []

    def slow(ctx: Context, _request: AdmissionRequest) -> AdmissionResponse:
        asked.set()
        go_on.wait()
        ctx.check()
        return allowed()

    client = ThreadGroup(Context())
    with serving(tmp_path, {"/validate": slow}) as stage:
        client.start("client", lambda _: answers.append(stage.post("/validate", review())))
        asked.wait()
        threading.Timer(0.2, go_on.set).start()
    client.join()

    assert [answer["response"]["allowed"] for answer in answers] == [True]


def test_a_rotation_under_load_refuses_no_question(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        before = stage.served_serial()
        results: list[bool] = []
        enough = threading.Event()

        def ask(_ctx: Context) -> None:
            """Ask over a connection that stays, and over a new one each time."""
            with stage.pool() as pool:
                headers = {"Content-Type": "application/json"}
                while not enough.is_set():
                    kept = pool.request("POST", "/validate", body=review(), headers=headers).json()
                    fresh = stage.post("/validate", review())
                    results.extend(one["response"]["allowed"] for one in (kept, fresh))

        clients = ThreadGroup(Context())
        clients.start("client-0", ask)
        clients.start("client-1", ask)
        serials = [_rotate(stage) for _ in range(5)]
        enough.set()
        clients.join()

    assert len({before, *serials}) == 6
    assert len(results) >= 4
    assert set(results) == {True}


def _rotate(stage: Stage) -> str:
    stage.rotate()
    stage.certificates.reload(get_logger())
    return stage.served_serial()


def test_the_server_looks_for_another_certificate_by_itself(tmp_path: Path) -> None:
    with serving(tmp_path, {"/validate": allow}) as stage:
        before = stage.served_serial()
        stage.rotate()
        end = time.monotonic() + 20
        while stage.served_serial() == before and time.monotonic() < end:
            threading.Event().wait(0.05)

        assert stage.served_serial() != before


def test_a_busy_port_is_refused_with_the_flag_to_change(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {})

    with pytest.raises(ConfigError, match=r"cannot listen on .* --webhook-port"):
        WebhookServer(f"127.0.0.1:{stage.server.port}", stage.certificates)

    stage.server.close()
