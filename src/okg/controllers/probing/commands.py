"""Probes that run a command in a container."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from okg.api.core import Pod
from okg.errors import OkgError
from okg.workload.native.probing.book import Outcome

MOST_READ = 10 * 1024
"""Bytes of an output that count, as a kubelet's."""


class ExecTimedOut(OkgError):
    """A command did not end in time; it may still run."""


class ExecResult(msgspec.Struct, frozen=True):
    """How a command ended, and what it wrote."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Executor(Protocol):
    """Runs commands in containers."""

    def run(
        self, timeout: float, namespace: str, pod: str, container: str, command: Sequence[str]
    ) -> ExecResult:
        """Run a command to its end.

        Raises:
            ExecTimedOut: it did not end within ``timeout`` seconds.
            ApiError: the API server or the node refused.
            TransportError: the connection failed.
        """
        ...


def probe_exec(
    executor: Executor, pod: Pod, container: str, command: Sequence[str], timeout: float
) -> Outcome:
    """Run a command: what it says is what it writes to stdout, or when it fails to stderr.

    Raises:
        ApiError: as the executor's.
        TransportError: likewise.
    """
    meta = pod.metadata
    try:
        result = executor.run(timeout, meta.namespace, meta.name, container, command)
    except ExecTimedOut:
        return Outcome(ok=False, message=f"command timed out after {timeout:g}s", timed_out=True)
    ok = result.exit_code == 0
    output = result.stdout if ok else result.stderr
    return Outcome(ok=ok, message=output[:MOST_READ].decode(errors="replace"))
