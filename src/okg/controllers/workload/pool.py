"""WorkPool: a bounded number of threads that help whoever has many calls to make at once.

The caller works on its own calls and the threads help, so nobody ever waits for a free thread, and
a pool without threads does everything in order. The lock of a batch guards what is left of it; no
call runs under it.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

from okg.context import Context

T = TypeVar("T")
R = TypeVar("R")


class _Work(Protocol):
    def work(self) -> None: ...


class WorkPool:
    """Shares calls among the threads that ``help`` it.

    Args:
        threads: how many there will be.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._work: SimpleQueue[_Work | None] = SimpleQueue()

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Sequence[R]:
        """Return what ``function`` returns for each item, in the order of the items.

        The items are begun in order; all of them are done before the first failure is raised.
        Whichever thread does one has our context variables, and so our span.
        """
        batch = _Batch(function, items)
        for _ in range(min(self.threads, len(items) - 1)):
            self._work.put(batch)
        batch.work()
        return batch.results()

    def help(self, _ctx: Context) -> None:
        """Work for others until the pool is closed; the body of each thread."""
        while (work := self._work.get()) is not None:
            work.work()

    def close(self) -> None:
        """Let all threads end when they are done."""
        for _ in range(self.threads):
            self._work.put(None)


class _Batch(Generic[T, R]):
    def __init__(self, function: Callable[[T], R], items: Sequence[T]) -> None:
        self._function = function
        self._ours = copy_context()
        self._lock = threading.Lock()
        self._futures = [Future[R]() for _ in items]
        self._left = iter(list(zip(items, self._futures, strict=True)))

    def work(self) -> None:
        """Take one item after the other until none is left."""
        while (taken := self._take()) is not None:
            item, future = taken
            try:
                future.set_result(self._ours.copy().run(self._function, item))
            except BaseException as error:  # noqa: BLE001 - raised where the batch was begun
                future.set_exception(error)

    def results(self) -> Sequence[R]:
        """Wait until everything is done, and return it or raise the first failure."""
        wait(self._futures)
        return [future.result() for future in self._futures]

    def _take(self) -> tuple[T, Future[R]] | None:
        with self._lock:
            return next(self._left, None)
