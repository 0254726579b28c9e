"""Schedule: which probe is next, within what all of them together may cost.

Each set has lines, one for each period, and the probes of a line are in order of when they are due.
While everything is in time that is all there is to it. When probes fall behind

- within a set the line that is late by most periods is next: all periods stretch by one factor;
- between sets the one with the fewest probes under way is next, and of several the one that was
  served least: a small set is in time beside a large one that is not, and probes that hang are at
  the cost of the set that they belong to.

No probe is ever dropped, and none runs twice at a time. All times are in seconds of one clock.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from heapq import heappop, heappush

import msgspec

from okg.workload.native.probing.turnstile import Turnstile

_JITTER = 0.1
"""Part of a period by which one may be longer or shorter."""

_SMOOTHING = 0.1
"""Weight of the last period in the stretch of a line."""


class Lane(StrEnum):
    """What a probe costs: a command in a container, or a connection of our own."""

    EXEC = "exec"
    DIRECT = "direct"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What all probes together may cost.

    Attributes:
        slots: probes at the same time.
        exec_slots: of them, commands.
        exec_per_node: commands on one node at the same time.
        exec_rate: commands a second: each costs the API server, a node and us a new connection.
        direct_rate: other probes a second, so that the rest of the process goes on.
    """

    slots: int = 6
    exec_slots: int = 5
    exec_per_node: int = 8
    exec_rate: float = 100.0
    direct_rate: float = 500.0


class Key(msgspec.Struct, frozen=True, order=True):
    """Which probe."""

    uid: str
    container: str
    quality: str


class Job(msgspec.Struct, frozen=True):
    """A probe that is to be run again and again.

    Attributes:
        key: which one; never run twice at a time.
        of: the set that it is for.
        node: where the pod is.
        lane: what it costs.
        period: from one time to the next.
    """

    key: Key
    of: str
    node: str
    lane: Lane
    period: float


class Turn(msgspec.Struct, frozen=True):
    """A job whose time has come.

    Attributes:
        job: which one.
        lag: how long it has been due.
        stretch: how many times as long as they should be periods are by now, in its line.
    """

    job: Job
    lag: float
    stretch: float


class _Entry:
    """A job, when it is due, and the number by which its place in a heap is told from old ones."""

    __slots__ = ("due", "job", "place", "started")

    def __init__(self, job: Job, due: float) -> None:
        self.job = job
        self.due = due
        self.place = 0
        self.started: float | None = None


_Place = tuple[float, int, Key]


class _Line:
    """Jobs of one set, lane and period."""

    __slots__ = ("announced", "heap", "lane", "members", "of", "period", "stretch")

    def __init__(self, job: Job) -> None:
        self.of = job.of
        self.lane = job.lane
        self.period = job.period
        self.members = 0
        self.heap: list[_Place] = []
        self.announced: float | None = None
        self.stretch = 1.0


_LineKey = tuple[str, Lane, float]


def _line_key(line: _Line | Job) -> _LineKey:
    return line.of, line.lane, line.period


