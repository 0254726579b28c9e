"""Roll-out: how far a set is on the way to its spec, told as conditions.

``Ready`` says whether the set is as its spec asks. ``Progressing`` is that of a Deployment: True
while servers come, go or change and when they are done, False with ``ProgressDeadlineExceeded``
when nothing has moved for too long, Unknown while paused. ``Stalled`` is there only while somebody
has to act: kstatus takes a Ready that is False for "in progress", and a Stalled that is True for
"failed".

When anything moved last is the ``lastTransitionTime`` of ``Progressing``: metav1.Condition has no
field of its own for it. What moves is a counter of the status, so that time costs no write.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from okg.api.game import GameServerSet, GameServerSetStatus
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import Condition
from okg.workload.invalid import InvalidField
from okg.workload.pod_counts import MemberCounts
from okg.workload.scaling import spec_of
from okg.workload.state import CRASH

READY = "Ready"
PROGRESSING = "Progressing"
STALLED = "Stalled"

COMPLETE = "Complete"
PARTITION_REACHED = "PartitionReached"
ON_DELETE = "OnDelete"
_DONE = {COMPLETE, PARTITION_REACHED, ON_DELETE}

CREATING = "Creating"
SCALING = "Scaling"
ROLLING_OUT = "RollingOut"
WAITING_FOR_PROBE_MARKER = "WaitingForProbeMarker"
PAUSED = "Paused"

SERVERS_NOT_READY = "ServersNotReady"
SERVERS_CRASHED = "ServersCrashed"
WAITING_FOR_HOOKS = "WaitingForHooks"
_EXPLANATIONS = (SERVERS_NOT_READY, SERVERS_CRASHED, WAITING_FOR_HOOKS)
"""Why nothing moves, the more telling later."""

INVALID_SPEC = "InvalidSpec"
DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"

PATIENCE = timedelta(seconds=30)
"""How long nothing may move before the reason is looked for. What is over sooner, such as a hook
that a plugin releases or a container that starts at the second try, would only cost writes."""

DEADLINE = timedelta(minutes=10)
"""How long nothing may move before it counts as stuck: the default of a Deployment."""

_CRASHES = {CRASH, "CrashLoopBackOff"}


class Rollout(msgspec.Struct, frozen=True):
    """What is known of a set on its way.

    Attributes:
        replicas: how many servers there shall be.
        kept: how many of them may stay on an older revision.
        on_delete: whether they change only when somebody deletes their pods.
        paused: whether the user has stopped the update.
        created: whether the workload is there and looked after.
        observed: whether the workload's numbers are about its present spec.
        updated: servers of the newest revision.
        available: servers that can be played on.
        members: the servers by what their pods show.
        complaints: what the workload cannot do.
        waiting_for_probes: whether the probes have to be in place first.
    """

    replicas: int
    kept: int = 0
    on_delete: bool = False
    paused: bool = False
    created: bool = False
    observed: bool = False
    updated: int = 0
    available: int = 0
    members: MemberCounts = MemberCounts()
    complaints: tuple[str, ...] = ()
    waiting_for_probes: bool = False

    @property
    def is_in_place(self) -> bool:
        """Whether every server is there and none too many."""
        at_rest = self.observed and not self.members.terminating and not self.waiting_for_probes
        return at_rest and self.members.living == self.replicas

    @property
    def is_updated(self) -> bool:
        """Whether as many servers as shall be are of the newest revision."""
        return self.updated >= self.replicas - self.kept

    @property
    def is_done(self) -> bool:
        """Whether the set is as its spec asks.

        The pods are asked, too: the workload counts before it updates, and tells afterwards.
        """
        serves = self.available >= self.replicas and not self.members.unready
        return self.is_in_place and self.is_updated and serves


def read_rollout(
    gss: GameServerSet,
    workload: AdvancedStatefulSet | None,
    members: MemberCounts,
    *,
    waiting_for_probes: bool = False,
) -> Rollout:
    """Return how far a set is."""
    wanted = spec_of(gss)
    rolling = wanted.update_strategy.rolling_update
    on_delete = rolling is None and wanted.update_strategy.type == ON_DELETE
    partition = (rolling.partition or 0) if rolling else 0
    plain = Rollout(
        replicas=wanted.replicas,
        kept=wanted.replicas if on_delete else partition,
        on_delete=on_delete,
        paused=rolling is not None and rolling.paused,
        members=members,
        waiting_for_probes=waiting_for_probes,
    )
    if workload is None:
        return plain
    reported = workload.status
    return replace(
        plain,
        created=reported.observed_generation > 0,
        observed=reported.observed_generation >= workload.metadata.generation,
        updated=reported.updated_replicas,
        available=reported.available_replicas,
        complaints=tuple(f"{c.type}: {c.message}" for c in reported.conditions if c.message),
    )


def compute_conditions(
    gss: GameServerSet,
    fresh: GameServerSetStatus,
    rollout: Rollout,
    problems: Sequence[InvalidField],
    now: datetime,
) -> tuple[Condition, ...]:
    """Return the conditions of a set, those of others first and untouched.

    Args:
        gss: the set with its stored status.
        fresh: its counters of now; what moved since the stored ones is progress.
        rollout: how far it is.
        problems: what keeps it from being acted on.
        now: whole seconds.
    """
    before = _read_before(gss, fresh)
    verdict = _judge(rollout, before, problems, now)
    told = [
        _condition(READY, verdict.ready, verdict.reason, verdict.message),
        _condition(PROGRESSING, verdict.progressing, verdict.phase, verdict.message),
    ]
    if verdict.progressing == "False":
        told.append(_condition(STALLED, "True", verdict.phase, verdict.message))
    others = (c for c in _told(gss.status) if c.type not in {READY, PROGRESSING, STALLED})
    return (*others, *(_dated(gss, condition, before, now) for condition in told))


def time_to_next_look(status: GameServerSetStatus, now: datetime) -> timedelta | None:
    """Return when time alone will change the conditions, None for never."""
    ready, progressing = find(status, READY), find(status, PROGRESSING)
    if ready is None or progressing is None or progressing.status != "True":
        return None
    settled = progressing.reason in _DONE
    since = (ready if settled else progressing).last_transition_time
    if ready.status == "True" or since is None:
        return None
    ends = [since + PATIENCE] if settled else [since + PATIENCE, since + DEADLINE]
    return min((end - now for end in ends if end > now), default=None)


def may_stand_still(status: GameServerSetStatus | None, now: datetime) -> bool:
    """Whether nothing was told to move for so long that the reason may be asked for."""
    ready, progressing = find(status, READY), find(status, PROGRESSING)
    if ready is None or progressing is None or ready.status == "True":
        return False
    since = (ready if progressing.reason in _DONE else progressing).last_transition_time
    return since is not None and now - since >= PATIENCE


def find(status: GameServerSetStatus | None, kind: str) -> Condition | None:
    """Return a condition of a set by its type."""
    return next((condition for condition in _told(status) if condition.type == kind), None)


class _Before(msgspec.Struct, frozen=True):
    """What was told last.

    Attributes:
        ready: the condition, if it is about the present spec.
        progressing: the condition, if it is about the present spec.
        moved: whether anything has come closer to the spec since, or the spec is another.
    """

    ready: Condition | None
    progressing: Condition | None
    moved: bool

    @property
    def is_settled(self) -> bool:
        """Whether the set has been complete: what happens now is no roll-out."""
        return self.progressing is not None and self.progressing.reason in _DONE

    @property
    def is_late(self) -> bool:
        return self.progressing is not None and self.progressing.reason == DEADLINE_EXCEEDED

    def standstill(self, now: datetime) -> timedelta:
        """Return for how long nothing has moved."""
        told, running = (self.ready, "False") if self.is_settled else (self.progressing, "True")
        if told is None or told.status != running or (self.moved and not self.is_settled):
            return timedelta(0)
        return now - (told.last_transition_time or now)


class _Verdict(msgspec.Struct, frozen=True):
    ready: str
    progressing: str
    reason: str
    phase: str
    message: str


def _judge(
    rollout: Rollout, before: _Before, problems: Sequence[InvalidField], now: datetime
) -> _Verdict:
    if problems:
        words = "; ".join(str(problem) for problem in problems)
        return _Verdict("False", "False", INVALID_SPEC, INVALID_SPEC, words)
    if rollout.is_done:
        reason = _done_reason(rollout)
        return _Verdict("True", "True", reason, reason, _numbers(rollout))
    if rollout.paused and rollout.is_in_place and not rollout.is_updated:
        return _Verdict("False", "Unknown", PAUSED, PAUSED, _numbers(rollout))
    return _judge_motion(rollout, before, before.standstill(now))


def _judge_motion(rollout: Rollout, before: _Before, standstill: timedelta) -> _Verdict:
    settled = before.progressing.reason if before.progressing and before.is_settled else ""
    phase = settled or _phase(rollout, before)
    reason, message = SERVERS_NOT_READY if settled else phase, _numbers(rollout)
    late = not settled and not before.moved and (before.is_late or standstill >= DEADLINE)
    if late or standstill >= PATIENCE:
        reason, message = _explanation(rollout, before), _with_details(rollout)
    if late:
        minutes = int(DEADLINE.total_seconds() // 60)
        message = f"nothing has moved for {minutes} minutes: {message}"
        return _Verdict("False", "False", reason, DEADLINE_EXCEEDED, message)
    return _Verdict("False", "True", reason, phase, message)


def _done_reason(rollout: Rollout) -> str:
    if rollout.updated >= rollout.replicas:
        return COMPLETE
    return ON_DELETE if rollout.on_delete else PARTITION_REACHED


def _phase(rollout: Rollout, before: _Before) -> str:
    """Return what is being done; a phase lasts until the set is done or asks for something else."""
    told = before.progressing.reason if before.progressing else ""
    if rollout.waiting_for_probes:
        return WAITING_FOR_PROBE_MARKER
    if not rollout.created:
        return CREATING
    if rollout.members.outdated and not rollout.is_updated:
        return ROLLING_OUT
    if told in {CREATING, ROLLING_OUT, SCALING}:
        return told
    if rollout.members.terminating or rollout.members.living != rollout.replicas:
        return SCALING
    return SERVERS_NOT_READY if rollout.observed else ROLLING_OUT


def _explanation(rollout: Rollout, before: _Before) -> str:
    """Return why nothing moves; one that was told stays until something does."""
    if rollout.waiting_for_probes:
        return WAITING_FOR_PROBE_MARKER
    found = SERVERS_NOT_READY
    if _CRASHES & rollout.members.troubles.keys():
        found = SERVERS_CRASHED
    if rollout.members.held:
        found = WAITING_FOR_HOOKS
    told = before.ready.reason if before.ready else ""
    if before.moved or told not in _EXPLANATIONS:
        return found
    return max(told, found, key=_EXPLANATIONS.index)


def _numbers(rollout: Rollout) -> str:
    """Return the counters of the status in words; no others, for each would cost writes."""
    return f"{rollout.updated} of {rollout.replicas} servers updated, {rollout.available} available"


def _with_details(rollout: Rollout) -> str:
    members = rollout.members
    details = [f"{number} in {trouble}" for trouble, number in members.troubles.items()]
    if members.held:
        details.append(f"{members.held} held by a hook")
    if members.terminating:
        details.append(f"{members.terminating} terminating")
    return "; ".join([_numbers(rollout), *details, *rollout.complaints])


def _read_before(gss: GameServerSet, fresh: GameServerSetStatus) -> _Before:
    stored, generation = gss.status, gss.metadata.generation
    about = {c.type: c for c in _told(stored) if c.observed_generation == generation}
    return _Before(
        ready=about.get(READY),
        progressing=about.get(PROGRESSING),
        moved=stored is None or PROGRESSING not in about or _moved(stored, fresh),
    )


def _moved(stored: GameServerSetStatus, fresh: GameServerSetStatus) -> bool:
    """Whether the set is closer to its spec: more new, more available, or fewer too many."""
    return (
        fresh.updated_replicas > stored.updated_replicas
        or fresh.available_replicas > stored.available_replicas
        or fresh.replicas <= fresh.current_replicas < stored.current_replicas
    )


def _condition(kind: str, status: str, reason: str, message: str) -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message)


def _dated(gss: GameServerSet, fresh: Condition, before: _Before, now: datetime) -> Condition:
    """Keep the time of a condition whose status did not change, unless it tells of progress."""
    stored = find(gss.status, fresh.type)
    since = now
    if stored is not None and stored.status == fresh.status and stored.last_transition_time:
        on_the_way = fresh.type == PROGRESSING and fresh.status == "True"
        arrived = stored.reason == fresh.reason and fresh.reason in _DONE
        renewed = on_the_way and before.moved and not arrived
        since = now if renewed else stored.last_transition_time
    return replace(fresh, observed_generation=gss.metadata.generation, last_transition_time=since)


def _told(status: GameServerSetStatus | None) -> tuple[Condition, ...]:
    return status.conditions if status else ()
