"""Which probe is next."""

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from okg.workload.native.probing.schedule import Job, Key, Lane, Limits, Schedule, Turn

EXEC, DIRECT = Lane.EXEC, Lane.DIRECT
WIDE = Limits(slots=1000, exec_slots=1000, exec_per_node=1000, exec_rate=10_000, direct_rate=10_000)


def a_job(
    name: str,
    *,
    of: str = "games/xxx",
    node: str = "node-1",
    lane: Lane = EXEC,
    period: float = 10.0,
) -> Job:
    return Job(Key(name, "game", "idle"), of, node, lane, period)


def a_schedule(limits: Limits = WIDE, jitter: Callable[[], float] = lambda: 0.5) -> Schedule:
    return Schedule(limits, jitter)


def due(schedule: Schedule, now: float) -> list[str]:
    """Take all that may run, and let it run."""
    taken: list[str] = []
    while isinstance(turn := schedule.take(now), Turn):
        taken.append(turn.job.key.uid)
    return taken


def test_the_first_time_is_spread_over_a_period() -> None:
    phases = iter([0.0, 0.25, 0.75])
    schedule = a_schedule(jitter=lambda: next(phases))
    for name in "abc":
        schedule.put(a_job(name), 100, earliest=0)

    assert due(schedule, 100) == ["a"]
    assert schedule.take(100) == 2.5
    assert due(schedule, 102.5) == ["b"]
    assert due(schedule, 107.4) == []
    assert due(schedule, 107.5) == ["c"]


def test_the_first_time_waits_for_its_earliest() -> None:
    schedule = a_schedule(jitter=lambda: 0.0)
    schedule.put(a_job("a"), 100, earliest=130)

    assert schedule.take(100) == 30
    assert due(schedule, 130) == ["a"]


@pytest.mark.parametrize(("jitter", "next_"), [(0.0, 9.0), (0.5, 10.0), (1.0, 11.0)])
def test_a_period_counts_from_the_start_of_the_last_and_is_not_exact(
    jitter: float, next_: float
) -> None:
    now = iter([0.0, jitter])
    schedule = a_schedule(jitter=lambda: next(now))
    schedule.put(a_job("a"), 0, earliest=0)

    assert due(schedule, 0) == ["a"]
    schedule.done(a_job("a").key, 2)

    assert schedule.take(2) == pytest.approx(next_ - 2)


def test_a_probe_that_takes_long_delays_the_next_and_never_overlaps() -> None:
    schedule = a_schedule(jitter=lambda: 0.0)
    schedule.put(a_job("a"), 0, earliest=0)

    assert due(schedule, 0) == ["a"]
    assert due(schedule, 25) == []
    schedule.done(a_job("a").key, 25)

    assert due(schedule, 25) == ["a"]


def test_after_a_timeout_a_whole_period_passes() -> None:
    schedule = a_schedule(jitter=lambda: 0.0)
    schedule.put(a_job("a"), 0, earliest=0)

    assert due(schedule, 0) == ["a"]
    schedule.done(a_job("a").key, 5, rest=True)

    assert schedule.take(5) == pytest.approx(11)


def test_a_shorter_period_counts_at_once() -> None:
    schedule = a_schedule(jitter=lambda: 0.9)
    schedule.put(a_job("a", period=600), 0, earliest=0)

    schedule.put(a_job("a", period=3), 1, earliest=0)

    assert schedule.take(1) == 3


def test_a_job_that_runs_and_is_removed_does_not_come_back() -> None:
    schedule = a_schedule(jitter=lambda: 0.0)
    schedule.put(a_job("a"), 0, earliest=0)
    assert due(schedule, 0) == ["a"]

    schedule.remove(a_job("a").key)
    schedule.done(a_job("a").key, 1)

    assert len(schedule) == schedule.running == 0
    assert schedule.take(100) is None


def test_a_job_that_is_put_back_while_it_runs_waits_for_its_end() -> None:
    schedule = a_schedule(jitter=lambda: 0.0)
    schedule.put(a_job("a"), 0, earliest=0)
    assert due(schedule, 0) == ["a"]

    schedule.remove(a_job("a").key)
    schedule.put(a_job("a"), 1, earliest=1)

    assert due(schedule, 50) == []
    schedule.done(a_job("a").key, 51)
    assert due(schedule, 70) == ["a"]


