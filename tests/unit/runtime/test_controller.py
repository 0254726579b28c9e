"""What follows from each outcome of a reconcile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from okg.api.core import ConfigMap, Node, Pod
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.resource import O
from okg.cache.source import ChangeHandler, HandlerRegistry
from okg.context import Context
from okg.errors import Conflict, LeadershipLost, TerminalError, api_error
from okg.runtime.controller import Controller
from okg.runtime.controller_metrics import ControllerMetrics
from okg.runtime.handlers import enqueue_mapped, enqueue_object, enqueue_owner
from okg.runtime.predicates import generation_changed, has_label
from okg.runtime.reconcile import Request, Result
from okg.runtime.watch import Watch
from okg.testing.clock import FakeClock
from okg.threads import ThreadGroup
from okg.workqueue.limits import MAX_DELAY

REQUEST = Request("games", "lobby")


class Scripted:
    """A reconciler that does what it is told, one outcome after the other, then nothing."""

    def __init__(self, *outcomes: Callable[[], Result | None]) -> None:
        self.outcomes = list(outcomes)
        self.seen: list[Request] = []

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        self.seen.append(request)
        return self.outcomes.pop(0)() if self.outcomes else None


class Source:
    """Informers that exist only for their handlers."""

    def __init__(self) -> None:
        self.handlers: dict[type, list[object]] = {}

    def informer(self, kind: type[O]) -> HandlerRegistry[O]:
        source = self

        class Registry:
            def add_handler(self, handler: ChangeHandler[O]) -> None:
                source.handlers.setdefault(kind, []).append(handler)

        return Registry()


class Bench:
    """A controller on a clock that stands still."""

    def __init__(
        self, *outcomes: Callable[[], Result | None], longest_backoff: float = MAX_DELAY
    ) -> None:
        self.clock = FakeClock()
        self.registry = CollectorRegistry()
        self.reconciler = Scripted(*outcomes)
        self.controller = Controller(
            "test", self.reconciler, [], longest_backoff=longest_backoff, clock=self.clock
        )
        self.controller.attach(Source(), ControllerMetrics(self.registry))
        self.ctx = Context(clock=self.clock)
        self.group = ThreadGroup(self.ctx)

    def run(self, *advances: float) -> int:
        """Let it work at each of these times; return how often it reconciled."""
        self.controller.enqueue(REQUEST)
        self.group.start("controller", self.controller.run)
        # The worker waits on the clock only when nothing is due.
        self.clock.until_waiting(1)
        for seconds in advances:
            self.clock.advance(seconds)
            self.clock.until_waiting(1)
        self.ctx.cancel()
        self.group.join()
        return len(self.reconciler.seen)

    def work(self, times: int) -> None:
        """Let it work so often without a thread of its own."""
        for _ in range(times):
            assert self.controller.work_once(self.ctx)

    def count(self, name: str, **labels: str) -> float:
        full = {"controller": "test", **labels}
        return self.registry.get_sample_value(f"controller_runtime_{name}", full) or 0.0


def _raise(error: BaseException) -> Callable[[], Result | None]:
    def outcome() -> Result | None:
        raise error

    return outcome


def test_success_is_not_repeated() -> None:
    bench = Bench(lambda: None)

    assert bench.run(1000.0) == 1
    assert bench.count("reconcile_total", result="success") == 1
    assert bench.count("reconcile_time_seconds_count") == 1


def test_requeue_after_comes_back_at_that_time() -> None:
    bench = Bench(lambda: Result(requeue_after=timedelta(seconds=30)))

    assert bench.run(29.0) == 1
    assert bench.count("reconcile_total", result="requeue_after") == 1


def test_requeue_after_is_worked_on_when_due() -> None:
    bench = Bench(lambda: Result(requeue_after=timedelta(seconds=30)))

    assert bench.run(30.0) == 2


def test_an_error_is_retried_after_the_backoff() -> None:
    bench = Bench(_raise(api_error(500, "", "oops")))

    assert bench.run(0.005) == 2
    assert bench.count("reconcile_errors_total") == 1
    assert bench.count("reconcile_total", result="error") == 1
    assert bench.count("reconcile_panics_total") == 0


def test_no_backoff_is_longer_than_the_longest() -> None:
    oops = _raise(api_error(500, "", "oops"))
    bench = Bench(oops, oops, oops, longest_backoff=0.007)

    assert bench.run(0.005, 0.007, 0.007) == 4


def test_what_came_too_early_to_be_tried_keeps_the_backoff() -> None:
    oops, early = _raise(api_error(500, "", "oops")), timedelta(seconds=1)
    bench = Bench(oops, oops, lambda: Result(requeue_after=early, tried=False), oops)

    assert bench.run(0.005, 0.01, 1.0, 0.019) == 4
    assert bench.count("reconcile_errors_total") == 3


def test_an_error_is_not_retried_before_the_server_said() -> None:
    bench = Bench(_raise(api_error(429, "", "slow down", retry_after=7.0)))

    assert bench.run(6.9) == 1


def test_an_unexpected_exception_is_a_panic_and_takes_nobody_along() -> None:
    bench = Bench(_raise(KeyError("bug")))

    assert bench.run(0.005) == 2
    assert bench.count("reconcile_panics_total") == 1
    assert bench.count("reconcile_errors_total") == 1


def test_a_terminal_error_waits_for_the_next_change() -> None:
    bench = Bench(_raise(TerminalError("wrong spec")))

    assert bench.run(2000.0) == 1
    assert bench.count("terminal_reconcile_errors_total") == 1
    assert bench.count("reconcile_errors_total") == 1


def test_a_conflict_is_retried() -> None:
    bench = Bench(_raise(Conflict(409, "Conflict", "changed")))

    assert bench.run(0.005) == 2


def test_lost_leadership_is_not_retried() -> None:
    bench = Bench(_raise(LeadershipLost("gone")))

    assert bench.run(2000.0) == 1
    assert bench.count("reconcile_errors_total") == 0


def test_what_is_not_an_exception_ends_the_controller() -> None:
    bench = Bench(_raise(SystemExit(3)))
    bench.group.start("controller", bench.controller.run)
    bench.controller.enqueue(REQUEST)

    with pytest.raises(SystemExit):
        bench.group.join()


def test_all_series_exist_before_the_first_reconcile() -> None:
    bench = Bench()

    values = [
        bench.registry.get_sample_value(
            "controller_runtime_reconcile_total", {"controller": "test", "result": result}
        )
        for result in ("success", "error", "requeue", "requeue_after")
    ]

    assert values == [0.0, 0.0, 0.0, 0.0]
    assert bench.count("max_concurrent_reconciles") == 1


def _map(name: str, *, generation: int = 1, owner: str = "", **labels: str) -> ConfigMap:
    owners = (OwnerReference(api_version="v1", kind="Pod", name=owner, uid="u", controller=True),)
    return ConfigMap(
        metadata=ObjectMeta(
            name=name,
            namespace="n",
            generation=generation,
            labels=labels,
            owner_references=owners if owner else (),
        )
    )


def test_first_lists_enter_at_low_priority_and_changes_overtake_them() -> None:
    controller = Controller("test", Scripted(), [Watch(ConfigMap, enqueue_object)])
    source = Source()
    controller.attach(source)
    handler = source.handlers[ConfigMap][0]
    assert callable(handler)

    handler(None, _map("listed"), initial=True)
    handler(_map("changed"), _map("changed"), initial=False)

    first, second = controller.queue.get(), controller.queue.get()
    assert first is not None
    assert second is not None
    assert [first.key.name, second.key.name] == ["changed", "listed"]


def test_a_predicate_drops_changes_before_they_are_mapped() -> None:
    controller = Controller(
        "test", Scripted(), [Watch(ConfigMap, enqueue_object, when=generation_changed)]
    )
    source = Source()
    controller.attach(source)
    handler = source.handlers[ConfigMap][0]
    assert callable(handler)

    handler(_map("a"), _map("a"), initial=False)
    handler(_map("b"), _map("b", generation=2), initial=False)

    assert len(controller.queue) == 1


def test_an_owner_is_found_by_group_and_kind_also_when_the_change_took_it_away() -> None:
    handler = enqueue_owner(Pod)

    assert list(handler(_map("a", owner="p"), _map("a"))) == [Request("n", "p")]
    assert list(enqueue_owner(Node)(None, _map("a", owner="p"))) == []


def test_a_mapping_sees_both_values_and_repeats_nobody() -> None:
    handler = enqueue_mapped(lambda m: [Request("n", v) for v in m.metadata.labels.values()])

    requests = list(handler(_map("a", x="1", y="2"), _map("a", x="2", z="3")))

    assert requests == [Request("n", "1"), Request("n", "2"), Request("n", "3")]


def test_a_label_predicate_looks_at_the_value_after() -> None:
    check = has_label("game")

    assert check(None, _map("a", game="1"))
    assert not check(_map("a", game="1"), _map("a"))
    assert check(_map("a", game="1"), None)


def test_changes_within_a_moment_make_one_request_after_it() -> None:
    clock, source = FakeClock(), Source()
    watch = Watch(ConfigMap, enqueue_object, gather=timedelta(milliseconds=50))
    controller = Controller("test", Scripted(), [watch], clock=clock)
    controller.attach(source)
    handler = source.handlers[ConfigMap][0]
    assert callable(handler)

    handler(_map("a"), _map("a"), initial=False)
    clock.advance(0.03)
    handler(_map("a"), _map("a"), initial=False)
    clock.advance(0.02)

    taken = controller.queue.get()
    assert taken is not None
    assert (taken.key.name, len(controller.queue)) == ("a", 0)
    assert taken.due_at == clock.monotonic()


def test_one_request_at_a_time_can_be_worked_on_without_threads() -> None:
    bench = Bench(lambda: Result(requeue_after=timedelta(seconds=0)))
    bench.controller.enqueue(REQUEST)

    bench.work(2)
    bench.controller.queue.shut_down()

    assert bench.reconciler.seen == [REQUEST, REQUEST]
    assert not bench.controller.work_once(bench.ctx)
