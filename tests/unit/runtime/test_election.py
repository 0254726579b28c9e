"""The elector over a lease in memory and a clock that jumps."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from okg.api.coordination import Lease, LeaseSpec
from okg.api.core import ObjectReference
from okg.api.meta import ObjectMeta
from okg.api.resource import O, Object
from okg.context import Context
from okg.errors import Conflict, ConnectFailed, LeadershipLost, OkgError
from okg.runtime.election import LeaderElector, LeaseLock, process_identity


class JumpClock:
    """Whoever waits gets there at once; ``at`` is called on the way."""

    def __init__(self) -> None:
        self.time = 100.0
        self.plans: list[tuple[float, Callable[[], object]]] = []

    def at(self, time: float, plan: Callable[[], object]) -> None:
        self.plans.append((time, plan))

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        assert timeout is not None
        self.time += timeout
        due = [plan for time, plan in self.plans if time <= self.time]
        self.plans = [(time, plan) for time, plan in self.plans if time > self.time]
        for plan in due:
            plan()


class StoredLease:
    """A live client that holds one lease."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.failure: OkgError | None = None
        self.writes = 0

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        assert (namespace, name) == ("system", "manager")
        if self.failure is not None:
            raise self.failure
        assert self.lease is None or isinstance(self.lease, kind)
        return self.lease

    def create(self, obj: O) -> O:
        return self._store(obj)

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        assert lock
        if before != self.lease:
            raise Conflict(409, "Conflict", "changed meanwhile")
        return self._store(after)

    def _store(self, obj: O) -> O:
        if self.failure is not None:
            raise self.failure
        self.writes += 1
        stored = replace(obj, metadata=replace(obj.metadata, resource_version=str(self.writes)))
        assert isinstance(stored, Lease)
        self.lease = stored
        return stored


class Told:
    """A recorder that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def normal(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        assert isinstance(about, Object)
        self.events.append((about.key, reason, message))

    def warning(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        raise AssertionError(message)


class Stage:
    """An elector and all it talks to."""

    def __init__(self) -> None:
        self.clock = JumpClock()
        self.server = StoredLease()
        self.told = Told()
        self.calls: list[str] = []
        self.registry = CollectorRegistry()
        self.ctx = Context(clock=self.clock)
        self.elector = LeaderElector(
            LeaseLock(self.server, "system", "manager"),
            "me",
            on_started=lambda: self.calls.append(f"started at {self.clock.time:g}"),
            on_lost=lambda: self.calls.append(f"lost at {self.clock.time:g}"),
            recorder=self.told,
            registry=self.registry,
            clock=self.clock,
        )

    def run_until(self, time: float) -> None:
        self.clock.at(time, self.ctx.cancel)
        self.elector.run(self.ctx)

    def status(self) -> float | None:
        return self.registry.get_sample_value("leader_election_master_status", {"name": "manager"})

    def fail(self, error: OkgError | None) -> None:
        self.server.failure = error

    def holder(self) -> str | None:
        assert self.server.lease is not None
        return self.server.lease.spec.holder_identity


def _foreign() -> Lease:
    return Lease(
        metadata=ObjectMeta(namespace="system", name="manager"),
        spec=LeaseSpec(holder_identity="other", lease_duration_seconds=15),
    )


def test_it_takes_a_free_lease_and_says_so() -> None:
    stage = Stage()

    with capture_logs() as logs:
        stage.run_until(101.0)

    assert stage.holder() == "me"
    assert stage.calls == ["started at 100"]
    assert [line["event"] for line in logs] == [
        "attempting to acquire leader lease system/manager...",
        "successfully acquired lease system/manager",
    ]
    assert stage.told.events == [("system/manager", "LeaderElection", "me became leader")]
    assert stage.status() == 1.0


def test_a_candidate_that_waits_is_no_leader() -> None:
    stage = Stage()
    stage.server.lease = _foreign()

    stage.run_until(110.0)

    assert stage.calls == []
    assert not stage.elector.is_leader
    assert stage.status() == 0.0


def test_it_takes_over_when_the_lease_ran_out() -> None:
    stage = Stage()
    stage.server.lease = _foreign()

    stage.run_until(116.0)

    assert stage.calls == ["started at 115"]


def test_a_leader_renews_every_retry_period_with_one_request() -> None:
    stage = Stage()

    stage.run_until(110.0)

    assert stage.server.writes == 5
    assert stage.elector.is_leader


def test_the_fence_closes_by_itself_when_no_renewal_succeeds() -> None:
    stage = Stage()
    stage.run_until(101.0)
    stage.elector.check()

    stage.clock.time = 110.0

    with pytest.raises(LeadershipLost, match="not the leader of system/manager: nothing may"):
        stage.elector.check()


def test_a_short_outage_is_survived() -> None:
    stage = Stage()
    stage.clock.at(103.0, lambda: stage.fail(ConnectFailed("refused")))
    stage.clock.at(108.0, lambda: stage.fail(None))

    stage.run_until(130.0)

    assert stage.calls == ["started at 100"]
    assert stage.elector.is_leader


def test_an_outage_longer_than_the_deadline_ends_leadership_at_the_deadline() -> None:
    stage = Stage()
    stage.clock.at(101.0, lambda: stage.fail(ConnectFailed("refused")))

    with pytest.raises(LeadershipLost, match="leader election lost: not renewed within 10s"):
        stage.run_until(130.0)

    assert stage.calls == ["started at 100", "lost at 110"]
    assert stage.told.events[-1] == ("system/manager", "LeaderElection", "me stopped leading")
    assert stage.status() == 0.0


def test_a_stolen_lease_ends_leadership_with_the_next_renewal() -> None:
    stage = Stage()
    stage.clock.at(101.0, lambda: setattr(stage.server, "lease", _foreign()))

    with pytest.raises(LeadershipLost, match="the lease is held by other"):
        stage.run_until(130.0)

    assert stage.calls == ["started at 100", "lost at 102"]


def test_release_closes_the_fence_and_frees_the_lease() -> None:
    stage = Stage()
    stage.run_until(101.0)

    stage.elector.release(stage.ctx)

    assert stage.holder() == ""
    assert not stage.elector.is_leader
    assert stage.calls == ["started at 100"]
    assert stage.told.events[-1] == ("system/manager", "LeaderElection", "me stopped leading")
    assert stage.status() == 0.0


def test_a_failed_release_closes_the_fence_all_the_same() -> None:
    stage = Stage()
    stage.run_until(101.0)
    stage.fail(ConnectFailed("refused"))

    stage.elector.release(stage.ctx)

    assert stage.holder() == "me"
    assert not stage.elector.is_leader


def test_who_never_led_releases_nothing() -> None:
    stage = Stage()
    stage.server.lease = _foreign()
    stage.run_until(101.0)

    stage.elector.release(stage.ctx)

    assert stage.server.writes == 0


def test_an_identity_starts_with_the_host_and_is_unique(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "manager-0")

    first, second = process_identity(), process_identity()

    assert first.partition("_")[0] == "manager-0"
    assert len(first.partition("_")[2]) == 36
    assert first != second
