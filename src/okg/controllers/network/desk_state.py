"""DeskState: whose plugin is asked what, what came of it, and when it may be asked again.

One question of a pod is open at a time, so that what a plugin does for one pod has an order. An
answer waits for whoever asked to come back for it. A failure, and an answer that changes the pod,
are followed by a pause that doubles: a plugin that never settles is paced. Another subject, say a
corrected parameter, starts over.

Pure: time comes in as an argument, and the lock is the caller's.
"""

from collections.abc import Hashable
from typing import TypeAlias

import msgspec

from okg.api.core import Pod
from okg.cloudprovider.plugin import PluginError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
"""Seconds between two questions of a pod that does not settle."""

LATE_AFTER = 8.0
"""Seconds after which users are told that a plugin keeps a pod waiting, as at admission."""

_MOST_DOUBLINGS = 10


class Answered(msgspec.Struct, frozen=True):
    """The plugin's answer, told once.

    Attributes:
        asked: the pod it was asked about.
        wanted: the pod it wants.
        unchanged: how many answers in a row, this one included, changed nothing.
    """

    asked: Pod
    wanted: Pod
    unchanged: int


class Failed(msgspec.Struct, frozen=True):
    """The plugin's failure, told until it may be asked again.

    Attributes:
        error: what it was.
        again: seconds until then.
        fresh: whether this is told for the first time.
    """

    error: PluginError
    again: float
    fresh: bool


class Open(msgspec.Struct, frozen=True):
    """There is no answer yet; who asked is woken when there is.

    Attributes:
        begin: whether the caller has to ask the plugin now.
        late: whether it is time to tell users.
        again: seconds until it will be, None if they know.
        failure: of the last time, if it is tried again.
    """

    begin: bool = False
    late: bool = False
    again: float | None = None
    failure: PluginError | None = None


class Resting(msgspec.Struct, frozen=True):
    """The plugin is not asked yet.

    Attributes:
        again: seconds until it may be.
    """

    again: float


Reply: TypeAlias = Answered | Failed | Open | Resting


class _Turn(msgspec.Struct):
    """The last question about one pod; ``outcome`` None while it is open."""

    about: Hashable
    pod: Pod
    asked_at: float
    told: bool = False
    outcome: Pod | PluginError | None = None
    failure: PluginError | None = None
    restless: int = 0
    unchanged: int = 0
    rests_until: float = 0.0


class DeskState:
    """The questions of all pods, by key."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def ask(self, key: str, about: Hashable, pod: Pod, now: float) -> Reply:
        """Return what is known, or let the caller ask.

        Args:
            key: of the pod.
            about: equal as long as the same would be asked.
            pod: as it is.
            now: monotonic seconds.
        """
        turn = self._turns.get(key)
        if turn is not None and turn.outcome is None:
            return _wait(turn, now)
        if turn is None or turn.about != about:
            self._turns[key] = _Turn(about, pod, now)
            return Open(begin=True, again=LATE_AFTER)
        if not turn.told or now < turn.rests_until:
            return _tell(turn, now)
        turn.pod, turn.asked_at, turn.told, turn.outcome = pod, now, False, None
        return Open(begin=True, again=LATE_AFTER, failure=turn.failure)

    def settle(self, key: str, asked: Pod, outcome: Pod | PluginError, now: float) -> None:
        """Note what came of a question; nothing if nobody cares any more."""
        turn = self._turns.get(key)
        if turn is None or turn.pod is not asked:
            return
        turn.outcome, turn.told = outcome, False
        turn.failure = outcome if isinstance(outcome, PluginError) else None
        if outcome == turn.pod:
            turn.restless, turn.unchanged = 0, turn.unchanged + 1
            turn.rests_until = now
            return
        turn.restless, turn.unchanged = turn.restless + 1, 0
        turn.rests_until = now + _pause(turn.restless)

    def failure_of(self, key: str) -> PluginError | None:
        """Return what the plugin of a pod failed with, None since it has answered."""
        turn = self._turns.get(key)
        return turn.failure if turn is not None else None

    def forget(self, key: str) -> None:
        """Drop a pod that is gone."""
        self._turns.pop(key, None)

    def __len__(self) -> int:
        """Return how many pods are known."""
        return len(self._turns)


def _wait(turn: _Turn, now: float) -> Open:
    left = turn.asked_at + LATE_AFTER - now
    if left > 0:
        return Open(again=left, failure=turn.failure)
    late, turn.told = not turn.told, True
    return Open(late=late, failure=turn.failure)


def _tell(turn: _Turn, now: float) -> Reply:
    again = max(0.0, turn.rests_until - now)
    fresh, turn.told = not turn.told, True
    if isinstance(turn.outcome, PluginError):
        return Failed(turn.outcome, again, fresh)
    if fresh and turn.outcome is not None:
        return Answered(turn.pod, turn.outcome, turn.unchanged)
    return Resting(again)


def _pause(times: int) -> float:
    doublings = min(times - 1, _MOST_DOUBLINGS)
    return min(FIRST_PAUSE * 2.0**doublings, LONGEST_PAUSE)
