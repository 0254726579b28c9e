"""LeaderElector: one thread that holds a lease and does nothing else.

`ElectionState` decides and belongs to the thread in ``run``; after ``run`` has returned, to the
caller of ``release``. What other threads see, the fence, is one number behind a lock. No callback,
request or log line happens under that lock.
"""

import random
import socket
import threading
from collections.abc import Callable
from typing import Protocol
from uuid import uuid4

from prometheus_client import CollectorRegistry, Gauge

from okg.api.coordination import Lease
from okg.api.meta import ObjectMeta
from okg.api.resource import O
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.errors import AlreadyExists, Conflict, LeadershipLost, OkgError
from okg.runtime.election_state import (
    ElectionSettings,
    ElectionState,
    Lost,
    Read,
    Wait,
    Write,
)
from okg.runtime.events import EventRecorder

EVENT_REASON = "LeaderElection"


class ResourceLock(Protocol):
    """The lease behind an election. A lost race is a Conflict."""

    namespace: str
    name: str

    def get(self) -> Lease | None:
        """Return the lease, or None."""
        ...

    def create(self, lease: Lease) -> Lease:
        """Create the lease; AlreadyExists when somebody was faster."""
        ...

    def update(self, before: Lease, after: Lease) -> Lease:
        """Replace what was read; Conflict when somebody was faster."""
        ...


