"""Track: what is known of one probe of one container, and what its condition shall say.

| event | what the condition says |
|---|---|
| the container starts, or its probe is another one | False, no message |
| the container does not run | False, ``Container(<name>) is Non-running`` |
| enough equal results in a row | True or False, and the message of the last |
| fewer, or a probe that could not be run | what it said before |

As OpenKruise's daemon has it, except that each probe of a container is on its own.
"""

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from okg.api.core import PodCondition
from okg.workload.names import QUALITY_PREFIX
from okg.workload.native.probing.container import Sighting
from okg.workload.native.probing.probe import Probe

MOST_CHARACTERS = 1024
"""Length of the longest message, as OpenKruise's."""

REFRESH = timedelta(seconds=600)
"""After which time a result that stays the same is stored again, as OpenKruise's."""


class Report(msgspec.Struct, frozen=True):
    """What a condition says.

    Attributes:
        ok: whether the quality is there.
        message: output of the probe.
        since: when ``ok`` changed last, or the container started.
        at: when this was found out.
    """

    ok: bool
    message: str
    since: datetime
    at: datetime

    def says(self, condition: PodCondition | None) -> bool:
        """Whether a condition says the same."""
        return condition is not None and (condition.status, condition.message) == (
            "True" if self.ok else "False",
            self.message,
        )


class Track(msgspec.Struct, frozen=True):
    """One probe of one container.

    Attributes:
        probe: what is done.
        seen: the container.
        report: what the condition shall say.
        outcome: of the last probe; None before the first one.
        run: how many probes in a row had this outcome.
    """

    probe: Probe
    seen: Sighting
    report: Report
    outcome: bool | None = None
    run: int = 0


def begin(probe: Probe, seen: Sighting, known: PodCondition | None, now: datetime) -> Track:
    """Return the track of a probe that this process has not run yet.

    What the condition says of this very container stands: a restart of the manager is none of the
    game's.
    """
    if known is not None and _is_about(known, seen):
        since = known.last_transition_time or now
        report = Report(known.status == "True", known.message, since, now)
    else:
        report = _nothing_yet(seen, now)
    return _unless_stopped(Track(probe, seen, report), now)


def meet(track: Track, seen: Sighting, now: datetime) -> Track:
    """Return the track after another look at the container."""
    if seen.instance == track.seen.instance:
        return _unless_stopped(replace(track, seen=seen), now)
    return _unless_stopped(Track(track.probe, seen, _nothing_yet(seen, now)), now)


def retarget(track: Track, probe: Probe, now: datetime) -> Track:
    """Return the track with an edited probe; another action starts from nothing."""
    if probe.action == track.probe.action:
        return replace(track, probe=probe)
    return _unless_stopped(Track(probe, track.seen, _nothing_yet(track.seen, now)), now)


def judge(track: Track, now: datetime, *, ok: bool, message: str) -> Track:
    """Return the track after a probe."""
    run = track.run + 1 if ok is track.outcome else 1
    track = replace(track, outcome=ok, run=run)
    needed = track.probe.success_threshold if ok else track.probe.failure_threshold
    if run < needed:
        return track
    return replace(track, report=_said(track.report, now, ok=ok, message=message))


def to_condition(track: Track) -> PodCondition:
    """Return the pod's condition; the API keeps whole seconds."""
    report = track.report
    return PodCondition(
        type=QUALITY_PREFIX + track.probe.quality,
        status="True" if report.ok else "False",
        message=report.message,
        last_probe_time=report.at.replace(microsecond=0),
        last_transition_time=report.since.replace(microsecond=0),
    )


def _is_about(known: PodCondition, seen: Sighting) -> bool:
    """Whether a condition was written after the container started."""
    changed_at, started_at = known.last_transition_time, seen.started_at
    return changed_at is not None and (started_at is None or changed_at >= started_at)


def _nothing_yet(seen: Sighting, now: datetime) -> Report:
    # Never before the start by the node's clock, which may be ahead: see _is_about.
    return Report(ok=False, message="", since=max(now, seen.started_at or now), at=now)


def _unless_stopped(track: Track, now: datetime) -> Track:
    if track.seen.is_running:
        return track
    message = f"Container({track.probe.container}) is Non-running"
    return replace(track, report=_said(track.report, now, ok=False, message=message))


def _said(before: Report, now: datetime, *, ok: bool, message: str) -> Report:
    message = message[:MOST_CHARACTERS]
    if (ok, message) == (before.ok, before.message) and now - before.at < REFRESH:
        return before
    return Report(ok, message, since=before.since if ok is before.ok else now, at=now)
