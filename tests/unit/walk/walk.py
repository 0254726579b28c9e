"""A random walk: sets, users, nodes, failures and managers, and what must hold at every step.

All of it is one thread and one source of chance, so a seed is a history that can be had again.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

from okg.api.apps import ControllerRevision
from okg.api.core import Node, ObjectMeta, Pod
from okg.errors import StatusCause
from okg.testing.apiserver import FakeApiServer
from okg.testing.apiserver.trees import Tree, items, text
from okg.testing.standing_clock import StandingClock
from unit.walk.nodes import Nodes
from unit.walk.process import Process
from unit.walk.rest_judge import rest_complaints
from unit.walk.supervisor import Supervisor
from unit.walk.users import FORBIDDEN, Users
from unit.walk.wire import Killed, Weather, Wire

CALM_SECONDS = 3_000.0
"""Time that a set is given to be as it asks: longer than the longest wait after failures."""

WAIT_SECONDS = 300.0
"""Time in which things go wrong and nobody does anything about it."""

REST_SECONDS = 1_200.0
"""Time in which a set that is as it asks costs nothing."""

MOST_REQUESTS = 600
"""Requests that two sets of seven servers may cost in one minute in which nobody does anything."""

MOST_PASSES = 300
"""Passes in which no time goes by."""

_MOVES = 8
_LONG = 1e9
_SHOWN = 60


class Broken(AssertionError):
    """Something did not hold; the message has seed and step, and what happened last."""


class Walk:
    """One history.

    Args:
        seed: of all chance.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.step = 0
        self._random = Random(seed)
        self.clock = StandingClock(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        self.server = FakeApiServer(clock=self.clock, collect=False)
        self.server.register(ControllerRevision.resource_type, subresources=())
        self.server.validator(Pod, _validate)
        for number in range(3):
            self.server.put(Node(metadata=ObjectMeta(name=f"node-{number}")))
        self.users = Users(self.server, self._random)
        self.nodes = Nodes(self.server, self.clock, self._random)
        self.weather = Weather()
        self.supervisor = Supervisor(self.server, self.clock)
        self.users.found_sets()
        self.process = self._start()
        self._follower: Process | None = None
        self._stalled = ""
        self._steps: Sequence[tuple[float, Callable[[], str]]] = (
            (30, self.users.act),
            (10, self._hurt_pod),
            (6, self._pass_time),
            (3, self._change_weather),
            (1.5, self._restart),
            (2, self._follow),
            (1, self._take_over),
            (1, self._compact),
            (3, self._stall),
            (1, self._wait),
            (1, self._calm_down),
            (10, lambda: "nothing"),
        )

    def run(self, steps: int) -> None:
        """Go so many steps, and come to rest.

        Raises:
            Broken: something did not hold.
        """
        for _ in range(steps):
            self.step += 1
            self._see_who_is_back()
            weights = [weight for weight, _ in self._steps]
            step = self._random.choices([step for _, step in self._steps], weights)[0]
            self._note(step())
            for _ in range(self._random.randrange(_MOVES + 1)):
                self._move()
            self._check()
        self._note(self._calm_down())
        self._check()

    # How it goes on.

    def _move(self) -> None:
        """Let one of all parts do one thing."""
        self._see_who_is_back()
        self._random.choices(
            (self._deliver_some, self._deliver_all, self._work, self._run_pod, self._collect),
            (25, 10, 40, 20, 5),
        )[0]()

    def _see_who_is_back(self) -> None:
        self.supervisor.pods.forget_who_is_back(self.users.pods())

    def _deliver_some(self) -> None:
        feed = self._random.choice(self.process.feeds)
        if feed.kind != self._stalled:
            feed.deliver(self._random.randrange(1, 4))

    def _deliver_all(self) -> None:
        told = self._random.random() < 0.5
        for feed in self.process.feeds:
            if feed.kind != self._stalled:
                feed.deliver()
                if told:
                    feed.bookmark(self.server.revision)

    def _work(self) -> None:
        controllers = list(self.process.controllers)
        self._random.shuffle(controllers)
        self._guarded(lambda: any(self.process.work(one) == 0.0 for one in controllers))

    def _run_pod(self) -> None:
        pods = self.users.pods()
        if pods:
            self.nodes.turn(self._random.choice(pods))

    def _collect(self) -> None:
        self.server.collect_garbage()

    def _meanwhile(self) -> None:
        """Let somebody be faster than a request that is on its way."""
        if self.weather.strikes and self._random.random() < 0.03:
            self._note(f"meanwhile {self.users.act()}")
        elif self._random.random() < 0.03:
            self._run_pod()

    # Steps.

    def _hurt_pod(self) -> str:
        pods = [pod for pod in self.users.pods() if pod.status.phase == "Running"]
        if not pods:
            return "no pod to hurt"
        pod = self._random.choice(pods)
        if self._random.random() < 0.3:
            self.nodes.fail(pod)
            return f"{pod.metadata.name} is evicted"
        self.nodes.flip(pod)
        return f"{pod.metadata.name} is not ready"

    def _pass_time(self) -> str:
        seconds = self._random.choice([0.02, 0.2, 1.0, 5.0, 30.0, 90.0])
        self.clock.advance(seconds)
        return f"{seconds} s go by"

    def _change_weather(self) -> str:
        self.weather.strikes = self._random.choice([0.0, 0.0, 0.05, 0.3])
        self.weather.deaths = self._random.choice([0.0, 0.0, 0.01])
        return f"{self.weather.strikes:.0%} of the requests fail"

    def _restart(self) -> str:
        self.supervisor.starts()
        self.process = self._start()
        return "the manager starts anew"

    def _follow(self) -> str:
        """Start another replica, or tell the one there is what its caches have missed."""
        if self._follower is None:
            self._follower = self._start()
            return "a second replica starts"
        self._random.choice(self._follower.feeds).deliver()
        return "the second replica hears of something"

    def _take_over(self) -> str:
        """Let the second replica lead, with caches of a moment ago."""
        if self._follower is None:
            return "nobody to take over"
        self.process, self._follower = self._follower, None
        self.supervisor.starts()
        return "the second replica takes over"

    def _stall(self) -> str:
        """Let a watch tell nothing more, as a half-open connection does, or all of them tell."""
        kinds = [feed.kind for feed in self.process.feeds]
        self._stalled = self._random.choice(["", *kinds[:4]])
        return f"watches are slow: {self._stalled or 'none'}"

    def _compact(self) -> str:
        self.server.compact()
        return "the server's history is forgotten"

    # How it comes to rest.

    def _wait(self) -> str:
        """Let time pass while whatever is wrong stays so: that must not cost much."""
        self.weather.strikes = self.weather.deaths = 0.0
        self._idle(WAIT_SECONDS, self._leave_it)
        return f"everybody waits until {self.clock.monotonic():.0f} s"

    def _leave_it(self) -> bool:
        return False

    def _calm_down(self) -> str:
        """Let everything be done that there is to do, and see whether it is what was asked for."""
        self._stalled = ""
        self.weather.strikes = self.weather.deaths = 0.0
        self.users.tidy()
        self._idle(CALM_SECONDS, self.users.help)
        self._check()
        for gss in self.users.sets():
            for words in rest_complaints(self.server, gss):
                self.supervisor.complain(words)
        before = self.server.revision
        self._idle(REST_SECONDS, self.users.help)
        if self.server.revision != before:
            self.supervisor.complain("something is written at rest")
        return f"all calm at {self.clock.monotonic():.0f} s"

    def _idle(self, seconds: float, users: Callable[[], bool]) -> None:
        """Let time pass, and do at each moment all that is due.

        Args:
            seconds: how long.
            users: what they do at each moment; whether there was anything.
        """
        ends = self.clock.monotonic() + seconds
        while self.clock.monotonic() < ends:
            minute, sent = self.clock.monotonic() + 60, self.process.wire.sent
            while self.clock.monotonic() < min(minute, ends):
                due = self._finish(users)
                self.clock.advance(min(due, ends - self.clock.monotonic()) + 0.001)
                if self.process.wire.sent - sent > MOST_REQUESTS:
                    self.supervisor.complain(f"more than {MOST_REQUESTS} requests in a minute")
                    return

    def _finish(self, users: Callable[[], bool]) -> float:
        """Do all that can be done at this moment; return how long nothing will be due."""
        for _ in range(MOST_PASSES):
            self._see_who_is_back()
            before = self.server.revision
            moved = self.process.deliver_all() > 0
            moved |= users()
            moved |= True in {self.nodes.turn(pod) for pod in self.users.pods()}
            self.server.collect_garbage()
            moved |= self.server.revision != before
            waits = [self.process.work(one) for one in self.process.controllers]
            if self.supervisor.complaints:
                return _LONG
            if not moved and 0.0 not in waits:
                return min((wait for wait in waits if wait is not None), default=_LONG)
        self.supervisor.complain("no end of passes while no time goes by")
        return _LONG

    # The manager.

    def _start(self) -> Process:
        wire = Wire(self.server, self.supervisor, self.weather, self._random, self._meanwhile)
        return Process(self.server, wire, self.clock, self.supervisor)

    def _guarded(self, work: Callable[[], object]) -> None:
        with suppress(Killed):
            work()
        # Beside another failure of the same pass, that of being killed may go unheard.
        if self.process.wire.dead:
            self.supervisor.ends("killed")
            self.supervisor.starts()
            self._note("the manager was killed and starts anew")
            self.process = self._start()

    # What is told.

    def _note(self, words: str) -> None:
        self.supervisor.note(f"{self.step}: {words}")

    def _check(self) -> None:
        if self.supervisor.complaints:
            raise Broken(self.report())

    def report(self) -> str:
        """Return what happened last, and how to see it again."""
        lines = [
            f"seed {self.seed}, step {self.step}: {self.supervisor.complaints[0]}",
            f"again: hack/walk --seed {self.seed} --steps {self.step}",
            *deque(self.supervisor.trail, maxlen=_SHOWN),
        ]
        return "\n".join(lines)


def _validate(pod: Tree) -> Sequence[StatusCause]:
    """Refuse what the API server would."""
    images = [text(container, "image") for container in items(pod, "spec", "containers")]
    if any(image.startswith(FORBIDDEN) for image in images):
        return [StatusCause(field="spec.containers[0].image", message="is forbidden")]
    return []
