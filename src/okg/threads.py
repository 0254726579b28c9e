"""ThreadGroup: threads that never outlive their owner."""

import threading
from collections.abc import Callable

from okg.context import Context
from okg.errors import Cancelled


class ThreadGroup:
    """Runs functions in named threads under one context.

    The first function that raises ends the context of all, and ``join`` raises its exception.

    Args:
        ctx: parent of the context the functions get.
    """

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx.child()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._failure: BaseException | None = None

    def start(self, name: str, function: Callable[[Context], object]) -> None:
        """Run ``function`` in a thread called ``okg-<name>``."""
        thread = threading.Thread(target=self._run, args=(function,), name=f"okg-{name}")
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Ask all functions to end."""
        self.ctx.cancel()

    def join(self, timeout: float | None = None) -> list[str]:
        """Wait until all functions have returned; raise what the first failing one raised.

        Args:
            timeout: seconds to wait in all, or None for as long as it takes.

        Returns:
            the names of threads that were still running when the time was over.
        """
        ends = None if timeout is None else self.ctx.clock.monotonic() + timeout
        for thread in self._snapshot():
            left = None if ends is None else max(0.0, ends - self.ctx.clock.monotonic())
            thread.join(left)
        if self._failure is not None:
            raise self._failure
        return [thread.name for thread in self._snapshot() if thread.is_alive()]

    def _snapshot(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads)

    def _run(self, function: Callable[[Context], object]) -> None:
        try:
            function(self.ctx)
        except Cancelled:
            pass
        except BaseException as error:  # noqa: BLE001 - kept for join, whatever it is
            with self._lock:
                self._failure = self._failure or error
            self.ctx.cancel()
