"""CloudReconciler: carries out what lines say, as well or as badly as a test wants it."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from okg.api.resource import O, Object
from okg.client.rest import ApiClient
from okg.context import Context
from okg.errors import AlreadyExists, Conflict, NotFound
from okg.runtime.reconcile import Request, Result
from okg.testing.cloud.line import AnyLine, Change, marked

REPEATED = "okg.testing/repeated"
"""Annotation by which an object changes without a reason."""

_AGAIN = timedelta(milliseconds=20)
RESYNC = timedelta(seconds=2)
"""Time after which the cloud hears of what it has overlooked."""


class Troubles:
    """What is wrong with a cloud; may be changed at any time.

    Attributes:
        closed: nothing is done at all.
        withdrawn: what was given is taken back, and nothing is given.
        delay: seconds between a question and its answer.
        quota: how many objects a line serves at a time; None for any number.
        overlooked: how many of the next events are lost.
        halves: how many of the next answers end after their first write.
        repeats: how often an object that was answered changes once more, for nothing.
    """

    def __init__(self) -> None:
        self.closed = False
        self.withdrawn = False
        self.delay = 0.0
        self.quota: int | None = None
        self.overlooked = 0
        self.halves = 0
        self.repeats = 0

    def overlooks(self) -> bool:
        """Whether the event at hand is lost."""
        lost = self.overlooked > 0
        self.overlooked -= lost
        return lost

    def breaks(self) -> bool:
        """Whether the answer at hand ends early."""
        broken = self.halves > 0
        self.halves -= broken
        return broken


class CloudReconciler:
    """Plays the vendors' side. One worker at a time.

    Args:
        api: live client with the rights of a cluster administrator.
        lines: what the vendors do.
        troubles: what goes wrong.
    """

    def __init__(
        self, api: ApiClient, lines: Sequence[AnyLine], troubles: Troubles | None = None
    ) -> None:
        self.troubles = troubles or Troubles()
        self._api = api
        self._lines = lines
        self._asked: dict[tuple[str, str], float] = {}
        self._served: set[tuple[str, str]] = set()

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Do what each line does about the objects of this name."""
        if self.troubles.overlooks():
            return Result(requeue_after=RESYNC)
        found = [self._look(ctx, line, request) for line in self._lines]
        waits = [result.requeue_after for result in found if result and result.requeue_after]
        return Result(requeue_after=min(waits)) if waits else None

    def serve_all(self, ctx: Context) -> None:
        """Do once what there is to do about every object; for a cloud that goes by hand."""
        for line in self._lines:
            present = {(line.name, obj.key) for obj in self._api.list(line.kind)}
            gone = {it for it in self._served | self._asked.keys() if it[0] == line.name} - present
            for it in gone:
                self._forget(it)
            for _, key in sorted(present):
                namespace, _, name = key.rpartition("/")
                if not self.troubles.overlooks():
                    self._look(ctx, line, Request(namespace, name))

    def _look(self, ctx: Context, line: AnyLine, request: Request) -> Result | None:
        about = (line.name, str(request))
        obj = self._api.get(line.kind, request.namespace, request.name)
        if obj is None:
            self._forget(about)
            return None
        if self.troubles.closed:
            return Result(requeue_after=RESYNC)
        asks = line.is_asked(obj)
        if asks and (wait := self._wait(ctx, about)):
            return Result(requeue_after=wait)
        if not asks:
            self._forget(about)
        answer = line.answer(obj, self._api, withdrawn=self.troubles.withdrawn)
        try:
            for change in answer.changes:
                self._carry_out(change)
        except (AlreadyExists, Conflict, NotFound):
            return Result(requeue_after=_AGAIN)
        return None if answer.settled else Result(requeue_after=RESYNC)

    def _wait(self, ctx: Context, about: tuple[str, str]) -> timedelta | None:
        """Return how long an object has to wait still; None if it is its turn."""
        if about in self._served:
            return None
        now = ctx.clock.monotonic()
        left = self._asked.setdefault(about, now) + self.troubles.delay - now
        if left > 0:
            return timedelta(seconds=left)
        quota = self.troubles.quota
        if quota is not None and sum(line == about[0] for line, _ in self._served) >= quota:
            return RESYNC
        self._served.add(about)
        return None

    def _forget(self, about: tuple[str, str]) -> None:
        self._served.discard(about)
        self._asked.pop(about, None)

    def _carry_out(self, change: Change) -> None:
        """Write what differs, first what the object is and then what is reported of it."""
        before, after = change.before, change.after
        stored = self._write(before, after)
        if stored is not before and self.troubles.breaks():
            return
        if hasattr(after, "status"):
            stored = self._api.patch(stored, _with_status_of(stored, after), subresource="status")
        if stored is not before:
            self._repeat(stored)

    def _write(self, before: Object | None, after: Object) -> Object:
        if before is None:
            return self._api.create(after)
        return self._api.patch(before, _with_status_of(after, before))

    def _repeat(self, obj: Object) -> None:
        for number in range(self.troubles.repeats):
            text = f"{obj.metadata.resource_version}-{number}"
            obj = self._api.patch(obj, marked(obj, annotations={REPEATED: text}))


def _with_status_of(obj: O, other: Object) -> O:
    """Return an object that is reported to be as another one of its kind is, if it is at all."""
    reported = {field: getattr(other, field) for field in ("status",) if hasattr(other, field)}
    return replace(obj, **reported)
