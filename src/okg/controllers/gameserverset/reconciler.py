"""GameServerSetReconciler: keeps one workload as a set asks for, and counts what there is.

A pass does one thing and ends: make the workload, take killed servers out of the size, scale,
update the template, or write the status. The change it made triggers the next pass, so that every
decision is taken on fresh values. Scaling comes before a new template, status after both. Probes
come first of all: until OpenKruise has taken note of them, there is nothing but the status. A pass
without a change comes back by itself only for a status that had to wait, or that time will change.
"""

from collections.abc import Sequence, Set as AbstractSet
from contextlib import suppress
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServer, GameServerSet, GameServerSetStatus
from okg.api.kruise import AdvancedStatefulSet, PodProbeMarker
from okg.client.client import Client
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.controllers.backends import Backends, WorkloadBackend, kruise_only
from okg.controllers.gameserverset.notebook import Notebook, refused, standing
from okg.controllers.gameserverset.spans import tell_action, tell_gone, tell_pods
from okg.controllers.indexes import BY_FACET, BY_SET, facet_key, set_key
from okg.controllers.pacing import REFUSED_PERIOD
from okg.controllers.reader import Reader
from okg.controllers.workload.migration import Mover, Refused
from okg.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request, Result
from okg.telemetry.fields import REPLICAS_NEW, REPLICAS_OLD, TRIGGER
from okg.telemetry.tracing import current_span
from okg.workload.backend_choice import BackendName, with_backend
from okg.workload.invalid import InvalidField
from okg.workload.kill import replicas_after_kill
from okg.workload.native.migration import FIELD as MOVE_FIELD, is_asked_for
from okg.workload.network_rules import Networks
from okg.workload.ordinals import belongs_to
from okg.workload.ownership import is_going
from okg.workload.pod_counts import Tally, count_troubles, tally_members, tally_pods
from okg.workload.probe_marker import (
    Markers,
    MarkerStep,
    build_probe_marker,
    decide_marker_step,
    update_probe_marker,
)
from okg.workload.problems import Problems, find_problems
from okg.workload.reclaim import goes_with_its_id, mark_for_reclaim
from okg.workload.rollout import INVALID_SPEC, may_stand_still, read_rollout, time_to_next_look
from okg.workload.scaling import (
    decide_scale,
    managed_ordinals,
    needs_scale,
    read_reservations,
    record_scale,
    spec_of,
)
from okg.workload.set_status import complaint_of, compute_set_status, is_news, is_urgent
from okg.workload.statefulset import (
    needs_update,
    scale_statefulset,
    update_statefulset,
)

SILENT = (
    "OpenKruise is installed and does not answer; the set is begun as soon as it does, or without "
    "it after a minute if the manager may make pods itself"
)

SILENCE_PERIOD = timedelta(seconds=5)
"""Time until a set that waits for OpenKruise is looked at again."""

NOWHERE = InvalidField(
    MOVE_FIELD, "only a manager started with --workload-backend=native moves servers"
)


class _Scene(msgspec.Struct, frozen=True):
    """A set, where its workload is kept, and what it is."""

    gss: GameServerSet
    backend: WorkloadBackend
    workload: AdvancedStatefulSet | None


