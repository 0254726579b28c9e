"""Probes that run a command in a container."""

from collections.abc import Sequence
from typing import Any

import pytest

from okg.client.execute import ExecResult
from okg.context import Context
from okg.controllers.probing.runner import CannotProbe, ProbeRunner
from okg.errors import ExecTimedOut, Forbidden
from okg.workload.native.probing.book import Outcome
from okg.workload.native.probing.probe import Probe
from unit.workload.native.probing.probed_pods import a_probed_pod, a_quality, some_probes

Answer = ExecResult | Exception


class Terminal:
    """An executor that answers what it is told to."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[float, str, str, str, tuple[str, ...]]] = []

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
        self.asked.append((timeout, namespace, pod, container, tuple(command)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def a_probe(**members: Any) -> Probe:
    [probe] = some_probes(a_quality(**members)).runnable
    return probe


COMMAND = a_probe(exec={"command": ["cat", "/state"]}, timeoutSeconds=2)


def run(answer: Answer, probe: Probe = COMMAND) -> Outcome:
    return ProbeRunner(Terminal(answer))(Context(), a_probed_pod(), probe)


def test_a_command_runs_in_its_container() -> None:
    terminal = Terminal(ExecResult(0, b"", b""))

    ProbeRunner(terminal)(Context(), a_probed_pod(), COMMAND)

    assert terminal.asked == [(2, "games", "xxx-0", "game", ("cat", "/state"))]


def test_what_counts_is_stdout_of_a_success_and_stderr_of_a_failure() -> None:
    assert run(ExecResult(0, b"idle", b"noise")) == Outcome(ok=True, message="idle")
    assert run(ExecResult(1, b"noise", b"lost")) == Outcome(ok=False, message="lost")


def test_output_that_is_no_text_is_shown_as_far_as_it_is() -> None:
    assert run(ExecResult(0, b"\xffidle", b"")).message == "\ufffdidle"


def test_a_command_that_does_not_end_is_a_failure_and_may_still_run() -> None:
    assert run(ExecTimedOut("cat", 2)) == Outcome(
        ok=False, message="command timed out after 2s", timed_out=True
    )


def test_a_command_that_is_refused_is_no_failure_of_the_game() -> None:
    with pytest.raises(Forbidden):
        run(Forbidden(403, "Forbidden", "no pods/exec for you"))


def test_a_port_that_is_not_there_is_told() -> None:
    with pytest.raises(CannotProbe, match='container game has no port "other"; name one of'):
        run(ExecResult(0, b"", b""), a_probe(tcpSocket={"port": "other"}))


def test_commands_are_not_run_where_they_are_not_allowed() -> None:
    with pytest.raises(CannotProbe):
        ProbeRunner(None)(Context(), a_probed_pod(), COMMAND)
