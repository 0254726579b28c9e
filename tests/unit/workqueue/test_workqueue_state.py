"""The work queue's state: nothing lost, nothing doubled, never in two hands."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from okg.workqueue.state import EMPTY, LOW_PRIORITY, Taken, WaitUntil, WorkQueueState


def _take(state: WorkQueueState[str], now: float) -> str | None:
    step = state.take(now)
    return step.key if isinstance(step, Taken) else None


def test_keys_come_out_in_the_order_they_went_in() -> None:
    state = WorkQueueState[str]()
    for key in ("a", "b", "c"):
        state.add(key, 0.0)

    assert [_take(state, 0.0) for _ in range(4)] == ["a", "b", "c", None]


def test_a_key_added_twice_comes_out_once() -> None:
    state = WorkQueueState[str]()

    added = [state.add("a", 0.0), state.add("a", 0.0)]

    assert added == [True, False]
    assert [_take(state, 0.0), _take(state, 0.0)] == ["a", None]


def test_a_key_in_somebodys_hands_waits_until_it_is_given_back() -> None:
    state = WorkQueueState[str]()
    state.add("a", 0.0)
    state.take(0.0)
    state.add("a", 1.0)

    meanwhile = _take(state, 1.0)
    entered = state.done("a", 2.0)

    assert meanwhile is None
    assert entered
    assert _take(state, 2.0) == "a"


def test_a_delayed_key_is_due_when_its_time_has_come() -> None:
    state = WorkQueueState[str]()
    state.add("a", 10.0, after=5.0)

    assert state.take(12.0) == WaitUntil(15.0)
    assert state.take(15.0) == Taken("a", 15.0, 0)


def test_the_earlier_of_two_times_wins() -> None:
    state = WorkQueueState[str]()
    state.add("a", 0.0, after=100.0)
    state.add("a", 0.0, after=5.0)
    state.add("a", 0.0, after=50.0)

    assert state.take(0.0) == WaitUntil(5.0)
    assert _take(state, 5.0) == "a"
    assert state.take(200.0) == EMPTY


def test_higher_priority_goes_first_and_a_later_addition_can_raise_it() -> None:
    state = WorkQueueState[str]()
    state.add("old", 0.0, priority=LOW_PRIORITY)
    state.add("raised", 0.0, priority=LOW_PRIORITY)
    state.add("new", 0.0)
    state.add("raised", 0.0)

    assert [_take(state, 0.0) for _ in range(3)] == ["new", "raised", "old"]


def test_an_addition_while_in_hand_keeps_its_delay() -> None:
    state = WorkQueueState[str]()
    state.add("a", 0.0)
    state.take(0.0)
    state.add("a", 1.0, after=9.0)
    state.done("a", 2.0)

    assert state.take(2.0) == WaitUntil(10.0)


def test_nothing_at_all_is_told_apart_from_nothing_yet() -> None:
    state = WorkQueueState[str]()

    assert state.take(0.0) == EMPTY


class QueueMachine(RuleBasedStateMachine):
    """Against a model that is a dict of key → (due, priority) and a set of hands."""

    def __init__(self) -> None:
        super().__init__()
        self.state = WorkQueueState[int]()
        self.now = 0.0
        self.waiting: dict[int, tuple[float, int]] = {}
        self.again: dict[int, tuple[float, int]] = {}
        self.hands: set[int] = set()

    @rule(
        key=st.integers(0, 4),
        after=st.sampled_from([0.0, 0.0, 1.0, 7.5]),
        priority=st.sampled_from([LOW_PRIORITY, 0, 5]),
    )
    def add(self, key: int, after: float, priority: int) -> None:
        where = self.again if key in self.hands else self.waiting
        due, best = where.get(key, (float("inf"), -(10**9)))
        where[key] = (min(due, self.now + after), max(best, priority))
        self.state.add(key, self.now, after=after, priority=priority)

    @rule(seconds=st.sampled_from([0.5, 1.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def take(self) -> None:
        step = self.state.take(self.now)
        due = {key: p for key, (at, p) in self.waiting.items() if at <= self.now}
        if isinstance(step, Taken):
            assert step.key not in self.hands
            assert due[step.key] == max(due.values())
            del self.waiting[step.key]
            self.hands.add(step.key)
        elif isinstance(step, WaitUntil):
            assert not due
            assert step.time == min(at for at, _ in self.waiting.values())
        else:
            assert not self.waiting

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.hands)))
        entered = self.state.done(key, self.now)
        self.hands.remove(key)
        assert entered == (key in self.again)
        if key in self.again:
            self.waiting[key] = self.again.pop(key)

    @invariant()
    def sizes_agree(self) -> None:
        assert len(self.state) == len(self.waiting)
        assert set(self.state.processing) == self.hands


TestQueueMachine = QueueMachine.TestCase