def test_no_more_run_than_there_are_slots() -> None:
    schedule = a_schedule(Limits(slots=3, exec_slots=2), jitter=lambda: 0.0)
    for name in "abc":
        schedule.put(a_job(name), 0, earliest=0)
    for name in "xy":
        schedule.put(a_job(name, lane=DIRECT), 0, earliest=0)

    taken = due(schedule, 0)

    assert len(taken) == 3
    assert len(set(taken) & set("abc")) == 2
    assert schedule.take(0) is None


def test_a_node_with_enough_to_do_holds_nobody_else_back() -> None:
    limits = Limits(slots=9, exec_slots=9, exec_per_node=1)
    schedule = a_schedule(limits, jitter=lambda: 0.0)
    for name in "abc":
        schedule.put(a_job(name), 0, earliest=0)
    schedule.put(a_job("z", node="node-2"), 1, earliest=1)

    assert due(schedule, 1) == ["a", "z"]
    schedule.done(a_job("a").key, 2)
    assert due(schedule, 2) == ["b"]
    schedule.done(a_job("b").key, 3)
    assert due(schedule, 3) == ["c"]


def test_commands_come_at_a_bounded_rate_that_others_do_not_wait_for() -> None:
    limits = Limits(slots=99, exec_slots=99, exec_per_node=99, exec_rate=10)
    schedule = a_schedule(limits, jitter=lambda: 0.0)
    for name in "abc":
        schedule.put(a_job(name), 0, earliest=0)
    schedule.put(a_job("x", lane=DIRECT), 0, earliest=0)

    assert sorted(due(schedule, 0)) == ["a", "x"]
    assert schedule.take(0) == pytest.approx(0.1)
    assert due(schedule, 0.1) == ["b"]


def test_one_set_leaves_slots_to_others() -> None:
    schedule = a_schedule(Limits(slots=8, exec_slots=8), jitter=lambda: 0.0)
    for number in range(20):
        schedule.put(a_job(f"a{number}"), 0, earliest=0)
    alone = len(due(schedule, 0))
    for number in range(alone):
        schedule.done(a_job(f"a{number}").key, 0, rest=True)
    schedule.put(a_job("b", of="games/other"), 0, earliest=99)

    assert alone == 8
    assert len(due(schedule, 50)) == 6


Finish = tuple[float, Key]


def simulate(
    schedule: Schedule, jobs: list[Job], *, seconds: float, takes: Callable[[Job], float]
) -> Counter[str]:
    """Run the jobs and return how often each one began."""
    for job in jobs:
        schedule.put(job, 0, earliest=0)
    now, running, began = 0.0, list[Finish](), Counter[str]()
    while now < seconds:
        step = schedule.take(now)
        if isinstance(step, Turn):
            began[step.job.key.uid] += 1
            running.append((now + takes(step.job), step.job.key))
            continue
        ends = min(running)[0] if running else float("inf")
        now = min(ends, float("inf") if step is None else now + step)
        for finish in [finish for finish in running if finish[0] <= now]:
            running.remove(finish)
            schedule.done(finish[1], now)
    return began


def test_a_large_fleet_does_not_starve_a_small_one() -> None:
    limits = Limits(exec_rate=20)
    large = [a_job(f"large-{number}", of="games/large", period=3) for number in range(600)]
    small = [a_job(f"small-{number}", of="games/small", period=3) for number in range(2)]
    schedule = a_schedule(limits, random.Random(1).random)

    began = simulate(schedule, large + small, seconds=300, takes=lambda _: 0.05)

    assert min(began[job.key.uid] for job in small) >= 90
    assert min(began[job.key.uid] for job in large) >= 7
    assert began.total() == pytest.approx(300 * 20, rel=0.02)


@pytest.mark.parametrize(("healthy_seconds", "at_least"), [(0.01, 95), (0.35, 70)])
def test_probes_that_hang_are_at_the_cost_of_their_own_set(
    healthy_seconds: float, at_least: int
) -> None:
    hanging = [
        a_job(f"hanging-{number}", of="games/bad", lane=DIRECT, period=3) for number in range(100)
    ]
    healthy = [
        a_job(f"healthy-{number}", of="games/good", lane=DIRECT, period=3) for number in range(20)
    ]
    schedule = a_schedule(Limits(), random.Random(1).random)

    began = simulate(
        schedule,
        hanging + healthy,
        seconds=300,
        takes=lambda job: 5.0 if job.of == "games/bad" else healthy_seconds,
    )

    assert min(began[job.key.uid] for job in healthy) >= at_least
    assert min(began[job.key.uid] for job in hanging) >= 1


