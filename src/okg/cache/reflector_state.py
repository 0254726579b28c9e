"""What a reflector does next, as a pure state machine: list, watch, or wait.

| what happened | next |
|---|---|
| list succeeded | watch from its version |
| list failed | wait, list |
| watch ended or broke after a healthy time or an event | watch from the last version seen |
| watch ended at once with nothing said | wait, watch (a server in trouble, not a quiet one) |
| 410, whether as an answer or inside the stream | list; wait first if the last list led nowhere |
| 401, 403, 404 | wait, list: what we may see may have changed |
| 429 with Retry-After | wait at least that long, then as before |
| anything else | wait, then watch from the last version seen |

Waits grow from 0.8 s by a factor of 2 with jitter up to 30 s, as in client-go, and start over
after two healthy minutes, or when the watch has told something. While nobody answers at all, or
watches break as soon as they are open, they end at 5 s: that costs a server nothing, and recovery
should not wait for half a minute.
"""

import random
from typing import TypeAlias

import msgspec

from okg.errors import ApiError, ConnectFailed, Expired, Forbidden, NotFound, Unauthorized

INITIAL_WAIT = 0.8
LONGEST_WAIT = 30.0
LONGEST_WAIT_UNREACHABLE = 5.0
HEALTHY_AFTER = 120.0
"""Seconds without a failure after which waits start over (client-go's reflector)."""

SHORTEST_WATCH = 1.0
"""Seconds below which a watch that said nothing counts as a failure."""

WATCH_TIMEOUT = (300.0, 600.0)
"""Seconds after which the server is asked to end a watch; drawn anew each time."""


class ListStep(msgspec.Struct, frozen=True):
    """List everything."""


class WatchStep(msgspec.Struct, frozen=True):
    """Watch for changes after ``version``, at most ``timeout`` seconds."""

    version: str
    timeout: float


class WaitStep(msgspec.Struct, frozen=True):
    """Do nothing for so many seconds."""

    seconds: float


Step: TypeAlias = ListStep | WatchStep | WaitStep


class ReflectorState:
    """Decides the next step of one reflector; the caller reports what happened.

    Attributes:
        synced: a list has succeeded at some time.
        last_error: why it is not getting on, or None.
    """

    def __init__(self, jitter: random.Random | None = None) -> None:
        self._random = jitter or random.Random()  # noqa: S311 - jitter, no secret
        self._version: str | None = None
        self._moved = True
        self._wait = 0.0
        self._failures = 0
        self._failed_at = 0.0
        self.synced = False
        self.last_error: Exception | None = None

    def next(self) -> Step:
        """Return what to do now."""
        if self._wait:
            seconds, self._wait = self._wait, 0.0
            return WaitStep(seconds)
        if self._version is None:
            return ListStep()
        return WatchStep(self._version, self._random.uniform(*WATCH_TIMEOUT))

    def listed(self, version: str) -> None:
        """A list succeeded at this version."""
        self._version = version
        self._moved = False
        self.synced = True
        self.last_error = None

    def moved(self, version: str) -> None:
        """The watch has told everything up to this version."""
        self._version = version
        self._moved = True
        self._failures = 0
        self.last_error = None

    def watch_ended(self, now: float, *, lasted: float, events: int) -> None:
        """The server ended a watch, or the connection did, after it had been open."""
        if lasted < SHORTEST_WATCH and not events:
            self._back_off(now, LONGEST_WAIT_UNREACHABLE)

    def failed(self, error: Exception, now: float) -> None:
        """A request failed, or a watch reported an error."""
        self.last_error = error
        if isinstance(error, Expired | Unauthorized | Forbidden | NotFound):
            self._version = None
        if isinstance(error, Expired) and self._moved:
            self._moved = False
            return
        unreachable = isinstance(error, ConnectFailed)
        self._back_off(now, LONGEST_WAIT_UNREACHABLE if unreachable else LONGEST_WAIT)
        if isinstance(error, ApiError) and error.retry_after:
            self._wait = max(self._wait, error.retry_after)

    def _back_off(self, now: float, longest: float) -> None:
        if now - self._failed_at > HEALTHY_AFTER:
            self._failures = 0
        self._failed_at = now
        base = min(INITIAL_WAIT * 2**self._failures, longest)
        self._failures = min(self._failures + 1, 16)
        self._wait = min(base * (1 + self._random.random()), longest * 1.5)