class LiveClient(Protocol):
    """Reads and writes that go to the server; `okg.client.rest.ApiClient` is one."""

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return the object as stored, or None."""
        ...

    def create(self, obj: O) -> O:
        """Create an object."""
        ...

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        """Write the difference of two values."""
        ...


class LeaseLock:
    """A Lease on the API server.

    Args:
        client: live, and with no fence of its own; its requests should end within the settings'
            ``request_timeout`` (see `okg.client.impatient`).
        namespace: where the lease is.
        name: of the lease.
    """

    def __init__(self, client: LiveClient, namespace: str, name: str) -> None:
        self.namespace = namespace
        self.name = name
        self._client = client

    def get(self) -> Lease | None:
        """Return the lease as stored, or None."""
        return self._client.get(Lease, self.namespace, self.name)

    def create(self, lease: Lease) -> Lease:
        """Create the lease."""
        return self._client.create(lease)

    def update(self, before: Lease, after: Lease) -> Lease:
        """Patch the lease; any change since ``before`` is a Conflict."""
        return self._client.patch(before, after)


class LeaderElector:
    """Acquires a lease, keeps it, and tells whether we may write.

    Args:
        lock: the lease.
        identity: unique name of this process, see ``process_identity``.
        settings: timing.
        on_started: called once, from the elector's thread, when the lease is ours; must not block.
        on_lost: called once, from the elector's thread, when it no longer is; not after a release.
        recorder: gets the events on the lease.
        registry: gets ``leader_election_master_status``.
        clock: where time comes from.
        rng: spreads followers.
    """

    def __init__(
        self,
        lock: ResourceLock,
        identity: str,
        *,
        settings: ElectionSettings | None = None,
        on_started: Callable[[], object] = lambda: None,
        on_lost: Callable[[], object] = lambda: None,
        recorder: EventRecorder | None = None,
        registry: CollectorRegistry | None = None,
        clock: Clock = SYSTEM_CLOCK,
        rng: random.Random | None = None,
    ) -> None:
        self.lock = lock
        self.identity = identity
        self._on_started = on_started
        self._on_lost = on_lost
        self._recorder = recorder
        self._clock = clock
        blank = Lease(metadata=ObjectMeta(namespace=lock.namespace, name=lock.name))
        # Nobody gains by guessing when we look at the lease.
        rng = rng or random.Random()  # noqa: S311
        self._state = ElectionState(blank, identity, settings or ElectionSettings(), rng)
        self._fence = threading.Lock()
        self._valid_until = self._state.valid_until
        self._status = _status_gauge(lock.name, registry) if registry is not None else None

    @property
    def is_leader(self) -> bool:
        """Whether we may write at this moment."""
        with self._fence:
            return self._clock.monotonic() < self._valid_until

    def check(self) -> None:
        """Raise LeadershipLost unless we may write; for every write to pass through.

        Also right while the elector's own thread is stuck in a request.
        """
        if not self.is_leader:
            raise LeadershipLost(
                f"not the leader of {self._key}: nothing may be written by {self.identity}"
            )

    def run(self, ctx: Context) -> None:
        """Acquire and renew until the context is done; the lease is then still ours.

        Raises:
            LeadershipLost: we were the leader and are no longer, after ``on_lost``.
        """
        ctx.log.info(f"attempting to acquire leader lease {self._key}...")  # noqa: G004 - people grep for this very line
        while not ctx.done:
            self._step(ctx)

    def release(self, ctx: Context) -> None:
        """Give the lease up, so that a follower takes over with its next look.

        Only after ``run`` has returned and nothing writes any more. A failure is logged: the lease
        then runs out by itself.
        """
        write = self._state.release(self._clock.now())
        self._publish()
        if write is None or write.before is None:
            return
        try:
            self.lock.update(write.before, write.after)
        except OkgError as error:
            ctx.log.warning("failed to release the lease", lease=self._key, error=str(error))
            return
        ctx.log.info("released the lease", lease=self._key)
        self._report(write.after, "stopped leading")

    @property
    def _key(self) -> str:
        return f"{self.lock.namespace}/{self.lock.name}"

    def _step(self, ctx: Context) -> None:
        step = self._state.decide(self._clock.monotonic(), self._clock.now())
        match step:
            case Wait(seconds):
                ctx.sleep(seconds)
            case Read():
                self._read(ctx)
            case Write():
                self._write(ctx, step)
            case Lost(reason):
                self._lose(ctx, reason)

    def _read(self, ctx: Context) -> None:
        before = self._state.holder
        try:
            lease = self.lock.get()
        except OkgError as error:
            self._failed(ctx, error)
            return
        self._state.seen(lease, self._clock.monotonic())
        holder = self._state.holder
        if holder not in {before, "", self.identity}:
            ctx.log.info("new leader elected", lease=self._key, identity=holder)

    def _write(self, ctx: Context, step: Write) -> None:
        led, started = self._state.leading, self._clock.monotonic()
        try:
            lease = self._store(step)
        except (Conflict, AlreadyExists) as error:
            ctx.log.debug("lease changed meanwhile", lease=self._key, error=str(error))
            self._state.refused(self._clock.monotonic())
            return
        except OkgError as error:
            self._failed(ctx, error)
            return
        self._state.written(lease, started, self._clock.monotonic())
        self._publish()
        if self._state.leading and not led:
            self._won(ctx, lease)

    def _store(self, step: Write) -> Lease:
        if step.before is None:
            return self.lock.create(step.after)
        return self.lock.update(step.before, step.after)

    def _failed(self, ctx: Context, error: OkgError) -> None:
        ctx.log.warning("cannot reach the lease", lease=self._key, error=str(error))
        self._state.failed(self._clock.monotonic())

    def _won(self, ctx: Context, lease: Lease) -> None:
        ctx.log.info(f"successfully acquired lease {self._key}")  # noqa: G004 - likewise
        self._report(lease, "became leader")
        self._on_started()

    def _lose(self, ctx: Context, reason: str) -> None:
        self._publish()
        ctx.log.error("leader election lost", lease=self._key, reason=reason)
        lease = Lease(metadata=ObjectMeta(namespace=self.lock.namespace, name=self.lock.name))
        self._report(lease, "stopped leading")
        self._on_lost()
        raise LeadershipLost(f"leader election lost: {reason}")

    def _publish(self) -> None:
        with self._fence:
            self._valid_until = self._state.valid_until
        if self._status is not None:
            self._status.set(1 if self._state.leading else 0)

    def _report(self, lease: Lease, what: str) -> None:
        if self._recorder is not None:
            self._recorder.normal(lease, EVENT_REASON, f"{self.identity} {what}")


def process_identity() -> str:
    """Return ``<hostname>_<uuid4>``; scripts cut at the underscore to get the pod's name."""
    return f"{socket.gethostname()}_{uuid4()}"


def _status_gauge(name: str, registry: CollectorRegistry) -> Gauge:
    gauge = Gauge(
        "leader_election_master_status",
        "Whether this process is the leader: 1 for leader, 0 for standby.",
        ("name",),
        registry=registry,
    )
    return gauge.labels(name)


__all__ = [
    "ElectionSettings",
    "LeaderElector",
    "LeaseLock",
    "LiveClient",
    "ResourceLock",
    "process_identity",
]
