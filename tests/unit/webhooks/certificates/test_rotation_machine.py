"""Years of several replicas in any order: no API server ever meets a certificate it does not trust.

API servers see a configuration at some time within twenty seconds after it was written. Replicas
look at least every ten seconds, or are away for weeks.
"""

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.strategies import floats, integers, permutations, sampled_from

from okg.webhooks.certificates.pair import Pair
from okg.webhooks.certificates.rotation import SETTLE, Register, Serve, Write, decide
from okg.webhooks.certificates.store import Store

REPLICAS = (0, 1, 2)
LIFETIME = timedelta(days=365)


class Rotation(RuleBasedStateMachine):
    """A store, a configuration and three replicas, each at its own place in the story."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.made = count()
        self.expires: dict[str, datetime] = {}
        self.stored: Store | None = None
        self.registered = ""
        self.history: list[tuple[datetime, str]] = []
        self.served: dict[int, Pair] = {}

    def _make(self) -> Pair:
        name = f"<{next(self.made)}>"
        self.expires[name] = self.now + LIFETIME
        return Pair(authority=name, certificate=name, key="")

    def _step(self, replica: int) -> bool:
        bundle = self.stored.bundle if self.stored else ""
        step = decide(
            self.stored,
            registered=self.registered == bundle,
            now=self.now,
            make=self._make,
            check=lambda pair: self.expires[pair.certificate],
        )
        match step:
            case Write(store):
                self.stored = store
            case Register():
                self.registered = bundle
                self.history.append((self.now, bundle))
            case Serve(pair):
                self.served[replica] = pair
                return True
        return False

    def _finish(self, replica: int) -> None:
        while not self._step(replica):
            pass

    @initialize()
    def the_first_replica_comes_up(self) -> None:
        for replica in REPLICAS:
            self._finish(replica)
        self.now += SETTLE

    @rule(replica=sampled_from(REPLICAS))
    def a_replica_does_one_step(self, replica: int) -> None:
        self._step(replica)

    @rule(seconds=floats(0.1, 10), order=permutations(REPLICAS))
    def some_seconds_pass_and_everybody_looks(self, seconds: float, order: list[int]) -> None:
        self.now += timedelta(seconds=seconds)
        for replica in order:
            self._finish(replica)

    @rule(days=integers(1, 60), order=permutations(REPLICAS))
    def everybody_is_away_for_weeks(self, days: int, order: list[int]) -> None:
        self.now += timedelta(days=days)
        for replica in order:
            self._finish(replica)

    @invariant()
    def whatever_is_served_is_trusted_by_every_api_server(self) -> None:
        seen = [bundle for at, bundle in self.history if at > self.now - SETTLE]
        before = [bundle for at, bundle in self.history if at <= self.now - SETTLE]
        for bundle in (*before[-1:], *seen) if before else ():
            assert all(pair.authority in bundle for pair in self.served.values())

    @invariant()
    def nothing_that_is_served_has_expired(self) -> None:
        assert all(self.expires[pair.certificate] > self.now for pair in self.served.values())


Rotation.TestCase.settings = settings(max_examples=30, stateful_step_count=50, deadline=None)
TestRotation = Rotation.TestCase
