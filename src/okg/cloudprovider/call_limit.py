"""CallLimit: runs calls that may hang in threads of their own, and lets the caller go on.

Nothing can end a thread from outside. So a call that its caller has given up keeps its place until
it returns, and when all places are taken new calls wait for one: what hangs costs a bounded number
of threads, and nobody but its own callers. A thread lives while there is work. The lock guards the
threads and what waits for one; no call runs under it.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

from okg.context import Context
from okg.errors import Cancelled

T = TypeVar("T")


class CallLimit:
    """Runs at most ``limit`` calls at a time.

    Args:
        name: part of the threads' names.
        limit: calls at a time, those that were given up included.
    """

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._waiting: dict[object, Callable[[], object]] = {}
        self._started = 0

    def begin(self, function: Callable[[], T]) -> Future[T]:
        """Run ``function`` as soon as there is a place for it; the future has its outcome.

        It runs with our context variables, so it belongs to the span that we are in.
        """
        future: Future[T] = Future()
        ours = copy_context()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(ours.run(function))
            except BaseException as error:  # noqa: BLE001 - the caller's to judge, whatever it is
                future.set_exception(error)

        with self._changed:
            self._waiting[future] = run
            if len(self._threads) < self._limit:
                self._start()
        return future

    def call(self, ctx: Context, function: Callable[[Context], T]) -> T:
        """Return what ``function`` returns, or raise what it raises.

        Raises:
            Cancelled: the context is done; the call, if it was begun, goes on without us.
        """
        inner, answered = ctx.child(), ctx.child()
        future = self.begin(lambda: function(inner))
        future.add_done_callback(lambda _: answered.cancel())
        answered.wait()
        if not future.done():
            self._give_up(future)
            raise Cancelled
        return future.result()

    def join(self) -> None:
        """Wait until no call is left."""
        with self._changed:
            while self._threads:
                self._changed.wait()

    def _start(self) -> None:
        """Start one more thread; the lock is held, so it finds what it was started for."""
        self._started += 1
        thread = threading.Thread(target=self._work, name=f"okg-{self._name}-{self._started}")
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the system has no thread left; others may get to it
            self._threads.discard(thread)
            if not self._threads:
                self._waiting.clear()
                raise

    def _work(self) -> None:
        while (run := self._take()) is not None:
            run()

    def _take(self) -> Callable[[], object] | None:
        """Return what waited longest; without any this thread is none of ours any more."""
        with self._changed:
            for future in self._waiting:
                return self._waiting.pop(future)
            self._threads.discard(threading.current_thread())
            self._changed.notify_all()
            return None

    def _give_up(self, future: Future[T]) -> None:
        future.cancel()
        with self._changed:
            self._waiting.pop(future, None)
