"""Streams: who waits for news of which set.

Streams wait on the loop of the server; news come from the thread of a cache. A lock guards the
lists.
"""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from okg.api.game import GameServerSet
from okg.runtime.reconcile import Request


class Streams:
    """Wakes those who wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wakers: dict[Request, list[Callable[[], object]]] = {}

    def __len__(self) -> int:
        """Return how many wait."""
        with self._lock:
            return sum(len(wakers) for wakers in self._wakers.values())

    @contextmanager
    def listening(self, request: Request) -> Generator[asyncio.Event]:
        """Yield an event of the running loop that is set whenever there are news of a set."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(news.set)

        with self._lock:
            self._wakers.setdefault(request, []).append(wake)
        try:
            yield news
        finally:
            with self._lock:
                self._wakers[request].remove(wake)
                if not self._wakers[request]:
                    del self._wakers[request]

    def on_change(
        self, old: GameServerSet | None, new: GameServerSet | None, *, initial: bool
    ) -> None:
        """Wake those who wait for news of a set; a ChangeHandler."""
        changed = new or old
        if changed is None or initial:
            return
        with self._lock:
            wakers = tuple(self._wakers.get(Request.of(changed), ()))
        for wake in wakers:
            wake()

    def wake_all(self) -> None:
        """Wake everybody: there are news of another kind."""
        with self._lock:
            wakers = [wake for some in self._wakers.values() for wake in some]
        for wake in wakers:
            wake()
