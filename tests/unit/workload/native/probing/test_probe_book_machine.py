"""A book in a cluster where everything happens: conditions are what a simple reference says."""

import random

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.workload.native.probing.book import Assignment, Book, Instant, Outcome
from okg.workload.native.probing.outbox import PodRef, Write
from okg.workload.native.probing.probe import Probes
from okg.workload.native.probing.schedule import Key, Limits
from unit.workload.native.probing.probed_pods import (
    a_probed_pod,
    a_quality,
    after,
    ended,
    running,
    some_probes,
)

ONE = some_probes(a_quality(failureThreshold=2))
TWO = some_probes(a_quality(failureThreshold=2), a_quality("full", successThreshold=2))
LIMITS = Limits(slots=3, exec_slots=3)
NAMES = ("xxx-0", "xxx-1")

Said = tuple[str, str]


class Container:
    """The reference: what happened to one container since it started."""

    def __init__(self, probe: str) -> None:
        self.needed = {True: 2 if probe == "full" else 1, False: 1 if probe == "full" else 2}
        if probe == "full":
            self.needed[False] = 3
        self.outcomes: list[tuple[bool, str]] = []
        self.runs = True

    def says(self) -> Said:
        if not self.runs:
            return "False", "Container(game) is Non-running"
        for end in range(len(self.outcomes), 0, -1):
            ok, message = self.outcomes[end - 1]
            row = self.outcomes[max(0, end - self.needed[ok]) : end]
            if len(row) == self.needed[ok] and all(outcome[0] is ok for outcome in row):
                return str(ok), message
        return "False", ""


