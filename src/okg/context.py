"""Context: cancellation, deadline and logger, passed as the first argument and never global.

A context has one condition of its own; children register with their parent and are cancelled with
it. Lock order is parent before child, and no callback runs under a lock.
"""

import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Self

from okg.clock import SYSTEM_CLOCK, Clock
from okg.errors import Cancelled
from okg.telemetry.logging import BoundLogger, get_logger


class Context:
    """Cancellation, deadline and logger of one piece of work.

    Args:
        log: structured logger; every line carries the fields bound to it.
        clock: where time comes from.
        parent: a context whose end is also ours.
        deadline: ``clock.monotonic()`` after which the context is done, or None.
    """

    def __init__(
        self,
        log: BoundLogger | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        parent: "Context | None" = None,
        deadline: float | None = None,
    ) -> None:
        self.log: BoundLogger = log if log is not None else get_logger()
        self.clock = clock
        self.deadline_at: float | None = _earliest(deadline, parent.deadline_at if parent else None)
        self._changed = threading.Condition()
        self._cancelled = False
        self._children: weakref.WeakSet[Context] = weakref.WeakSet()
        self._callbacks: list[Callable[[], object]] = []
        # Children are held weakly and hold their parent, so a finished child costs nothing.
        self._parent = parent
        if parent is not None:
            parent._adopt(self)  # noqa: SLF001 - the same class

    def child(self, **fields: object) -> Self:
        """Return a context that ends with this one and logs with more fields."""
        log = self.log.bind(**fields) if fields else self.log
        return type(self)(log, clock=self.clock, parent=self)

    @contextmanager
    def deadline(self, seconds: float) -> Generator["Context"]:
        """Yield a child that is done after ``seconds`` at the latest."""
        limited = Context(
            self.log, clock=self.clock, parent=self, deadline=self.clock.monotonic() + seconds
        )
        try:
            yield limited
        finally:
            limited.cancel()

    @property
    def done(self) -> bool:
        """Whether the context was cancelled or its deadline has passed."""
        if self._cancelled:
            return True
        return self.deadline_at is not None and self.clock.monotonic() >= self.deadline_at

    def remaining(self) -> float | None:
        """Return seconds until the deadline, never negative, or None without one."""
        if self.deadline_at is None:
            return None
        return max(0.0, self.deadline_at - self.clock.monotonic())

    def check(self) -> None:
        """Raise Cancelled when the context is done."""
        if self.done:
            raise Cancelled

    def sleep(self, seconds: float) -> bool:
        """Sleep; return False as soon as the context is done, True after a full sleep."""
        until = self.clock.monotonic() + seconds
        with self._changed:
            while not self.done:
                left = until - self.clock.monotonic()
                if left <= 0:
                    return True
                limit = self.remaining()
                self.clock.wait(self._changed, left if limit is None else min(left, limit))
        return False

    def wait(self) -> None:
        """Block until the context is done."""
        with self._changed:
            while not self.done:
                self.clock.wait(self._changed, self.remaining())

    def on_cancel(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call ``callback`` once on cancellation (at once when already cancelled).

        Returns a function that takes the registration back. A deadline that merely passes does
        not call it: whoever waits with a deadline looks at the clock anyway.
        """
        with self._changed:
            if not self._cancelled:
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def cancel(self) -> None:
        """End this context and all its children; harmless when repeated."""
        with self._changed:
            if self._cancelled:
                return
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
            children = list(self._children)
            self._changed.notify_all()
        for callback in callbacks:
            callback()
        for child in children:
            child.cancel()

    def _adopt(self, child: "Context") -> None:
        with self._changed:
            if not self._cancelled:
                self._children.add(child)
                return
        child.cancel()

    def _forget(self, callback: Callable[[], object]) -> None:
        with self._changed:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


def _earliest(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