class GameServerSetReconciler:
    """Brings one GameServerSet closer to its spec.

    Args:
        client: reads sets, workloads and (by index) pods and servers; writes sets, workloads and
            PodProbeMarkers.
        recorder: tells about it on the set.
        clock: where the time of conditions comes from.
        backends: where workloads are kept; OpenKruise alone if not given.
        markers: whether OpenKruise probes; where it does not, nothing waits for it.
        mover: moves sets from one back end to the other; None where there is but one.
        live: reads past the caches; without it a size is trusted to be the latest.
        networks: those that sets may have; None to let them have any.
    """

    def __init__(
        self,
        client: Client,
        recorder: EventRecorder,
        *,
        clock: Clock = SYSTEM_CLOCK,
        backends: Backends | None = None,
        markers: Markers = Markers.USED,
        mover: Mover | None = None,
        live: Reader | None = None,
        networks: Networks | None = None,
    ) -> None:
        self._client = client
        self._networks = networks
        self._live = live
        self._backends = backends or kruise_only(client)
        self._mover = mover
        self._recorder = recorder
        self._clock = clock
        self._markers = markers
        self._notebook = Notebook()
        self._conditions_kept = True

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Look at one set and do the next thing there is to do."""
        gss = self._client.get(GameServerSet, request.namespace, request.name)
        if gss is None or gss.spec is None or gss.metadata.deletion_timestamp is not None:
            self._notebook.forget(request)
            if self._mover is not None:
                self._mover.abandon(request)
            tell_gone(current_span())
            return None
        current_span().set({TRIGGER: "update"})
        stays, moving = self._move(gss)
        return moving or self._work(ctx, gss, stays)

    def _work(self, ctx: Context, gss: GameServerSet, stays: InvalidField | None) -> Result | None:
        """Do the next thing there is to do about a set that is not being moved."""
        try:
            home = self._backends.home_of(gss)
            workload = home.backend.get(gss) if home.backend is not None else None
        except InvalidField as problem:
            return self._sync_status(gss, None, Problems(others=(problem,)), waiting=False)
        if home.backend is None:
            return self._wait_for_openkruise(ctx, gss)
        if workload is not None and is_going(workload, gss):
            ctx.log.debug("waiting for the workload of an earlier set of this name to go")
            return None
        if workload is not None:
            gss = self._note(gss, home.backend)
        found = find_problems(gss, workload, self._networks)
        problems, waiting = self._sync_probes(gss, found)
        problems = problems.with_other(home.problem).with_other(stays)
        scene = _Scene(gss, home.backend, workload)
        problems, acted = self._try(scene, problems, waiting=waiting)
        if acted:
            return None
        later = self._sync_status(gss, workload, problems, waiting=waiting)
        current_span().succeed()
        if later is None and problems is not found:
            return Result(requeue_after=REFUSED_PERIOD)
        return later

    def _move(self, gss: GameServerSet) -> tuple[InvalidField | None, Result | None]:
        """Make the next step of a move, if there is one.

        Returns:
            Why the set stays where it is, and when to come back if it is under way.
        """
        if self._mover is None:
            return (NOWHERE if is_asked_for(gss) and not self._makes_pods else None), None
        request, now = Request.of(gss), self._clock.monotonic()
        subject = (gss.metadata.uid, is_asked_for(gss))
        before = standing(self._notebook.of(request).refused_move, subject, now)
        if before is not None:
            return InvalidField(MOVE_FIELD, before.message), None
        try:
            return None, self._mover.advance(gss)
        except Refused as problem:
            refusal = refused(subject, problem.problem, now)
            self._notebook.note(request, refused_move=refusal)
            return problem, None
        except InvalidField as problem:
            return problem, None

    @property
    def _makes_pods(self) -> bool:
        return BackendName.NATIVE in self._backends.served

    def _wait_for_openkruise(self, ctx: Context, gss: GameServerSet) -> Result:
        ctx.log.info("OpenKruise does not answer; waiting before the set is begun without it")
        self._recorder.warning(gss, "WaitingForOpenKruise", SILENT)
        return Result(requeue_after=SILENCE_PERIOD)

    def _note(self, gss: GameServerSet, backend: WorkloadBackend) -> GameServerSet:
        """Note who makes the set's pods, so that no other does when the workload is lost."""
        return self._client.patch(gss, with_backend(gss, backend.name))

    def _try(self, scene: "_Scene", problems: Problems, *, waiting: bool) -> tuple[Problems, bool]:
        """Act, unless that was refused a short while ago: it would be refused again.

        Returns:
            The problems, with what was said against it, and whether anything was done.
        """
        if waiting:
            return problems, False
        gss, workload = scene.gss, scene.workload
        request, now = Request.of(gss), self._clock.monotonic()
        meta = gss.metadata
        subject = (meta.uid, meta.generation, workload.metadata.generation if workload else None)
        before = standing(self._notebook.of(request).refused_workload, subject, now)
        if before is not None:
            return problems.with_refusal(before.message), False
        try:
            return problems, self._act(scene, problems)
        except (BadRequest, Invalid) as error:
            refusal = refused(subject, error.message, now)
            self._notebook.note(request, refused_workload=refusal)
            return problems.with_refusal(error.message), False

    def _sync_probes(self, gss: GameServerSet, problems: Problems) -> tuple[Problems, bool]:
        """Make OpenKruise probe what the set asks for, if it is to probe at all.

        Returns:
            The problems, with what the cluster says against it, and whether OpenKruise has yet to
            take note of the probes.
        """
        if problems.qualities or self._markers is Markers.ABSENT:
            return problems, False
        meta, request, now = gss.metadata, Request.of(gss), self._clock.monotonic()
        marker = self._client.get(PodProbeMarker, meta.namespace, meta.name)
        subject = (meta.uid, meta.generation, marker.metadata.generation if marker else None)
        before = standing(self._notebook.of(request).refused_probes, subject, now)
        if before is not None:
            return problems.with_refused_probes(before.message), False
        try:
            marker = self._advance_marker(gss, marker)
        except (BadRequest, Forbidden, Invalid) as error:
            refusal = refused(subject, f"refused: {error.message}", now)
            self._notebook.note(request, refused_probes=refusal)
            return problems.with_refused_probes(refusal.message), False
        return problems, self._marker_step(gss, marker) is MarkerStep.WAIT

    def _advance_marker(
        self, gss: GameServerSet, marker: PodProbeMarker | None
    ) -> PodProbeMarker | None:
        step = self._marker_step(gss, marker)
        if step is MarkerStep.CREATE:
            marker = self._client.create(build_probe_marker(gss))
            self._recorder.normal(gss, "CreatePpm", "create PodProbeMarker")
        elif marker is not None and step is MarkerStep.UPDATE:
            marker = self._client.patch(marker, update_probe_marker(marker, gss))
            self._recorder.normal(gss, "UpdatePpm", "update PodProbeMarker")
        elif marker is not None and step is MarkerStep.DELETE:
            with suppress(NotFound):
                self._client.delete(marker)
            marker = None
        return marker

    def _marker_step(self, gss: GameServerSet, marker: PodProbeMarker | None) -> MarkerStep:
        return decide_marker_step(gss, marker, used=self._markers is Markers.USED)

    def _act(self, scene: "_Scene", problems: Problems) -> bool:
        """Do the next thing there is to do; return whether there was one."""
        if scene.workload is None:
            return self._create_workload(scene, problems)
        return (
            self._kill(scene.gss, scene.workload, problems)
            or self._scale(scene, scene.workload, problems)
            or self._update_workload(scene, scene.workload, problems)
        )

    def _create_workload(self, scene: "_Scene", problems: Problems) -> bool:
        if problems.blocking:
            return False
        backend = scene.backend
        gss = self._note(scene.gss, backend)
        backend.create(gss)
        self._recorder.normal(gss, "CreateWorkload", f"created {backend.title}")
        made = backend.get(gss)
        if made is not None:
            self._mark_for_reclaim(gss, managed_ordinals(made))
        tell_action(current_span(), "create_statefulset")
        return True

    def _kill(self, gss: GameServerSet, workload: AdvancedStatefulSet, problems: Problems) -> bool:
        spec, members = spec_of(gss), tally_members(self._tally_of(gss))
        left = replicas_after_kill(spec.replicas, workload.spec.replicas, members)
        if problems.size or left == spec.replicas:
            return False
        self._client.patch(gss, replace(gss, spec=replace(spec, replicas=left)))
        sizes = {REPLICAS_OLD: spec.replicas, REPLICAS_NEW: left}
        tell_action(current_span(), "kill_gameservers", sizes)
        return True

    def _scale(self, scene: "_Scene", workload: AdvancedStatefulSet, problems: Problems) -> bool:
        gss = scene.gss
        if problems.size:
            return False
        ids = read_reservations(gss, workload)
        if not needs_scale(gss, workload, ids):
            return False
        want = spec_of(gss).replicas
        scale = decide_scale(want, self._members_of(gss), ids)
        self._check_latest(gss)
        self._mark_for_reclaim(gss, scale.managed)
        scene.backend.patch(gss, workload, scale_statefulset(workload, gss, scale))
        self._recorder.normal(gss, "Scale", f"scale from {workload.spec.replicas} to {want}")
        recorded = record_scale(gss, ids, scale)
        if recorded != gss:
            self._client.patch(gss, recorded)
        tell_action(current_span(), "scale_gameservers")
        return True

    def _check_latest(self, gss: GameServerSet) -> None:
        """Make sure that a set may be scaled as it is known to ask for.

        A replica that has just taken over may have heard of what the one before it did, and not of
        why: by a size of yesterday it would remove servers that are wanted.

        Raises:
            Conflict: the server has another spec.
        """
        if self._live is None:
            return
        stored = self._live.get(GameServerSet, gss.metadata.namespace, gss.metadata.name)
        if stored is None or _edition(stored) != _edition(gss):
            raise Conflict(409, "Conflict", f"GameServerSet {gss.key} has changed")

    def _mark_for_reclaim(self, gss: GameServerSet, managed: AbstractSet[int]) -> None:
        """Mark servers before their pods go: a pod that is gone leaves nobody to do it."""
        if not goes_with_its_id(gss):
            return
        key = set_key(gss.metadata.namespace, gss.metadata.name)
        servers = self._client.list(GameServer, index=(BY_SET, key))
        for before, after in mark_for_reclaim(servers, managed):
            try:
                self._client.patch(before, after, lock=False)
            except NotFound:
                continue

    def _update_workload(
        self, scene: "_Scene", workload: AdvancedStatefulSet, problems: Problems
    ) -> bool:
        gss, backend = scene.gss, scene.backend
        if problems.template or not needs_update(workload, gss):
            return False
        backend.patch(gss, workload, update_statefulset(workload, gss))
        self._recorder.normal(gss, "UpdateWorkload", f"updated {backend.title}")
        tell_action(current_span(), "update_workload")
        return True

    def _sync_status(
        self,
        gss: GameServerSet,
        workload: AdvancedStatefulSet | None,
        problems: Problems,
        *,
        waiting: bool,
    ) -> Result | None:
        request, now = Request.of(gss), self._clock.now().replace(microsecond=0)
        notes, instant = self._notebook.of(request), self._clock.monotonic()
        tally = self._tally_of(gss)
        newest = workload.status.update_revision if workload is not None else ""
        members = tally_members(tally, newest)
        if may_stand_still(gss.status, now) and notes.may_look(instant):
            members = replace(members, troubles=count_troubles(self._members_of(gss)))
            self._notebook.note(request, looked_at=instant)
        tell_pods(current_span(), members, waiting=waiting)
        rollout = read_rollout(gss, workload, members, waiting_for_probes=waiting)
        status = compute_set_status(
            gss, workload, tally_pods(tally), rollout, problems.told, now=now
        )
        if is_news(gss.status, status, conditions_kept=self._conditions_kept):
            rest = notes.time_to_write(instant)
            if rest is not None and not is_urgent(gss.status, status, notes.told):
                return Result(requeue_after=rest)
            self._write_status(gss, status, notes.told)
            complaint = complaint_of(status)
            self._notebook.note(request, written_at=self._clock.monotonic(), told=complaint)
        look = time_to_next_look(status, now) if self._conditions_kept else None
        return Result(requeue_after=look) if look is not None else None

    def _write_status(
        self, gss: GameServerSet, status: GameServerSetStatus, told: str | None
    ) -> None:
        after = replace(gss, status=status)
        written = self._client.patch(gss, after, subresource="status", lock=False)
        self._conditions_kept = written.status is not None and bool(written.status.conditions)
        complaint = complaint_of(status)
        if complaint and complaint != (complaint_of(gss.status) if told is None else told):
            self._recorder.warning(gss, INVALID_SPEC, complaint)

    def _tally_of(self, gss: GameServerSet) -> Tally:
        key = set_key(gss.metadata.namespace, gss.metadata.name)
        return lambda facet: self._client.count(Pod, index=(BY_FACET, facet_key(key, facet)))

    def _members_of(self, gss: GameServerSet) -> Sequence[Pod]:
        """Return the pods of the set's servers: to be asked for only when each one matters."""
        key = set_key(gss.metadata.namespace, gss.metadata.name)
        pods = self._client.list(Pod, index=(BY_SET, key))
        return [pod for pod in pods if belongs_to(pod.metadata.name, gss.metadata.name)]


def _edition(gss: GameServerSet) -> tuple[str, int]:
    return gss.metadata.uid, gss.metadata.generation