class BookMachine(RuleBasedStateMachine):
    """Pods come, restart and go, probes end in any order, writes fail."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(LIMITS, random.Random(3).random)
        self.seconds = 0.0
        self.starts = 0
        self.probes = ONE
        self.pods: dict[str, Pod] = {}
        self.reference: dict[Key, Container] = {}
        self.hands: list[Assignment] = []
        self.stale: set[int] = set()

    @property
    def now(self) -> Instant:
        return Instant(self.seconds, after(self.seconds))

    def show(self, name: str, pod: Pod) -> None:
        self.pods[name] = pod
        self.book.see(pod, "games/xxx", self.probes, self.now)

    def restart(self, name: str) -> None:
        for probe in self.probes.runnable:
            key = Key(self.pods[name].metadata.uid, "game", probe.quality)
            self.reference[key] = Container(probe.quality)

    def without(self, name: str) -> None:
        uid = self.pods[name].metadata.uid
        self.reference = {k: c for k, c in self.reference.items() if k.uid != uid}
        self.outdate(name)

    def outdate(self, name: str) -> None:
        """What is in hand of a pod says nothing any more."""
        uid = self.pods[name].metadata.uid
        self.stale |= {id(a) for a in self.hands if a.turn.job.key.uid == uid}

    @precondition(lambda self: len(self.pods) < len(NAMES))
    @rule()
    def a_pod_comes(self) -> None:
        name = next(name for name in NAMES if name not in self.pods)
        self.starts += 1
        container = running(self.starts, since=self.seconds)
        self.show(name, a_probed_pod(container, name=name, uid=f"uid-{self.starts}"))
        self.restart(name)

    @precondition(lambda self: self.pods)
    @rule(data=st.data())
    def a_pod_goes(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.pods)))
        self.without(name)
        del self.pods[name]
        self.book.lose("games", name)

    @precondition(lambda self: self.pods)
    @rule(data=st.data())
    def a_container_ends(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.pods)))
        pod = self.pods[name]
        number = pod.status.container_statuses[0].restart_count + 1
        self.show(name, _with(pod, ended(number)))
        self.outdate(name)
        for key, container in self.reference.items():
            if key.uid == pod.metadata.uid:
                container.runs = False

    @precondition(lambda self: self.pods)
    @rule(data=st.data())
    def a_container_starts_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.pods)))
        self.starts += 1
        container = running(self.starts, since=self.seconds)
        self.outdate(name)
        self.show(name, _with(self.pods[name], container))
        self.restart(name)

    @rule(probes=st.sampled_from([ONE, TWO]))
    def the_set_is_edited(self, probes: Probes) -> None:
        gone = {p.quality for p in self.probes.runnable} - {p.quality for p in probes.runnable}
        come = {p.quality for p in probes.runnable} - {p.quality for p in self.probes.runnable}
        self.probes = probes
        for name, pod in self.pods.items():
            self.show(name, pod)
            runs = pod.status.container_statuses[0].ready
            for quality in come:
                key = Key(pod.metadata.uid, "game", quality)
                self.reference[key] = Container(quality)
                self.reference[key].runs = runs
        self.reference = {k: c for k, c in self.reference.items() if k.quality not in gone}
        self.stale |= {id(a) for a in self.hands if a.turn.job.key.quality in gone}

    @rule()
    def take(self) -> None:
        step = self.book.take_probe(self.now)
        if isinstance(step, Assignment):
            key = step.turn.job.key
            assert key not in [hand.turn.job.key for hand in self.hands]
            assert self.reference[key].runs
            self.hands.append(step)
            assert len(self.hands) <= 3

    @precondition(lambda self: self.hands)
    @rule(
        data=st.data(),
        ok=st.sampled_from([True, False, None]),
        message=st.sampled_from(["", "a", "b"]),
    )
    def settle(self, data: st.DataObject, ok: bool | None, message: str) -> None:  # noqa: FBT001
        hand = self.hands.pop(data.draw(st.integers(0, len(self.hands) - 1)))
        self.book.settle(hand, Outcome(ok, message), self.now)
        if ok is not None and id(hand) not in self.stale:
            self.reference[hand.turn.job.key].outcomes.append((ok, message))
        self.stale.discard(id(hand))

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 15.0]))
    def time_goes_on(self, seconds: float) -> None:
        self.seconds += seconds

    @rule(succeeds=st.booleans())
    def write(self, *, succeeds: bool) -> None:
        step = self.book.take_write(self.now)
        if isinstance(step, Write) and succeeds:
            self.carry_out(step)
        elif isinstance(step, Write):
            self.book.write_again(step, self.now)

    @rule()
    def all_is_written(self) -> None:
        """After a while without news every condition is what the reference says."""
        ends = self.seconds + 300
        while (step := self.book.take_write(self.now)) is not None:
            assert self.seconds < ends
            if isinstance(step, Write):
                self.carry_out(step)
            else:
                self.seconds += step
        for name, pod in self.pods.items():
            wanted = {
                f"game.kruise.io/{key.quality}": container.says()
                for key, container in self.reference.items()
                if key.uid == pod.metadata.uid
            }
            assert _said(self.pods[name]) == wanted

    def carry_out(self, write: Write) -> None:
        """Store a write as a server would, and show the pod to the book."""
        self.book.wrote(write, self.now)
        pod = self.pods.get(write.pod.name)
        if pod is None or PodRef.of(pod) != write.pod:
            return
        kept = [c for c in pod.status.conditions if c.type not in write.conditions]
        new = [c for c in write.conditions.values() if c is not None]
        status = replace(pod.status, conditions=(*kept, *new))
        self.show(write.pod.name, replace(pod, status=status))

    @invariant()
    def what_is_kept_is_what_there_is(self) -> None:
        due = [key for key, container in self.reference.items() if container.runs]
        assert self.book.sizes[0] == len(due)
        assert self.book.sizes[1] == len(self.hands)


def _with(pod: Pod, container: object) -> Pod:
    return replace(pod, status=replace(pod.status, container_statuses=(container,)))


def _said(pod: Pod) -> dict[str, Said]:
    return {c.type: (c.status, c.message) for c in _results(pod)}


def _results(pod: Pod) -> list[PodCondition]:
    return [c for c in pod.status.conditions if c.type.startswith("game.kruise.io/")]


TestBookMachine = BookMachine.TestCase
TestBookMachine.settings = settings(deadline=None, stateful_step_count=60)
