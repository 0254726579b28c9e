"""The decisions of leader election, pure: both clocks are passed in.

A lease counts as expired when *we* have not seen it change for as long as it says; the times in it
were written by another machine's clock and are for people only. A holder counts as leader until
the renew deadline has passed since it *sent* its last successful renewal. The deadline is shorter
than the lease and starts earlier than anybody can have seen that renewal, so the old leader stops
before a new one starts, whatever their clocks show, as long as both tick at about the same speed.
"""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from okg.api.coordination import Lease, LeaseSpec
from okg.errors import ConfigError

JITTER_FACTOR = 1.2
"""Spread of a follower's waits; the constant of client-go's leader election."""

LONGEST_LOOK_AWAY = 0.8
"""Seconds between two looks of a follower, so that a clean hand-over takes less than a second.

client-go looks as seldom as it renews, every 2 s by default.
"""


class ElectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Timing of an election; the defaults are client-go's.

    Attributes:
        lease_duration: how long followers wait for a leader that went silent; the server keeps
            whole seconds, so a fraction is rounded up.
        renew_deadline: how long a leader may write after its last successful renewal.
        retry_period: time between two renewals, and at most between two looks of a follower.

    Raises:
        ConfigError: the three do not leave room for one another.
    """

    lease_duration: timedelta = timedelta(seconds=15)
    renew_deadline: timedelta = timedelta(seconds=10)
    retry_period: timedelta = timedelta(seconds=2)

    def __post_init__(self) -> None:
        """Refuse timing under which two processes could lead, or none."""
        if self.retry_period <= timedelta():
            raise ConfigError(
                f"leader election: the retry period ({_text(self.retry_period)}) must be positive"
            )
        if self.renew_deadline <= self.retry_period * JITTER_FACTOR:
            raise ConfigError(
                f"leader election: the renew deadline ({_text(self.renew_deadline)}) must be"
                f" longer than {JITTER_FACTOR} times the retry period"
                f" ({_text(self.retry_period)}): raise the deadline or lower the retry period"
            )
        if self.lease_duration <= self.renew_deadline:
            raise ConfigError(
                f"leader election: the lease duration ({_text(self.lease_duration)}) must be"
                f" longer than the renew deadline ({_text(self.renew_deadline)}):"
                " raise the duration or lower the deadline"
            )

    @property
    def lease_seconds(self) -> int:
        """The lease duration as the server stores it."""
        return math.ceil(self.lease_duration.total_seconds())

    @property
    def request_timeout(self) -> float:
        """Seconds one request may take: half the deadline leaves time for another try."""
        return self.renew_deadline.total_seconds() / 2


class Read(msgspec.Struct, frozen=True):
    """Look at the lease, then tell ``seen`` or ``failed``."""


class Write(msgspec.Struct, frozen=True):
    """Create the lease (``before`` is None) or update it; tell ``written`` or what went wrong."""

    before: Lease | None
    after: Lease


class Wait(msgspec.Struct, frozen=True):
    """Nothing to do for so many seconds."""

    seconds: float


class Lost(msgspec.Struct, frozen=True):
    """We were the leader and are no longer."""

    reason: str


Step: TypeAlias = Read | Write | Wait | Lost


class ElectionState:
    """What one candidate knows, and what it does next. Not safe for threads.

    Args:
        lease: namespace and name of the lease.
        identity: who we are; unique for each process.
        settings: timing.
        rng: spreads followers.
    """

    def __init__(
        self, lease: Lease, identity: str, settings: ElectionSettings, rng: random.Random
    ) -> None:
        self.identity = identity
        self.leading = False
        self.valid_until = -math.inf
        """Monotonic time until which we may write."""
        self._blank = lease
        self._settings = settings
        self._rng = rng
        self._record: Lease | None = None
        self._observed_at = -math.inf
        self._writable = False  # the record may be replaced without looking at it again
        self._fresh = False  # the record was read in this attempt
        self._next_at = -math.inf

    @property
    def holder(self) -> str:
        """Who holds the lease as far as we know; empty for nobody."""
        return _holder(self._record)

    def decide(self, now: float, wall: datetime) -> Step:
        """Return the next step; ``now`` is monotonic, ``wall`` is what gets written down."""
        if self.leading and (reason := self._end_of_leadership(now)):
            self._forget()
            return Lost(reason)
        if now < self._next_at:
            limit = self.valid_until if self.leading else math.inf
            return Wait(min(self._next_at, limit) - now)
        if not self._writable:
            return Read()
        return Write(self._record, self._claim(wall))

    def seen(self, lease: Lease | None, now: float) -> None:
        """Take in what the server has; None means that there is no lease."""
        if lease is None or self._record is None or lease.spec != self._record.spec:
            self._observed_at = now
        self._record = lease
        self._fresh = True
        expires = self._observed_at + self._duration_of(lease)
        self._writable = self.holder in {"", self.identity} or now >= expires
        if not self._writable:
            self._next_at = min(now + min(self._pause(), LONGEST_LOOK_AWAY), expires)

    def written(self, lease: Lease, started: float, now: float) -> None:
        """Take in that our write was stored; ``started`` is when it was sent."""
        self.seen(lease, now)
        self._fresh = False
        self.valid_until = started + self._settings.renew_deadline.total_seconds()
        self.leading = self.leading or now < self.valid_until
        self._next_at = started + self._settings.retry_period.total_seconds()

    def refused(self, now: float) -> None:
        """Take in that the lease is not what we thought: look again, at once the first time."""
        self._writable = False
        self._next_at = now + self._pause() if self._fresh else now
        self._fresh = False

    def failed(self, now: float) -> None:
        """Take in that a request failed; a write may have been stored all the same."""
        self._writable = False
        self._fresh = False
        self._next_at = now + self._pause()

    def release(self, wall: datetime) -> Write | None:
        """Stop leading; return what frees the lease for others, or None if it is not ours."""
        before = self._record if self.holder == self.identity else None
        self._forget()
        if before is None:
            return None
        spec = LeaseSpec(
            holder_identity="",
            lease_duration_seconds=1,
            acquire_time=micro_time(wall),
            renew_time=micro_time(wall),
            lease_transitions=before.spec.lease_transitions,
        )
        return Write(before, replace(before, spec=spec))

    def _forget(self) -> None:
        """Be a candidate that knows nothing, and has nothing to release."""
        self.leading = False
        self.valid_until = -math.inf
        self._record = None
        self._writable = False
        self._fresh = False

    def _end_of_leadership(self, now: float) -> str:
        if self.holder != self.identity and self._record is not None:
            return f"the lease is held by {self.holder or 'nobody'}"
        if now >= self.valid_until:
            return f"not renewed within {_text(self._settings.renew_deadline)}"
        return ""

    def _claim(self, wall: datetime) -> Lease:
        """Return the lease with us as its holder."""
        lease = self._record or self._blank
        ours = self._record is not None and self.holder == self.identity
        spec = LeaseSpec(
            holder_identity=self.identity,
            lease_duration_seconds=self._settings.lease_seconds,
            acquire_time=lease.spec.acquire_time if ours else micro_time(wall),
            renew_time=micro_time(wall),
            lease_transitions=_transitions(self._record) + (0 if ours else 1),
        )
        return replace(lease, spec=spec)

    def _duration_of(self, lease: Lease | None) -> float:
        seconds = lease.spec.lease_duration_seconds if lease is not None else None
        return float(self._settings.lease_seconds if seconds is None else seconds)

    def _pause(self) -> float:
        """Return a time between retry period / 1.2 and the retry period.

        client-go waits one to 2.2 periods. Never more than one keeps a takeover within lease
        duration + retry period, however the looks fall.
        """
        period = self._settings.retry_period.total_seconds()
        return self._rng.uniform(period / JITTER_FACTOR, period)


def micro_time(wall: datetime) -> str:
    """Return a MicroTime: exactly six digits of fraction, or the server answers 400."""
    return f"{wall.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _holder(lease: Lease | None) -> str:
    return (lease.spec.holder_identity or "") if lease is not None else ""


def _transitions(lease: Lease | None) -> int:
    """Return the changes of holder so far; -1 without a lease, so that the first holder makes 0."""
    return (lease.spec.lease_transitions or 0) if lease is not None else -1


def _text(time: timedelta) -> str:
    return f"{time.total_seconds():g}s"
