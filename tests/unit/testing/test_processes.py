import sys
from pathlib import Path

import pytest

from okg.testing.processes import ServerProcess, StartFailed

SLEEPS = "import time; print('started', flush=True); time.sleep(60)"
IGNORES_TERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"


def test_the_end_of_the_log_explains_an_early_end(tmp_path: Path) -> None:
    server = ServerProcess(
        "etcd", [sys.executable, "-c", "print('port is taken')"], log=tmp_path / "log"
    )

    with pytest.raises(StartFailed, match=r"(?s)etcd ended early.*port is taken"):
        server.wait_ready(lambda: False, timeout=30)


def test_a_server_that_is_never_ready_times_out(tmp_path: Path) -> None:
    server = ServerProcess("etcd", [sys.executable, "-c", SLEEPS], log=tmp_path / "log")

    with pytest.raises(StartFailed, match=r"etcd not ready in 0\.1 s"):
        server.wait_ready(lambda: False, timeout=0.1)
    server.stop()

    assert not server.running


def test_a_server_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = ServerProcess("etcd", [sys.executable, "-c", IGNORES_TERM], log=log)
    server.wait_ready(lambda: "started" in log.read_text(), timeout=30)

    server.stop(grace=0.1)

    assert not server.running


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    server = ServerProcess("etcd", [sys.executable, "-c", SLEEPS], log=tmp_path / "log")

    server.stop()
    server.stop()

    assert not server.running
