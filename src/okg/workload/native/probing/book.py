"""Book: all pods that are probed, what their probes have said, and what follows.

| told | what follows |
|---|---|
| ``see``: a pod, and how its set is probed | probes begin, go on or end |
| ``lose``: a pod that is gone | nothing is kept of it |
| ``settle``: what a probe said | perhaps a condition |

``take_probe`` and ``take_write`` say what is to be done next. Not safe for threads.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec

from okg.api.core import Pod, PodCondition
from okg.workload.names import QUALITY_PREFIX
from okg.workload.native.probing.container import is_probed, sight
from okg.workload.native.probing.outbox import Outbox, PodRef, Write
from okg.workload.native.probing.probe import ExecAction, Probe, Probes
from okg.workload.native.probing.schedule import Job, Key, Lane, Limits, Schedule, Turn
from okg.workload.native.probing.track import Track, begin, judge, meet, retarget, to_condition


class Instant(msgspec.Struct, frozen=True):
    """A moment by two clocks: seconds that never go back, and the time of day."""

    seconds: float
    time: datetime


class Outcome(msgspec.Struct, frozen=True):
    """What a probe said.

    Attributes:
        ok: whether it succeeded; None if it could not be run, which changes nothing.
        message: its output, or why it could not be run.
        timed_out: whether it may still run in the container.
    """

    ok: bool | None
    message: str = ""
    timed_out: bool = False


class Assignment(msgspec.Struct, frozen=True):
    """A probe that is to be run now.

    Attributes:
        turn: what the schedule says about it.
        pod: as last seen.
        track: as it was when the probe began.
    """

    turn: Turn
    pod: Pod
    track: Track


class _Page:
    """What is kept of one pod."""

    __slots__ = ("dropped", "keys", "outdated", "pod", "ref")

    def __init__(self, ref: PodRef, pod: Pod) -> None:
        self.ref = ref
        self.pod = pod
        self.keys: frozenset[Key] = frozenset()
        self.dropped: set[str] = set()
        self.outdated: set[str] = set()

    def known(self, probe: Probe) -> PodCondition | None:
        """Return what the pod says of a quality, if that is still about it."""
        type_ = QUALITY_PREFIX + probe.quality
        return None if type_ in self.outdated else self.pod.status.condition(type_)


class Book:
    """What is known of all probes.

    Args:
        limits: what they may cost.
        jitter: returns a random number from 0 up to 1.
        outbox: what is to be written.
    """

    def __init__(
        self, limits: Limits, jitter: Callable[[], float], outbox: Outbox | None = None
    ) -> None:
        self._schedule = Schedule(limits, jitter)
        self._outbox = outbox or Outbox()
        self._tracks: dict[Key, Track] = {}
        self._pages: dict[str, _Page] = {}
        self._uids: dict[tuple[str, str], str] = {}

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many probes there are, how many run, and how many pods wait to be written."""
        return len(self._schedule), self._schedule.running, len(self._outbox)

    @property
    def stretch(self) -> float:
        """By which factor periods are too long where they are longest; 1 if none are."""
        return self._schedule.stretch

    def see(self, pod: Pod, of: str, probes: Probes, now: Instant) -> None:
        """Take note of a pod and of how its set, ``of``, is probed."""
        ref = PodRef.of(pod)
        if self._uids.get((ref.namespace, ref.name)) != ref.uid or not is_probed(pod):
            self.lose(ref.namespace, ref.name)
        if not is_probed(pod):
            return
        self._uids[ref.namespace, ref.name] = ref.uid
        page = self._pages.setdefault(ref.uid, _Page(ref, pod))
        page.pod = pod
        wanted = {Key(ref.uid, p.container, p.quality): p for p in probes.runnable}
        gone = page.keys - wanted.keys()
        page.keys = frozenset(wanted)
        for key in gone:
            self._drop(key)
        # What the pod says of these is about another container, or will be gone.
        page.outdated = page.dropped | {QUALITY_PREFIX + key.quality for key in gone}
        self._drop_conditions(page, gone, probes, now)
        for key, probe in wanted.items():
            self._look(key, probe, page, of, now)

    def lose(self, namespace: str, name: str) -> None:
        """Forget a pod that is gone or ends."""
        uid = self._uids.pop((namespace, name), None)
        if uid is not None:
            page = self._pages.pop(uid)
            for key in page.keys:
                self._drop(key)
            self._outbox.forget(page.ref)

    def take_probe(self, now: Instant) -> Assignment | float | None:
        """Return the next probe, else how many seconds there is none; None: until a change."""
        turn = self._schedule.take(now.seconds)
        if not isinstance(turn, Turn):
            return turn
        key = turn.job.key
        return Assignment(turn, self._pages[key.uid].pod, self._tracks[key])

    def settle(self, assignment: Assignment, outcome: Outcome, now: Instant) -> None:
        """Take note of what a probe said.

        What was said of a container that has ended since, or by a probe that is another one by
        now, does not count.
        """
        key, began = assignment.turn.job.key, assignment.track
        self._schedule.done(key, now.seconds, rest=outcome.timed_out)
        track = self._tracks.get(key)
        if track is None or outcome.ok is None or not track.seen.is_running:
            return
        if (track.seen.instance, track.probe.action) != (began.seen.instance, began.probe.action):
            return
        judged = judge(track, now.time, ok=outcome.ok, message=outcome.message)
        self._keep(key, judged, self._pages[key.uid], now)

    def take_write(self, now: Instant) -> Write | float | None:
        """Return the next write, else how many seconds there is none; None: until a change."""
        return self._outbox.take(now.seconds)

    def wrote(self, write: Write, now: Instant) -> None:
        """Take note that a write was made, or can never be."""
        self._outbox.done(write, now.seconds)

    def write_again(self, write: Write, now: Instant) -> None:
        """Take note that a write failed."""
        self._outbox.again(write, now.seconds)

    def _look(self, key: Key, probe: Probe, page: _Page, of: str, now: Instant) -> None:
        """Look at the container of one probe."""
        seen, track = sight(page.pod, probe.container, now.time), self._tracks.get(key)
        if seen is None:
            self._schedule.remove(key)
            return
        if track is None:
            known = page.known(probe)
            new = self._tracks[key] = begin(probe, seen, known, now.time)
            if not new.report.says(known):
                self._publish(new, page, now, urgent=True)
        else:
            new = meet(retarget(track, probe, now.time), seen, now.time)
            if new.seen.instance != track.seen.instance:
                # The delay after a start counts from this one.
                self._schedule.remove(key)
            self._keep(key, new, page, now)
        self._plan(key, new, page, of, now)

    def _plan(self, key: Key, track: Track, page: _Page, of: str, now: Instant) -> None:
        """Have a probe run from the right time on, or not at all."""
        lane = Lane.EXEC if isinstance(track.probe.action, ExecAction) else Lane.DIRECT
        started_at = track.seen.started_at
        if started_at is None or (lane is Lane.DIRECT and not page.pod.status.pod_ip):
            self._schedule.remove(key)
            return
        # A node whose clock is ahead must not delay more than the user asks for.
        age = max(timedelta(0), now.time - started_at).total_seconds()
        job = Job(key, of, page.pod.spec.node_name, lane, float(track.probe.period))
        earliest = now.seconds + max(0.0, track.probe.initial_delay - age)
        self._schedule.put(job, now.seconds, earliest=earliest)

    def _keep(self, key: Key, track: Track, page: _Page, now: Instant) -> None:
        """Keep a track, and have its condition written if that says something else now."""
        old = self._tracks[key]
        self._tracks[key] = track
        before, after = old.report, track.report
        if after is before:
            return
        if (after.ok, after.message) == (before.ok, before.message):
            known = page.pod.status.condition(QUALITY_PREFIX + track.probe.quality)
            if not after.says(known):
                self._publish(track, page, now, urgent=True)
            return
        is_restart = track.seen.instance != old.seen.instance
        self._publish(track, page, now, urgent=is_restart or after.ok is not before.ok)

    def _publish(self, track: Track, page: _Page, now: Instant, *, urgent: bool) -> None:
        condition = to_condition(track)
        self._outbox.put(page.ref, condition.type, condition, now.seconds, urgent=urgent)

    def _drop(self, key: Key) -> None:
        self._tracks.pop(key, None)
        self._schedule.remove(key)

    def _drop_conditions(
        self, page: _Page, gone: Iterable[Key], probes: Probes, now: Instant
    ) -> None:
        """Have the conditions of qualities removed that the set has no more: once for each."""
        page.dropped -= {QUALITY_PREFIX + name for name in probes.names}
        ours = {QUALITY_PREFIX + key.quality for key in gone if key.quality not in probes.names}
        left = {c.type for c in page.pod.status.conditions if _is_left_over(c, page.pod, probes)}
        for type_ in sorted((ours | left) - page.dropped):
            page.dropped.add(type_)
            self._outbox.put(page.ref, type_, None, now.seconds, urgent=True)


def _is_left_over(condition: PodCondition, pod: Pod, probes: Probes) -> bool:
    """Whether a condition looks like a probe's result and is of no quality.

    Only probes give a time and no reason; conditions of others of this prefix are left alone.
    """
    prefix, quality = QUALITY_PREFIX, condition.type.removeprefix(QUALITY_PREFIX)
    return (
        condition.type.startswith(prefix)
        and quality not in probes.names
        and condition.last_probe_time is not None
        and not condition.reason
        and condition.type not in {gate.condition_type for gate in pod.spec.readiness_gates}
    )
