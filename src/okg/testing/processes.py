"""Servers that run beside the tests: started with a log file, ended by their own process id."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from okg.errors import OkgError

_POLL_SECONDS = 0.05
_LOG_TAIL_LINES = 30


class StartFailed(OkgError):
    """A server ended early or did not become ready in time; carries the end of its log."""


class ServerProcess:
    """One server in a session of its own.

    On Linux the kernel kills it when the thread that started it ends, and so also when the whole
    process is killed: start servers from a thread that outlives them, the main thread at best.

    Args:
        name: for messages.
        argv: program and arguments.
        log: file that output is appended to.
        environment: the whole environment, or None for ours.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                [*_die_with_parent(), *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._child.poll() is None

    def wait_ready(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Return once ``ready()`` is true.

        Raises:
            StartFailed: the process ended, or ``timeout`` seconds passed.
        """
        end = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise StartFailed(f"{self.name} ended early{self._log_tail()}")
            if time.monotonic() >= end:
                raise StartFailed(f"{self.name} not ready in {timeout:g} s{self._log_tail()}")
            time.sleep(_POLL_SECONDS)

    def terminate(self) -> None:
        """Ask the process to end; does not wait."""
        if self.running:
            self._child.terminate()

    def stop(self, *, grace: float = 10.0) -> None:
        """Ask the process to end and wait; after ``grace`` seconds it is killed."""
        self.terminate()
        try:
            self._child.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the process without asking, and wait for its end."""
        if self.running:
            self._child.send_signal(signal.SIGKILL)
        self._child.wait()

    def _log_tail(self) -> str:
        return f"; {last_lines(self.log, _LOG_TAIL_LINES)}"


def last_lines(log: Path, count: int) -> str:
    """The last ``count`` lines of a log under its path."""
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join([f"the end of {log}:", *lines])


def _die_with_parent() -> tuple[str, ...]:
    # util-linux; where it is missing, a killed test run leaves its servers behind.
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
