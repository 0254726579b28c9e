"""CallLimit: runs calls that may hang in threads of their own, and lets the caller go on.

Nothing can end a thread from outside. So a call that its caller has given up keeps its place until
it returns, and when all places are taken new callers wait for one: what hangs costs a bounded
number of threads, and nobody but its own callers. The lock guards the set of threads.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
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
        self._started = 0

    def call(self, ctx: Context, function: Callable[[Context], T]) -> T:
        """Return what ``function`` returns, or raise what it raises.

        Raises:
            Cancelled: the context is done; the call, if it was begun, goes on without us.
        """
        future: Future[T] = Future()
        answered = ctx.child()
        future.add_done_callback(lambda _: answered.cancel())
        inner = ctx.child()

        def run() -> None:
            try:
                future.set_result(function(inner))
            except BaseException as error:  # noqa: BLE001 - the caller's to judge, whatever it is
                future.set_exception(error)

        self._start(ctx, run)
        answered.wait()
        if not future.done():
            raise Cancelled
        return future.result()

    def join(self) -> None:
        """Wait until no call is left."""
        with self._changed:
            while self._threads:
                self._changed.wait()

    def _start(self, ctx: Context, run: Callable[[], None]) -> None:
        def run_in_place() -> None:
            try:
                run()
            finally:
                self._leave(thread)

        thread = threading.Thread(target=run_in_place)
        self._enter(ctx, thread)
        try:
            thread.start()
        except RuntimeError:  # the system has no thread left
            self._leave(thread)
            raise

    def _enter(self, ctx: Context, thread: threading.Thread) -> None:
        """Take a place; wait for one as long as the context allows."""
        forget = ctx.on_cancel(self._wake)
        try:
            with self._changed:
                while len(self._threads) >= self._limit:
                    ctx.check()
                    ctx.clock.wait(self._changed, ctx.remaining())
                self._started += 1
                thread.name = f"okg-{self._name}-{self._started}"
                self._threads.add(thread)
        finally:
            forget()

    def _leave(self, thread: threading.Thread) -> None:
        with self._changed:
            self._threads.discard(thread)
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
