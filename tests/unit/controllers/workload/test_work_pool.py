import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import pytest

from okg.context import Context
from okg.controllers.workload import WorkPool
from okg.threads import ThreadGroup


@contextmanager
def running(threads: int) -> Generator[WorkPool]:
    pool, group = WorkPool(threads), ThreadGroup(Context())
    for number in range(threads):
        group.start(f"helper-{number}", pool.help)
    try:
        yield pool
    finally:
        pool.close()
        group.join()


def test_a_pool_without_threads_does_everything_in_order() -> None:
    order = count()

    results = WorkPool(0).map(lambda item: f"{item}{next(order)}", "abc")

    assert results == ["a0", "b1", "c2"]
    assert WorkPool(0).map(str, []) == []


def test_threads_and_caller_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)

    with running(2) as pool:
        results = pool.map(lambda n: (together.wait(), n)[1], range(3))

    assert results == [0, 1, 2]


def test_everything_is_done_before_the_first_failure_is_raised() -> None:
    done: list[int] = []

    def call(number: int) -> None:
        done.append(number)
        if number in {1, 3}:
            raise ValueError(number)

    with running(2) as pool, pytest.raises(ValueError, match="1"):
        pool.map(call, range(6))

    assert sorted(done) == [0, 1, 2, 3, 4, 5]


def test_many_batches_share_the_threads_and_keep_their_results_apart() -> None:
    with running(3) as pool, ThreadPoolExecutor(4) as callers:
        batches = callers.map(lambda word: pool.map(word.__add__, "xyz" * 50), "abcdefgh")
        found = ["".join(batch) for batch in batches]

    assert found == [f"{word}x{word}y{word}z" * 50 for word in "abcdefgh"]


def test_helpers_end_when_the_pool_is_closed() -> None:
    with running(3) as pool:
        pool.map(str, range(10))

    assert not [t.name for t in threading.enumerate() if t.name.startswith("okg-helper")]
