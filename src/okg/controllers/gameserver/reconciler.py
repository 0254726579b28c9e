"""GameServerReconciler: one game server for one pod, each following the other.

From pod to server go the actions of service qualities, then from server to pod labels, annotations
and images, then back to the server status and conditions. Each write's answer replaces the value
it was made from, so that the status of a pass tells what the same pass did to the pod.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec.structs import replace

from okg.api.core import Node, PersistentVolume, PersistentVolumeClaim, Pod
from okg.api.game import GameServer, GameServerSet, GameServerStatus, ServiceQualityCondition
from okg.api.kruise import AdvancedStatefulSet
from okg.client.client import Client
from okg.clock import SYSTEM_CLOCK, Clock
from okg.context import Context
from okg.controllers.backends import Backends, kruise_only
from okg.controllers.gameserver.complaints import Complaints
from okg.controllers.gameserver.spans import (
    CLEANUP,
    INITIALIZED,
    POD_PATCHED,
    SERVER_PATCHED,
    STATUS_PATCHED,
    pod_changes,
    server_changes,
    status_told,
    tell_end,
    tell_trigger,
)
from okg.controllers.gameserver.trace_notes import TraceNotes
from okg.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    Forbidden,
    Invalid,
    NotFound,
    ServerError,
)
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request, Result
from okg.telemetry.tracing import current_span
from okg.workload.backend_choice import BackendName
from okg.workload.conditions import ClaimFacts, PodFacts, compute_conditions, notices_of
from okg.workload.gameserver import build_game_server, complaints_about_node, sync_game_server
from okg.workload.gameserver_status import compute_server_status
from okg.workload.invalid import InvalidField
from okg.workload.names import OWNER_GSS
from okg.workload.native.amounts import amounts_refused, with_server_amounts
from okg.workload.network_status import (
    DEFAULT_PATIENCE,
    NetworkPatience,
    trigger_network,
    trouble_of_network,
    wait_for_network,
)
from okg.workload.notices import Notice
from okg.workload.ownership import is_native, is_of_another
from okg.workload.pod_sync import PodSync, notices_of_state, sync_pod
from okg.workload.reclaim import is_marked, is_scaled_away
from okg.workload.scaling import spec_of
from okg.workload.service_quality import evaluate_qualities
from okg.workload.settling import time_to_creation, time_to_status, time_to_sync
from okg.workload.template import TemplateMetadata, read_images, read_metadata

RECLAIM_PERIOD = timedelta(seconds=30)
"""Time until a server that is marked to go with its id is looked at again."""


class GameServerReconciler:
    """Keeps one GameServer and its pod in step.

    Args:
        client: reads sets, servers, pods, nodes and claims; writes servers and pods.
        recorder: tells about it on the server.
        clock: where all times that are written come from.
        patience: how long networks are waited for.
        backends: where workloads are kept; OpenKruise alone if not given.
        resizing: whether the API server changes amounts of resources of running pods.
        trouble_of: tells why a pod that we make ourselves cannot have its network.
    """

    def __init__(
        self,
        client: Client,
        recorder: EventRecorder,
        *,
        clock: Clock = SYSTEM_CLOCK,
        patience: NetworkPatience = DEFAULT_PATIENCE,
        backends: Backends | None = None,
        resizing: bool = False,
        trouble_of: Callable[[Pod], str] = lambda _: "",
    ) -> None:
        self._trouble_of = trouble_of
        self._client = client
        self._backends = backends or kruise_only(client)
        self._recorder = recorder
        self._clock = clock
        self._patience = patience
        self._resizing = resizing
        self._complaints = Complaints()
        self._traces = TraceNotes(client)

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Look at one server and its pod, and bring both up to date."""
        pod = self._client.get(Pod, request.namespace, request.name)
        server = self._client.get(GameServer, request.namespace, request.name)
        tell_trigger(current_span(), request, pod, server)
        if pod is None or OWNER_GSS not in pod.metadata.labels:
            self._complaints.forget(request)
            return self._reclaim(server) if server is not None else None
        gss = self._set_of(pod)
        if gss is None:
            return None
        if server is not None and is_of_another(server, pod):
            ctx.log.debug("waiting for the server of an earlier pod of this name to go")
            return None
        now = self._clock.now().replace(microsecond=0)
        if server is None:
            return self._create(gss, pod, now)
        return self._sync(gss, pod, server, now)

    def _reclaim(self, server: GameServer) -> Result | None:
        """Delete a server whose pod is gone or nobody's, if its id was scaled away.

        It is marked before that; where no pod goes afterwards, nothing else would tell.
        """
        gss = self._set_of(server)
        workload = self._workload_of(gss) if gss is not None else None
        if not is_scaled_away(server, gss, workload):
            return Result(requeue_after=RECLAIM_PERIOD) if is_marked(server) else None
        with suppress(NotFound):
            self._client.delete(server)
        current_span().event(CLEANUP)
        return None

    def _workload_of(self, gss: GameServerSet) -> AdvancedStatefulSet | None:
        try:
            return self._backends.workload_of(gss)
        except InvalidField:
            return None

    def _set_of(self, member: Pod | GameServer) -> GameServerSet | None:
        name = member.metadata.labels.get(OWNER_GSS, "")
        gss = self._client.get(GameServerSet, member.metadata.namespace, name) if name else None
        return gss if gss is not None and gss.spec is not None else None

    def _create(self, gss: GameServerSet, pod: Pod, now: datetime) -> Result | None:
        if pod.metadata.deletion_timestamp or gss.metadata.deletion_timestamp:
            return None
        if wait := time_to_creation(pod, now):
            return Result(requeue_after=wait)
        try:
            server = self._client.create(build_game_server(pod, gss, _metadata_of(gss)))
        except AlreadyExists:
            # Our cache lags behind: the event that brings it up to date starts the next pass.
            return None
        current_span().event(INITIALIZED)
        return self._sync(gss, pod, server, now)

    def _sync(
        self, gss: GameServerSet, pod: Pod, server: GameServer, now: datetime
    ) -> Result | None:
        if wait := time_to_sync(pod, server, now):
            return Result(requeue_after=wait)
        heard = evaluate_qualities(spec_of(gss).service_qualities or (), pod, server, now)
        try:
            server = self._sync_server(gss, pod, server, heard.server)
            synced = sync_pod(pod, server, _images_of(gss), now)
            written, refusal = self._sync_pod(pod, server, synced, now)
            trouble = self._network_trouble(pod, written, server, refusal)
            written, resized = self._sync_amounts(gss, written, server)
            facts = self._facts_of(written, trouble)
            status = _status_of(facts, server, heard.conditions, now)
            rest = self._sync_status(pod, server, status, now)
        except NotFound:
            # Either is gone: the event that says so starts the next pass.
            return None
        network = wait_for_network(written, status.network_status, now, self._patience)
        complaints = [*heard.notices, *synced.complaints, *resized, *complaints_about_node(pod)]
        complaints += [network.complaint] if network.complaint else []
        self._tell(server, self._complaints.fresh(Request.of(pod), complaints))
        if refusal is not None:
            raise refusal
        tell_end(current_span(), status.network_status, waits=network.look_after is not None)
        return _earliest(rest, network.look_after)

    def _sync_server(
        self, gss: GameServerSet, pod: Pod, server: GameServer, acted: GameServer
    ) -> GameServer:
        synced = sync_game_server(acted, pod, _metadata_of(gss))
        if synced is server:
            return server
        # An action may overwrite only what it was decided on, not what a user sets meanwhile.
        written = self._client.patch(server, synced, lock=acted is not server)
        current_span().event(SERVER_PATCHED, server_changes(server, synced))
        return written

    def _sync_pod(
        self, pod: Pod, server: GameServer, synced: PodSync, now: datetime
    ) -> tuple[Pod, ApiError | None]:
        """Write the pod; return it as it is then, and what stood against the write.

        A plugin may refuse any write of a pod for as long as its cloud is out of order. The server
        tells how things are all the same.
        """
        network = server.status.network_status
        wanted = trigger_network(synced.pod, network, now, self._patience)
        if wanted is pod:
            return pod, None
        try:
            stored = self._client.patch(pod, self._traces.add(wanted), lock=False)
            stored = self._traces.remove(stored)
        except (BadRequest, Forbidden, Invalid, ServerError) as refusal:
            return pod, refusal
        current_span().event(POD_PATCHED, pod_changes(pod, stored))
        self._tell(server, synced.notices)
        return stored, None

    def _sync_amounts(
        self, gss: GameServerSet, pod: Pod, server: GameServer
    ) -> tuple[Pod, Sequence[Notice]]:
        """Resize a pod that runs as its server asks; return it, and what stood against it.

        OpenKruise's pods get what their servers ask for when they are made.
        """
        wanted = with_server_amounts(pod, server) if self._resizing else pod
        if wanted is pod or pod.status.phase != "Running" or not self._is_native(gss):
            return pod, ()
        try:
            return self._client.patch(pod, wanted, subresource="resize"), ()
        except (BadRequest, Forbidden, Invalid) as refusal:
            return pod, (amounts_refused(refusal),)

    def _is_native(self, gss: GameServerSet) -> bool:
        try:
            backend = self._backends.home_of(gss).backend
        except InvalidField:
            return False
        return backend is not None and backend.name is BackendName.NATIVE

    def _network_trouble(
        self, before: Pod, written: Pod, server: GameServer, refusal: ApiError | None
    ) -> str:
        """Return why a pod cannot have its network, by whoever asked the plugin."""
        if is_native(before):
            return self._trouble_of(before)
        tried = refusal is not None or written is not before
        said = refusal.message if refusal is not None else ""
        return trouble_of_network(written, server.status.conditions, said if tried else None)

    def _sync_status(
        self, pod: Pod, server: GameServer, status: GameServerStatus, now: datetime
    ) -> timedelta | None:
        before = server.status
        if status is before:
            return None
        if wait := time_to_status(before, status, now):
            return wait
        after = replace(server, status=status)
        self._client.patch(server, after, subresource="status", lock=False)
        current_span().event(STATUS_PATCHED, status_told(status))
        self._tell(server, notices_of_state(pod, before.current_state, status.current_state))
        self._tell(server, notices_of(before.conditions, status.conditions))
        return None

    def _facts_of(self, pod: Pod, network_trouble: str) -> PodFacts:
        node = pod.spec.node_name
        claims = [v.persistent_volume_claim for v in pod.spec.volumes]
        return PodFacts(
            pod=pod,
            node=self._client.get(Node, "", node) if node else None,
            network_trouble=network_trouble,
            claims=tuple(
                self._claim_facts(pod.metadata.namespace, source.claim_name)
                for source in claims
                if source is not None
            ),
        )

    def _claim_facts(self, namespace: str, name: str) -> ClaimFacts:
        claim = self._client.get(PersistentVolumeClaim, namespace, name)
        volume = claim.spec.volume_name if claim is not None else ""
        return ClaimFacts(
            name=name,
            claim=claim,
            volume=self._client.get(PersistentVolume, "", volume) if volume else None,
        )

    def _tell(self, server: GameServer, notices: Iterable[Notice]) -> None:
        for notice in notices:
            report = self._recorder.warning if notice.warning else self._recorder.normal
            report(server, notice.reason, notice.message)


def _status_of(
    facts: PodFacts,
    server: GameServer,
    qualities: Sequence[ServiceQualityCondition],
    now: datetime,
) -> GameServerStatus:
    conditions = compute_conditions(facts, server.status.conditions, now)
    return compute_server_status(server, facts.pod, conditions, qualities, now)


def _earliest(*waits: timedelta | None) -> Result | None:
    due = [wait for wait in waits if wait is not None]
    return Result(requeue_after=min(due)) if due else None


def _metadata_of(gss: GameServerSet) -> TemplateMetadata | None:
    """Return the template's metadata, None if it makes no sense: the set's controller says so."""
    try:
        return read_metadata(spec_of(gss).game_server_template)
    except InvalidField:
        return None


def _images_of(gss: GameServerSet) -> Mapping[str, str]:
    try:
        return read_images(spec_of(gss).game_server_template)
    except InvalidField:
        return {}
