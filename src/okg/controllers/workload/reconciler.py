"""WorkloadReconciler: makes the pods of a set be what its workload record asks for.

A pass gathers the set's pods and revisions, and then lets servers come, go and change, in this
order. None of the steps waits for another: what cannot be made does not keep what is condemned, and
an update is bounded by what is missing. Every decision is taken on values that include our own
writes; each write carries the uid or the resourceVersion it was decided on. The status comes last
and counts what is there by then.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.client.client import Client
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.controllers.pacing import REFUSED_PERIOD, WRITE_GAP
from okg.controllers.reader import Reader
from okg.controllers.workload.admission import PodAdmission
from okg.controllers.workload.adoption import Adopter
from okg.controllers.workload.freshness import Freshness
from okg.controllers.workload.pace import Pace
from okg.controllers.workload.pods import Failure, PodKeeper, Scene
from okg.controllers.workload.pool import WorkPool
from okg.controllers.workload.revisions import RevisionKeeper, Revisions
from okg.controllers.workload.storage import ClaimKeeper, StorageGoing
from okg.errors import ApiError, TerminalError, TransportError
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request, Result
from okg.workload.invalid import InvalidField
from okg.workload.native.capability import changes_to
from okg.workload.native.counting import FAILED_CREATE, FAILED_UPDATE, compute_status
from okg.workload.native.growth import Growth, in_waves, plan_growth
from okg.workload.native.health import is_ended, is_terminating, time_to_available
from okg.workload.native.layout import Layout, lay_out
from okg.workload.native.pod_refresh import refresh
from okg.workload.native.record import is_held, record_name, record_of, with_status
from okg.workload.native.rolling import walk
from okg.workload.ordinals import ordinal_of
from okg.workload.ownership import is_going

PASS_GAP = timedelta(milliseconds=50)
"""Shortest time between two passes: a burst of events of pods makes one."""


class WorkloadReconciler:
    """Brings the pods of one set closer to its record.

    Args:
        client: reads sets, records and, by index, pods and revisions; writes all but sets.
        live: reads what must not be stale.
        recorder: tells about it on the set.
        pool: helps with many writes at once.
        resizing: whether the API server changes amounts of resources of running pods.
        admission: completes pods before they are made; without networks if not given.
        clock: where all times come from.
        processor: seconds of processor time that the calling thread has used.
    """

    def __init__(
        self,
        client: Client,
        live: Reader,
        recorder: EventRecorder,
        pool: WorkPool,
        *,
        resizing: bool = False,
        admission: PodAdmission | None = None,
        clock: Clock = SYSTEM_CLOCK,
        processor: Callable[[], float] = time.thread_time,
    ) -> None:
        self._client = client
        self._live = live
        self._pool = pool
        self._resizing = resizing
        self._clock = clock
        self._processor = processor
        self._claims = ClaimKeeper(client)
        admission = admission or PodAdmission(client, recorder)
        self._pods = PodKeeper(client, live, recorder, self._claims, admission)
        self._revisions = RevisionKeeper(client, live)
        self._freshness = Freshness(live)
        self._passes = Pace(PASS_GAP)
        self._writes = Pace(WRITE_GAP)

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Look at one set's pods and do what there is to do."""
        gss = self._client.get(GameServerSet, request.namespace, request.name)
        record = self._client.get(ConfigMap, request.namespace, record_name(request.name))
        if gss is None or record is None or gss.metadata.deletion_timestamp is not None:
            self._passes.forget(request)
            self._writes.forget(request)
            self._pods.forget(request)
            self._freshness.forget(f"{request.namespace}/{record_name(request.name)}")
            return None
        if is_going(record, gss):
            ctx.log.debug("waiting for the record of an earlier set of this name to go")
            return None
        if is_held(record):
            ctx.log.debug("waiting for OpenKruise to let go of the servers")
            return None
        rest = self._passes.rest(request, self._clock.monotonic())
        if rest is not None:
            return Result(requeue_after=rest, tried=False)
        self._freshness.check(record)
        started = self._processor()
        try:
            return self._sync(gss, record)
        except InvalidField as problem:
            raise TerminalError(str(problem)) from problem
        finally:
            # Half a processor at most is spent on one set, however large it is. Waiting for the
            # server costs nothing, so it does not count.
            self._passes.did(request, self._clock.monotonic() + self._processor() - started)

    def _sync(self, gss: GameServerSet, record: ConfigMap) -> Result | None:
        workload = record_of(record)
        scene = Scene(
            gss=gss,
            workload=workload,
            adopter=Adopter(self._client, self._live, gss),
            now=self._clock.now().replace(microsecond=0),
        )
        layout = lay_out(workload, self._pods.gather(scene))
        revisions = self._revisions.sync(workload, gss, scene.adopter)
        growth = self._plan_growth(scene, layout, revisions)
        failures: dict[str, Failure] = {}
        unmade, waits = self._grow(scene, growth)
        if unmade is not None:
            failures[FAILED_CREATE] = unmade
        self._shrink(scene, layout)
        refreshed = self._refresh(scene, layout, revisions.newest.metadata.name)
        layout = lay_out(workload, self._pods.gather(scene))
        for outcome in (*refreshed, *self._update(scene, layout, revisions)):
            if isinstance(outcome, Failure):
                failures.setdefault(FAILED_UPDATE, outcome)
                waits.append(outcome.again)
            else:
                waits.append(outcome)
        pods = self._pods.gather(scene)
        if stuck := [why for pod in pods if (why := self._pods.stuck(scene, pod)) is not None]:
            failures.setdefault(FAILED_UPDATE, stuck[0])
        self._revisions.prune(workload, revisions, pods)
        rest = self._sync_status(scene, record, revisions, pods, failures)
        for failure in failures.values():
            if failure.error is not None:
                raise failure.error
        waits += [rest, REFUSED_PERIOD if failures else None, *_minimum_waits(scene, pods)]
        due = [wait for wait in waits if wait]
        return Result(requeue_after=min(due)) if due else None

    def _plan_growth(self, scene: Scene, layout: Layout, revisions: Revisions) -> Growth:
        waiting = {o for o in layout.missing if self._claims.waits(scene.workload, o)}
        return plan_growth(
            layout,
            scene.workload,
            revisions.current,
            revisions.newest,
            now=scene.now,
            waiting=waiting,
        )

    def _grow(self, scene: Scene, growth: Growth) -> tuple[Failure | None, list[timedelta | None]]:
        """Make pods, more at a time as long as all goes well.

        What stands against one pod alone keeps no other from being made. Return what first stood
        against one, and after which times others go on.
        """
        self._pool.map(lambda pod: self._pods.remove(scene, pod), growth.replace)
        failures: list[Failure] = []
        waits: list[timedelta | None] = []
        for wave in in_waves(list(growth.create.items())):
            for outcome in self._pool.map(lambda made: self._pods.create(scene, *made), wave):
                if isinstance(outcome, Failure):
                    failures.append(outcome)
                    waits.append(outcome.again)
                else:
                    waits.append(outcome)
            if not all(failure.alone for failure in failures):
                break
        return min(failures, key=lambda failure: failure.alone, default=None), waits

    def _shrink(self, scene: Scene, layout: Layout) -> None:
        def remove(pod: Pod) -> None:
            self._claims.sync_owners(scene.workload, scene.gss, pod, condemned=True)
            self._pods.remove(scene, pod)

        self._pool.map(remove, layout.condemned)

    def _refresh(
        self, scene: Scene, layout: Layout, revision: str
    ) -> Sequence[Failure | timedelta | None]:
        """Let every living pod and its storage follow; return how it went with those that moved."""
        living = [p for p in layout.slots.values() if not is_ended(p) and not is_terminating(p)]
        for pod in living:
            self._claims.sync_owners(scene.workload, scene.gss, pod, condemned=False)
            if pod.status.phase == "Pending":
                with suppress(StorageGoing):
                    self._claims.ensure(scene.workload, scene.gss, ordinal_of(pod.metadata.name))
        moving = [p for p in living if refresh(p, scene.workload, revision, scene.now) is not None]
        return self._pool.map(lambda pod: self._pods.refresh(scene, pod, revision), moving)

    def _update(
        self, scene: Scene, layout: Layout, revisions: Revisions
    ) -> Sequence[Failure | timedelta | None]:
        """Update whose turn it is; return what stands against it and how long it goes on."""
        newest = revisions.newest.metadata.name
        templates = {r.metadata.name: r.data.spec.template for r in revisions.known}
        target = scene.workload.spec.template
        changes = changes_to(target, templates, resizing=self._resizing)
        found = walk(layout, scene.workload, newest, changes, scene.now)
        self._pool.map(lambda pod: self._pods.restore(scene, pod), found.spared)
        outcomes = self._pool.map(lambda turn: self._pods.update(scene, turn, newest), found.turns)
        return [*outcomes, *([self._pods.refuse(scene, found.stop)] if found.stop else [])]

    def _sync_status(
        self,
        scene: Scene,
        record: ConfigMap,
        revisions: Revisions,
        pods: Sequence[Pod],
        failures: Mapping[str, Failure],
    ) -> timedelta | None:
        """Write the status; return how long it has to wait, None if it is told."""
        workload, request = scene.workload, Request.of(scene.gss)
        status = compute_status(
            workload,
            pods,
            revisions.current,
            revisions.newest,
            failures={type_: failure.message for type_, failure in failures.items()},
            now=scene.now,
        )
        if status == workload.status:
            return None
        observed = status.observed_generation == workload.status.observed_generation
        rest = self._writes.rest(request, self._clock.monotonic())
        if rest is not None and observed:
            return rest
        try:
            stored = self._client.patch(record, with_status(record, status), lock=False)
        except (ApiError, TransportError):
            # It may have been written all the same, and no event of a status starts a pass.
            self._freshness.forget(record.key)
            raise
        self._freshness.trust(stored)
        self._writes.did(request, self._clock.monotonic())
        return None


def _minimum_waits(scene: Scene, pods: Iterable[Pod]) -> Iterable[timedelta | None]:
    """Return how long each pod has yet to be ready to be available."""
    return (time_to_available(pod, scene.workload, scene.now) for pod in pods)