def test_all_periods_of_a_set_stretch_by_one_factor() -> None:
    limits = Limits(exec_rate=10)
    quick = [a_job(f"quick-{number}", period=2) for number in range(50)]
    slow = [a_job(f"slow-{number}", period=20) for number in range(50)]
    schedule = a_schedule(limits, random.Random(1).random)

    began = simulate(schedule, quick + slow, seconds=600, takes=lambda _: 0.01)

    # 27.5 probes a second are asked for and 10 are allowed.
    assert sum(began[job.key.uid] for job in quick) / 50 == pytest.approx(600 / 2 / 2.75, rel=0.1)
    assert sum(began[job.key.uid] for job in slow) / 50 == pytest.approx(600 / 20 / 2.75, rel=0.2)


def test_a_schedule_that_is_in_time_says_so_and_one_that_is_not_too() -> None:
    schedule = a_schedule(Limits(exec_rate=10), jitter=lambda: 0.0)
    schedule.put(a_job("a", period=1), 0, earliest=0)

    first = schedule.take(0)
    schedule.done(a_job("a").key, 0, rest=True)
    late = schedule.take(11)

    assert isinstance(first, Turn)
    assert isinstance(late, Turn)
    assert (first.lag, first.stretch) == (0, 1)
    assert late.lag == pytest.approx(9.9)
    assert late.stretch == pytest.approx(1 + 0.1 * 9.9)


class ScheduleMachine(RuleBasedStateMachine):
    """Limits are kept, no key runs twice at a time, and whatever is due comes in the end."""

    limits = Limits(slots=4, exec_slots=3, exec_per_node=2, exec_rate=5, direct_rate=7)

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule(self.limits, random.Random(7).random)
        self.now = 0.0
        self.jobs: dict[Key, Job] = {}
        self.running: dict[Key, Job] = {}
        self.commands: list[float] = []

    @rule(
        uid=st.integers(0, 9),
        of=st.sampled_from(["a", "b", "c"]),
        node=st.sampled_from(["n1", "n2"]),
        lane=st.sampled_from([EXEC, DIRECT]),
        period=st.sampled_from([1.0, 3.0, 30.0]),
        wait=st.floats(0, 20),
    )
    def put(self, uid: int, of: str, node: str, lane: Lane, period: float, wait: float) -> None:
        job = Job(Key(str(uid), "game", "idle"), of, node, lane, period)
        self.jobs[job.key] = job
        self.schedule.put(job, self.now, earliest=self.now + wait)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.jobs)))
        del self.jobs[key]
        self.schedule.remove(key)

    @rule()
    def take(self) -> None:
        step = self.schedule.take(self.now)
        if isinstance(step, Turn):
            assert step.job.key not in self.running
            assert step.job == self.jobs[step.job.key]
            assert step.lag >= 0
            self.running[step.job.key] = step.job
            if step.job.lane is EXEC:
                self.commands.append(self.now)
        elif step is None:
            idle = self.jobs.keys() - self.running.keys()
            assert self.running or not idle, "somebody waits and nothing would ever wake them"
        else:
            assert step > 0

    @precondition(lambda self: self.running)
    @rule(data=st.data(), rest=st.booleans())
    def finish(self, data: st.DataObject, *, rest: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.running)))
        del self.running[key]
        self.schedule.done(key, self.now, rest=rest)

    @rule(seconds=st.floats(0.01, 40))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def nobody_starves(self) -> None:
        """Whatever is there runs before long."""
        for key in list(self.running):
            del self.running[key]
            self.schedule.done(key, self.now)
        waiting = set(self.jobs)
        ends = self.now + 200
        while waiting and self.now < ends:
            step = self.schedule.take(self.now)
            if isinstance(step, Turn):
                if step.job.lane is EXEC:
                    self.commands.append(self.now)
                waiting.discard(step.job.key)
                self.schedule.done(step.job.key, self.now)
            else:
                assert step is not None
                self.now += step
        assert not waiting

    @invariant()
    def limits_are_kept(self) -> None:
        commands = [job for job in self.running.values() if job.lane is EXEC]
        assert len(self.running) <= 4
        assert len(commands) <= 3
        assert max(Counter(job.node for job in commands).values(), default=0) <= 2
        assert self.schedule.running == len(self.running)
        assert len(self.schedule) == len(self.jobs)

    @invariant()
    def the_rate_is_kept(self) -> None:
        last = self.commands[-1:]
        for number, began in enumerate(reversed(self.commands[-30:])):
            assert number <= self.limits.exec_rate * (last[0] - began) + 1e-6


TestScheduleMachine = ScheduleMachine.TestCase
TestScheduleMachine.settings = settings(deadline=None, stateful_step_count=60)
