"""Runner: runs one probe, whatever its handler."""

from collections.abc import Callable

from okg.api.core import Pod
from okg.context import Context
from okg.controllers.probing.commands import Executor, probe_exec
from okg.controllers.probing.direct import probe_http, probe_tcp
from okg.errors import OkgError
from okg.workload.native.probing.book import Outcome
from okg.workload.native.probing.probe import (
    ExecAction,
    HttpAction,
    Port,
    Probe,
    TcpAction,
    resolve_port,
)

HANDLERS = {ExecAction: "exec", HttpAction: "http", TcpAction: "tcp"}
"""What metrics call them."""

Runner = Callable[[Context, Pod, Probe], Outcome]


class CannotProbe(OkgError):
    """A probe cannot be run until its user changes something; the message says what."""


class ProbeRunner:
    """Runs probes of all kinds.

    Args:
        executor: runs commands in containers; None if that is not allowed.
    """

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor

    def __call__(self, ctx: Context, pod: Pod, probe: Probe) -> Outcome:
        """Run a probe once.

        Raises:
            CannotProbe: it names a port that is not there, or needs what is not allowed.
            ApiError: the command was refused.
            TransportError: the connection for the command failed.
        """
        match probe.action:
            case ExecAction(command):
                if self._executor is None:
                    raise CannotProbe("commands are not allowed")
                return probe_exec(
                    ctx, self._executor, pod, probe.container, command, timeout=probe.timeout
                )
            case TcpAction(port):
                number = _port(pod, probe, port)
                return probe_tcp(ctx, pod.status.pod_ip, number, probe.timeout)
            case HttpAction(port=port) as action:
                number = _port(pod, probe, port)
                return probe_http(ctx, pod.status.pod_ip, number, action, probe.timeout)


def _port(pod: Pod, probe: Probe, port: Port) -> int:
    number = resolve_port(pod, probe.container, port)
    if number is None:
        raise CannotProbe(
            f'container {probe.container} has no port "{port}"; name one of its ports, or write '
            "a number"
        )
    return number
