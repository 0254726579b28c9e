"""Prober: the threads that run probes, and the one that writes their results."""

from collections.abc import Callable

from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.controllers.probing.conditions import ConditionWriter
from okg.controllers.probing.desk import Desk
from okg.controllers.probing.metrics import ProbeMetrics
from okg.controllers.probing.runner import HANDLERS, CannotProbe, Runner
from okg.errors import ApiError, Forbidden, TransportError
from okg.workload.native.probing.book import Assignment, Outcome

MOST_STRETCH = 2.0
"""Periods that are longer than this factor are told."""

_TOLD_GAP = 60.0

_REMEDY = (
    "give the manager the rights of config/rbac/probe-exec-role.yaml, or write httpGet or tcpSocket"
)

Complain = Callable[[str, str], None]
"""Tells the user of a set, ``namespace/name``, why a probe cannot be run."""

_OUTCOMES = {True: "success", False: "failure", None: "error"}


class Prober:
    """Runs what the desk hands out.

    Args:
        desk: hands out probes and writes.
        run: runs a probe.
        writer: writes conditions.
        metrics: where to count.
        complain: tells users.
        clock: where time comes from.
    """

    def __init__(
        self,
        desk: Desk,
        run: Runner,
        writer: ConditionWriter,
        metrics: ProbeMetrics,
        complain: Complain,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._desk = desk
        self._run = run
        self._writer = writer
        self._metrics = metrics
        self._complain = complain
        self._clock = clock
        self._told_at: float | None = None

    def probe(self, ctx: Context) -> None:
        """Run probes until the desk is closed; the body of each of many threads."""
        while (assignment := self._desk.next_probe()) is not None:
            self._metrics.lag.observe(assignment.turn.lag)
            self._tell_stretch(ctx, assignment)
            handler = HANDLERS[type(assignment.track.probe.action)]
            started = self._clock.monotonic()
            outcome = self._outcome(ctx, assignment)
            self._metrics.seconds[handler].observe(self._clock.monotonic() - started)
            self._metrics.probes[handler, _OUTCOMES[outcome.ok]].inc()
            self._desk.settle(assignment, outcome)

    def write(self, ctx: Context) -> None:
        """Write conditions until the desk is closed; the body of one thread."""
        while (write := self._desk.next_write()) is not None:
            try:
                written = self._writer.write(write)
            except (ApiError, TransportError) as error:
                pod = f"{write.pod.namespace}/{write.pod.name}"
                ctx.log.warning("conditions not written, trying again", pod=pod, error=str(error))
                self._metrics.writes["failed"].inc()
                self._desk.write_again(write)
            else:
                self._metrics.writes["written" if written else "gone"].inc()
                self._desk.wrote(write)

    def _outcome(self, ctx: Context, assignment: Assignment) -> Outcome:
        """Run a probe; whatever goes wrong is the end of this one alone."""
        job, pod, probe = assignment.turn.job, assignment.pod, assignment.track.probe
        try:
            outcome = self._run(ctx, pod, probe)
        except Forbidden as error:
            self._complain(job.of, f"service quality {probe.quality}: {error}; {_REMEDY}")
            outcome = Outcome(ok=None, message=str(error))
        except CannotProbe as error:
            self._complain(job.of, f"service quality {probe.quality}: {error}")
            outcome = Outcome(ok=None, message=str(error))
        except (ApiError, TransportError) as error:
            outcome = Outcome(ok=None, message=str(error))
        except Exception as error:
            # One probe must not end all others.
            ctx.log.exception("a probe ended in a programming error", pod=pod.key)
            outcome = Outcome(ok=None, message=str(error))
        if outcome.ok is None:
            ctx.log.debug(
                "probe not run", pod=pod.key, quality=probe.quality, error=outcome.message
            )
        return outcome

    def _tell_stretch(self, ctx: Context, assignment: Assignment) -> None:
        turn, now = assignment.turn, self._clock.monotonic()
        if turn.stretch <= MOST_STRETCH:
            return
        if self._told_at is None or now - self._told_at >= _TOLD_GAP:
            self._told_at = now
            ctx.log.warning(
                "probes fall behind: there are more than can be run, so that all periods of the "
                "set are longer",
                set=turn.job.of,
                stretch=round(turn.stretch, 1),
                lag=round(turn.lag, 1),
            )