class Schedule:
    """The jobs of all sets. Not safe for threads.

    Args:
        limits: what may run at the same time.
        jitter: returns a random number from 0 up to 1.
    """

    def __init__(self, limits: Limits, jitter: Callable[[], float]) -> None:
        self._limits = limits
        self._jitter = jitter
        self._entries: dict[Key, _Entry] = {}
        self._running: dict[Key, Job] = {}
        self._lines: dict[_LineKey, _Line] = {}
        self._upcoming: list[tuple[float, int, _Line]] = []
        self._ready: dict[_LineKey, _Line] = {}
        self._held: dict[str, list[_Place]] = {}
        self._places = 0
        self._sizes: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._commands: Counter[str] = Counter()
        self._served: dict[str, float] = {}
        self._service = 0.0
        self._gates = {
            Lane.EXEC: Turnstile(limits.exec_rate, max(1, int(limits.exec_rate / 10))),
            Lane.DIRECT: Turnstile(limits.direct_rate, max(1, int(limits.direct_rate / 10))),
        }

    def __len__(self) -> int:
        """Return how many jobs there are."""
        return len(self._entries)

    @property
    def running(self) -> int:
        """How many run."""
        return len(self._running)

    @property
    def stretch(self) -> float:
        """By which factor periods are too long where they are longest; 1 if none are."""
        return max((line.stretch for line in self._lines.values()), default=1.0)

    def put(self, job: Job, now: float, *, earliest: float) -> None:
        """Add a job, or change one; the first time is spread over its first period.

        Args:
            job: what is to be run.
            now: the time.
            earliest: when it may run for the first time, if it is new.
        """
        known = self._entries.get(job.key)
        if known is None:
            entry = _Entry(job, max(now, earliest) + self._jitter() * job.period)
        elif known.job == job:
            return
        else:
            self.remove(job.key)
            entry = _Entry(job, min(known.due, now + job.period))
            entry.started = known.started
        self._join(entry)
        if job.key not in self._running:
            self._place(entry)

    def remove(self, key: Key) -> None:
        """Drop a job; one that runs is not run again."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        line = self._lines[_line_key(entry.job)]
        line.members -= 1
        if not line.members:
            del self._lines[_line_key(line)]
            self._ready.pop(_line_key(line), None)
        self._sizes[line.of] -= 1
        if not self._sizes[line.of]:
            del self._sizes[line.of]
            self._served.pop(line.of, None)

    def take(self, now: float) -> Turn | float | None:
        """Return the next job; else how long there will be none, None until something changes.

        A job that was taken has to be given back with ``done``.
        """
        self._advance(now)
        if len(self._running) >= self._limits.slots:
            return None
        while (line := self._choose(now)) is not None:
            entry = self._pop(line)
            self._sort_in(line, now)
            if entry is not None:
                return self._start(entry, line, now)
        return self._time_left(now)

    def done(self, key: Key, now: float, *, rest: bool = False) -> None:
        """Take a job back.

        Args:
            key: which one.
            now: the time.
            rest: whether a whole period has to pass before the next time.
        """
        job = self._running.pop(key)
        self._under_way[job.of] -= 1
        if not self._under_way[job.of]:
            del self._under_way[job.of]
        if job.lane is Lane.EXEC:
            self._release(job.node)
        entry = self._entries.get(key)
        if entry is None:
            return
        shift = _JITTER * (2 * self._jitter() - 1)
        started, period = entry.started, entry.job.period
        if rest or started is None:
            entry.due = now + period * (1 + abs(shift))
        else:
            entry.due = max(now, started + period * (1 + shift))
        self._place(entry)

    def _join(self, entry: _Entry) -> None:
        job = entry.job
        self._entries[job.key] = entry
        line = self._lines.get(_line_key(job))
        if line is None:
            line = self._lines[_line_key(job)] = _Line(job)
        line.members += 1
        self._sizes[job.of] += 1

    def _place(self, entry: _Entry) -> None:
        """Put a job into its line; where it stood before does not count any more."""
        line = self._lines[_line_key(entry.job)]
        self._places += 1
        entry.place = self._places
        heappush(line.heap, (entry.due, entry.place, entry.job.key))
        if _line_key(line) not in self._ready:
            self._announce(line)

    def _advance(self, now: float) -> None:
        """Find the lines whose time has come."""
        while self._upcoming and self._upcoming[0][0] <= now:
            due, _, line = heappop(self._upcoming)
            if line.announced == due and self._lines.get(_line_key(line)) is line:
                line.announced = None
                self._sort_in(line, now)

    def _sort_in(self, line: _Line, now: float) -> None:
        """Put a line where it belongs by its first job."""
        while line.heap and not self._is_valid(line.heap[0]):
            heappop(line.heap)
        if line.heap and line.heap[0][0] <= now:
            self._ready[_line_key(line)] = line
            return
        self._ready.pop(_line_key(line), None)
        if line.heap:
            self._announce(line)

    def _announce(self, line: _Line) -> None:
        due = line.heap[0][0]
        if line.announced is None or due < line.announced:
            line.announced = due
            self._places += 1
            heappush(self._upcoming, (due, self._places, line))

    def _is_valid(self, place: _Place) -> bool:
        entry = self._entries.get(place[2])
        return entry is not None and entry.place == place[1]

    def _choose(self, now: float) -> _Line | None:
        """Return the line that is next, if any may go on."""
        lines = [line for line in self._ready.values() if self._may_run(line, now)]
        return min(lines, key=lambda line: self._rank(line, now), default=None)

    def _may_run(self, line: _Line, now: float) -> bool:
        if self._gates[line.lane].wait(now) > 0 or self._under_way[line.of] >= self._share():
            return False
        return line.lane is Lane.DIRECT or self._commands.total() < self._limits.exec_slots

    def _share(self) -> int:
        """Return how many slots one set may fill: not all of them, unless there is no other."""
        slots = self._limits.slots
        return slots - max(1, slots // 4) if len(self._sizes) > 1 and slots > 1 else slots

    def _rank(self, line: _Line, now: float) -> tuple[int, float, float]:
        served = max(self._service, self._served.get(line.of, 0.0))
        return self._under_way[line.of], served, (line.heap[0][0] - now) / line.period

    def _pop(self, line: _Line) -> _Entry | None:
        """Take the first job of a line; None if its node has enough to do."""
        place = heappop(line.heap)
        entry = self._entries.get(place[2])
        if entry is None or entry.place != place[1]:
            return None
        node = entry.job.node
        if line.lane is Lane.EXEC and self._commands[node] >= self._limits.exec_per_node:
            heappush(self._held.setdefault(node, []), place)
            return None
        return entry

    def _release(self, node: str) -> None:
        """Note that a command has ended, and let the next one on its node back into its line."""
        self._commands[node] -= 1
        if not self._commands[node]:
            del self._commands[node]
        held = self._held.get(node, [])
        while held:
            place = heappop(held)
            if self._is_valid(place):
                self._place(self._entries[place[2]])
                break
        if not held:
            self._held.pop(node, None)

    def _start(self, entry: _Entry, line: _Line, now: float) -> Turn:
        job = entry.job
        self._gates[job.lane].let_pass(now)
        self._running[job.key] = job
        self._under_way[job.of] += 1
        if job.lane is Lane.EXEC:
            self._commands[job.node] += 1
        self._service = max(self._service, self._served.get(job.of, 0.0))
        self._served[job.of] = self._service + 1
        lag = now - entry.due
        line.stretch += _SMOOTHING * (1 + lag / line.period - line.stretch)
        entry.started = now
        entry.place = 0
        return Turn(job, lag=lag, stretch=line.stretch)

    def _time_left(self, now: float) -> float | None:
        waits = [self._gates[line.lane].wait(now) for line in self._ready.values()]
        times = [wait for wait in waits if wait > 0]
        if self._upcoming:
            times.append(max(0.0, self._upcoming[0][0] - now))
        return min(times, default=None)
