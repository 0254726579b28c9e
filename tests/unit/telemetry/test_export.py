"""What a collector gets, and what becomes of a process whose collector is gone."""

import io
import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from collector import Collector, open_collector, told
from okg.telemetry.logging import get_logger
from okg.telemetry.otel.export import Exports
from okg.telemetry.setup import LogSettings, configure
from okg.testing.certificates import Authority


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OKG_SERVICE_NAME", "SERVICE_NAME", "OTEL_SERVICE_NAME", "HOSTNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OKG_NAMESPACE", "kruise-game-system")
    monkeypatch.setenv("OKG_POD_NAME", "manager-0")
    monkeypatch.setenv("OKG_SERVICE_VERSION", "v1.2.3")
    monkeypatch.setenv("OKG_SERVICE_INSTANCE_ID", "uid-0")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,service.name=no")


@pytest.fixture
def collector() -> Generator[Collector]:
    with open_collector() as opened:
        yield opened


WHO = {
    "service.name": "okg-controller-manager",
    "service.version": "v1.2.3",
    "service.namespace": "kruise-game-system",
    "service.instance.id": "uid-0",
    "k8s.namespace.name": "kruise-game-system",
    "k8s.pod.name": "manager-0",
}


def test_spans_are_sent_with_who_we_are_and_the_token(collector: Collector) -> None:
    exports = Exports(collector.endpoint, "s3cret")
    tracer = exports.tracer(1.0)

    with (
        tracer.root("reconcile game_server", {"k8s.namespace.name": "games"}) as root,
        root.child("part"),
    ):
        pass
    with capture_logs() as lines:
        exports.close(5.0)

    [sent] = [of for request in collector.traces for of in request.resource_spans]
    resource = told(sent.resource.attributes)
    assert sent.scope_spans[0].scope.name == "okg-controller-manager"
    assert [span.name for span in collector.spans] == ["part", "reconcile game_server"]
    assert WHO.items() <= resource.items()
    assert resource["deployment.environment"] == "test"
    assert {"host.name", "os.type", "process.pid", "process.runtime.name"} <= resource.keys()
    assert not [key for key in resource if key.startswith("process.command")]
    assert collector.headers[0]["authentication"] == "s3cret"
    assert collector.headers[0]["authorization"] == "Bearer s3cret"
    assert [line["event"] for line in lines] == ["Successfully exported 2 traces to collector"]


def test_an_https_address_is_spoken_to_in_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority("collectors")
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(tmp_path / "ca.crt"))

    with open_collector(authority.issue_server(["127.0.0.1"])) as collector:
        exports = Exports(f"https://{collector.endpoint}")
        with exports.tracer(1.0).root("reconcile game_server", {}):
            pass
        exports.records()(None, "info", _RECORD)
        exports.close(5.0)

    assert [span.name for span in collector.spans] == ["reconcile game_server"]
    assert [record.body.string_value for record in collector.records] == ["starting"]


_RECORD = {
    "event": "starting",
    "level": "info",
    "time_ns": 1,
    "code": {"function": "main", "filepath": "main.py", "lineno": 1},
}


def test_a_share_of_nothing_sends_nothing(collector: Collector) -> None:
    exports = Exports(collector.endpoint)

    with exports.tracer(0.0).root("reconcile game_server", {}):
        pass
    exports.close(5.0)

    assert collector.traces == []


