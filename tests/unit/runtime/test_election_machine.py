"""Several candidates, one lease, everything that can go wrong between them."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from okg.api.coordination import Lease
from okg.api.meta import ObjectMeta
from okg.runtime.election_state import ElectionSettings, ElectionState, Read, Write

CANDIDATES = 3
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TIMING = ElectionSettings(
    lease_duration=timedelta(seconds=2),
    renew_deadline=timedelta(seconds=1.5),
    retry_period=timedelta(seconds=0.4),
)
candidates = st.integers(0, CANDIDATES - 1)


class Server:
    """One lease behind optimistic locking."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.version = 0

    def store(self, write: Write) -> Lease | None:
        """Return what is stored now, or None for a conflict."""
        if write.before != self.lease:
            return None
        self.version += 1
        metadata = replace(write.after.metadata, resource_version=str(self.version))
        self.lease = replace(write.after, metadata=metadata)
        return self.lease


class Candidate(msgspec.Struct):
    """A candidate, its clocks, and the request it has under way."""

    state: ElectionState
    skew: float
    sent: float = 0.0
    serve: Callable[[], None] | None = None
    answer: Callable[[float], None] | None = None


class Election(RuleBasedStateMachine):
    """Requests are delayed, lost before or after they were stored, and answered late."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.server = Server()
        self.candidates: list[Candidate] = []

    @initialize(skews=st.lists(st.floats(-1e6, 1e6), min_size=CANDIDATES, max_size=CANDIDATES))
    def start(self, skews: list[float]) -> None:
        blank = Lease(metadata=ObjectMeta(namespace="system", name="manager"))
        self.candidates = [
            Candidate(ElectionState(blank, f"candidate-{i}", TIMING, random.Random(i)), skew)
            for i, skew in enumerate(skews)
        ]

    @rule(seconds=st.floats(0.0, 3.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(which=candidates)
    def step(self, which: int) -> None:
        """Let a candidate decide; a request stays under way until it is served and answered."""
        one = self.candidates[which]
        if one.serve or one.answer:
            return
        wall = EPOCH + timedelta(seconds=self.now - one.skew)
        one.sent = self.clock(one)
        step = one.state.decide(one.sent, wall)
        if isinstance(step, Read):
            one.serve = lambda: self._read(one)
        elif isinstance(step, Write):
            one.serve = lambda: self._write(one, step)

    @rule(which=candidates)
    def serve(self, which: int) -> None:
        one = self.candidates[which]
        if one.serve:
            one.serve()
            one.serve = None

    @rule(which=candidates)
    def deliver(self, which: int) -> None:
        one = self.candidates[which]
        if one.answer:
            one.answer(self.clock(one))
            one.answer = None

    @rule(which=candidates)
    def break_connection(self, which: int) -> None:
        """Lose the request or its answer; nobody knows which."""
        one = self.candidates[which]
        if one.serve or one.answer:
            one.serve = one.answer = None
            one.state.failed(self.clock(one))

    @rule(which=candidates)
    def release(self, which: int) -> None:
        one = self.candidates[which]
        if one.serve or one.answer:
            return
        write = one.state.release(EPOCH)
        if write is not None:
            self.server.store(write)

    @precondition(lambda self: self.server.lease is not None)
    @rule()
    def delete_lease_of_nobody(self) -> None:
        """Delete the lease while nobody may write, nor will by an answer still to come."""
        if not self.leaders() and not any(one.answer for one in self.candidates):
            self.server.lease = None

    @invariant()
    def never_two_may_write(self) -> None:
        assert len(self.leaders()) <= 1

    def teardown(self) -> None:
        """Without faults somebody leads within lease duration + retry period."""
        for which in range(len(self.candidates)):
            self.break_connection(which)
        end = self.now + 2.4 + 0.4
        while self.candidates and self.now < end:
            for which in range(CANDIDATES):
                self.exchange(which)
            self.never_two_may_write()
            self.now += 0.01
        assert len(self.leaders()) == min(1, len(self.candidates))

    def exchange(self, which: int) -> None:
        self.step(which)
        self.serve(which)
        self.deliver(which)

    def clock(self, one: Candidate) -> float:
        return self.now + one.skew

    def leaders(self) -> list[str]:
        return [
            one.state.identity for one in self.candidates if self.clock(one) < one.state.valid_until
        ]

    def _read(self, one: Candidate) -> None:
        lease = self.server.lease
        one.answer = lambda now: one.state.seen(lease, now)

    def _write(self, one: Candidate, write: Write) -> None:
        stored = self.server.store(write)
        if stored is None:
            one.answer = one.state.refused
        else:
            one.answer = lambda now: one.state.written(stored, one.sent, now)


TestElection = Election.TestCase
TestElection.settings = settings(
    max_examples=150, stateful_step_count=60, deadline=None, print_blob=True
)
