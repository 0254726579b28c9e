"""The work queue between threads."""

import threading
from collections import Counter

from prometheus_client import CollectorRegistry, generate_latest

from okg.context import Context
from okg.testing.clock import FakeClock
from okg.threads import ThreadGroup
from okg.workqueue.limits import RateLimiter
from okg.workqueue.metrics import QueueMetrics
from okg.workqueue.queue import WorkQueue


def test_failures_double_the_wait_up_to_a_limit_and_success_starts_over() -> None:
    limiter = RateLimiter[str](longest=0.05)

    waits = [limiter.delay("a", 0.0) for _ in range(5)]
    limiter.forget("a")

    assert waits == [0.005, 0.01, 0.02, 0.04, 0.05]
    assert limiter.delay("a", 0.0) == 0.005


def test_a_thousand_failures_in_a_row_do_not_overflow() -> None:
    limiter = RateLimiter[str](rate=1e9, burst=10**9)

    waits = [limiter.delay("a", 0.0) for _ in range(2000)]

    assert waits[-1] == 1000.0


def test_all_keys_together_are_limited_after_a_burst() -> None:
    limiter = RateLimiter[int](rate=10.0, burst=2)

    assert [limiter.delay(key, 0.0) for key in range(4)] == [0.005, 0.005, 0.1, 0.2]


def test_a_worker_sleeps_until_the_next_key_is_due_without_a_timer_thread() -> None:
    clock = FakeClock()
    queue = WorkQueue[str](clock=clock)
    got: list[str] = []
    worker = ThreadGroup(Context())
    worker.start("worker", lambda _: got.extend(t.key for t in [queue.get()] if t))
    clock.until_waiting(1)

    queue.add("a", after=30.0)
    clock.until_waiting(1)
    clock.advance(30.0)
    worker.join()

    assert got == ["a"]


def test_shutting_down_wakes_workers_and_hands_out_nothing_more() -> None:
    queue = WorkQueue[str]()
    got: list[object] = []
    workers = ThreadGroup(Context())
    for number in range(3):
        workers.start(f"worker-{number}", lambda _: got.append(queue.get()))

    queue.shut_down()
    queue.add("late")
    workers.join()

    assert got == [None, None, None]
    assert len(queue) == 0


def test_many_threads_never_hold_one_key_at_a_time_and_lose_none() -> None:
    queue = WorkQueue[int](limiter=RateLimiter(rate=1e9, burst=10**9, base=0.0))
    held: Counter[int] = Counter()
    seen: set[int] = set()
    doubled: list[int] = []
    lock = threading.Lock()
    finished = threading.Event()

    def work(_ctx: Context) -> None:
        while (taken := queue.get()) is not None:
            with lock:
                held[taken.key] += 1
                if held[taken.key] > 1:
                    doubled.append(taken.key)
            with lock:
                held[taken.key] -= 1
                seen.add(taken.key)
                if len(seen) == 500:
                    finished.set()
            queue.done(taken.key)

    def add(_ctx: Context) -> None:
        for key in range(500):
            queue.add(key)
            queue.add_rate_limited(key % 7)

    workers = ThreadGroup(Context())
    for number in range(8):
        workers.start(f"worker-{number}", work)
    adders = ThreadGroup(Context())
    for number in range(4):
        adders.start(f"adder-{number}", add)
    adders.join()
    arrived = finished.wait(20)
    queue.shut_down()
    workers.join()

    assert arrived
    assert doubled == []


def test_metrics_have_the_names_and_labels_that_dashboards_use() -> None:
    registry, clock = CollectorRegistry(), FakeClock()
    queue = WorkQueue[str]("pods", metrics=QueueMetrics(registry), clock=clock)
    queue.add("a")
    queue.add("b")
    queue.add_rate_limited("c")
    queue.get()
    clock.advance(2.0)

    text = generate_latest(registry).decode()

    labels = '{controller="pods",name="pods"}'
    assert f"workqueue_adds_total{labels} 3.0" in text
    assert f"workqueue_retries_total{labels} 1.0" in text
    assert f"workqueue_depth{labels} 1.0" in text
    assert f"workqueue_unfinished_work_seconds{labels} 2.0" in text
    assert f"workqueue_longest_running_processor_seconds{labels} 2.0" in text
    assert (
        'workqueue_queue_duration_seconds_bucket{controller="pods",le="1e-08",name="pods"} 1.0'
        in text
    )