def test_records_are_sent_as_they_are_written(collector: Collector) -> None:
    stream = io.StringIO()
    exports = Exports(collector.endpoint)
    tracer = exports.tracer(1.0)
    configure(
        LogSettings(form="json"),
        stream=stream,
        now=lambda: 1_767_323_045_120_456_789,
        copy_to=exports.records(),
    )

    with tracer.root("reconcile game_server", {}) as root:
        get_logger("setup").warning(
            "half a pair \ud800",
            workers=3,
            object={"name": "a", "wait": timedelta(seconds=1)},
            huge=2**70,
            names=("a", "b"),
            nothing=None,
        )
        get_logger().debug("not written")
    exports.close(5.0)

    record = collector.records[0]
    written = json.loads(stream.getvalue().splitlines()[0])
    assert root.parent is not None
    assert (record.body.string_value, record.severity_text) == ("half a pair ?", "WARN")
    assert record.severity_number == 13
    assert record.time_unix_nano == 1_767_323_045_120_456_789
    assert (record.trace_id.hex(), record.span_id.hex()) == (
        root.parent.trace_id,
        root.parent.span_id,
    )
    attributes = told(record.attributes)
    assert attributes.pop("code.file.path") == __file__
    assert attributes.pop("code.line.number") == written["code"]["lineno"]
    assert attributes.pop("code.function.name") == written["code"]["function"]
    assert attributes == {
        "logger": "setup",
        "workers": 3,
        "object": {"name": "a", "wait": "0:00:01"},
        "huge": str(2**70),
        "names": ["a", "b"],
        "nothing": None,
    }
    assert (written["trace_id"], written["span_id"]) == (root.parent.trace_id, root.parent.span_id)


def test_an_exception_is_sent_with_its_traceback(collector: Collector) -> None:
    exports = Exports(collector.endpoint)
    configure(LogSettings(), stream=io.StringIO(), copy_to=exports.records())

    try:
        int("broken")
    except ValueError:
        get_logger().exception("it failed")
    exports.close(5.0)

    [record] = collector.records
    attributes = told(record.attributes)
    assert "ValueError" in str(attributes["exception.stacktrace"])
    assert attributes["error"] == "invalid literal for int() with base 10: 'broken'"


def test_what_senders_complain_of_is_written_and_not_sent(collector: Collector) -> None:
    stream = io.StringIO()
    exports = Exports(collector.endpoint)
    configure(LogSettings(form="json"), stream=stream, copy_to=exports.records())

    logging.getLogger("opentelemetry.sdk").warning("the queue is full")
    get_logger().info("something else")
    exports.close(5.0)

    written = [json.loads(line)["msg"] for line in stream.getvalue().splitlines()]
    assert written == ["the queue is full", "something else"]
    assert [record.body.string_value for record in collector.records] == ["something else"]


def _close_timed(exports: Exports, within: float) -> float:
    started = time.monotonic()
    exports.close(within)
    return time.monotonic() - started


@pytest.fixture(params=["gone", "deaf"])
def lost(request: pytest.FixtureRequest) -> Generator[str]:
    """An endpoint where nobody listens, or where nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        if request.param == "gone":
            nobody.close()
        yield f"127.0.0.1:{port}"


def test_a_collector_that_does_not_answer_takes_no_memory_and_no_time(lost: str) -> None:
    stream = io.StringIO()
    exports = Exports(lost, "s3cret")
    tracer = exports.tracer(1.0)
    configure(LogSettings(form="json"), stream=stream, copy_to=exports.records())

    started = time.monotonic()
    for number in range(5000):
        with tracer.root("reconcile game_server", {}):
            get_logger().info("working", number=number)
    worked = time.monotonic() - started
    closed = _close_timed(exports, within=1.0)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    lost_spans = [int(line["msg"].split()[3]) for line in lines if _tells_of_lost_traces(line)]
    assert worked < 20
    assert closed < 4
    assert sum(line["msg"] == "working" for line in lines) == 5000
    assert 0 < sum(lost_spans) <= 2048 + 512
    assert "s3cret" not in stream.getvalue()


def _tells_of_lost_traces(line: dict[str, str]) -> bool:
    return line["msg"].startswith("Failed to export") and "traces: " in line["msg"]


def test_a_manager_that_traces_nothing_imports_nothing_for_it() -> None:
    code = "import sys, okg.cmd.manager; print([m for m in sys.modules if 'opentelemetry' in m])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == "[]\n"
