"""Probes that run a command in a container."""

from collections.abc import Sequence
from typing import Protocol

from okg.api.core import Pod
from okg.client.execute import ExecResult
from okg.context import Context
from okg.errors import ExecTimedOut
from okg.workload.native.probing.book import Outcome


class Executor(Protocol):
    """Runs commands in containers, as PodExecutor does."""

    def run(
        self,
        ctx: Context,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        timeout: float,
    ) -> ExecResult:
        """Run a command to its end.

        Raises:
            ExecTimedOut: it did not end within ``timeout`` seconds.
            ApiError: the API server or the node refused.
            TransportError: the connection failed.
            Cancelled: the context ended.
        """
        ...


def probe_exec(
    ctx: Context,
    executor: Executor,
    pod: Pod,
    container: str,
    command: Sequence[str],
    *,
    timeout: float,
) -> Outcome:
    """Run a command: what it says is what it writes to stdout, or when it fails to stderr.

    Raises:
        ApiError, TransportError, Cancelled: as the executor.
    """
    meta = pod.metadata
    try:
        result = executor.run(ctx, meta.namespace, meta.name, container, command, timeout=timeout)
    except ExecTimedOut:
        return Outcome(ok=False, message=f"command timed out after {timeout:g}s", timed_out=True)
    ok = result.exit_code == 0
    output = result.stdout if ok else result.stderr
    return Outcome(ok=ok, message=output.decode(errors="replace"))
