"""NetworkReconciler: the networks of pods that we make ourselves, for as long as they have one.

| the pod | what its plugin is asked |
|---|---|
| lives | what it is to be, whenever something changed or the network is not as it should be |
| goes, is gone or is another one than was noted | to give back what the noted one had |
| is about to be made | nothing here; whoever makes it asks |

Plugins are asked at least once, by what is: a manager that was away finds the notes of all pods
that went meanwhile.
"""

from contextlib import suppress
from datetime import timedelta

from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.client.client import Client
from okg.cloudprovider.operation import Operation
from okg.context import Context
from okg.controllers.network.desk import PluginDesk, Wake
from okg.controllers.network.desk_state import Answered, Failed, Open, Reply
from okg.controllers.reader import Reader
from okg.errors import AlreadyExists, Conflict, NotFound
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request, Result
from okg.workload.invalid import InvalidField
from okg.workload.names import NETWORK_CONF, NETWORK_DISABLED, NETWORK_TYPE, OWNER_GSS
from okg.workload.native.layout import is_wanted
from okg.workload.native.network_note import (
    is_note,
    is_outdated,
    note_name,
    noted_pod,
    with_note,
)
from okg.workload.native.record import record_name, record_of
from okg.workload.network_status import DEFAULT_PATIENCE, NetworkPatience, time_to_ask
from okg.workload.ordinals import ordinal_of
from okg.workload.ownership import is_native

LATE = "MutatingTimeout"
"""Reason of the event; that of the pod webhook, though nothing is given up here."""

UNMADE_PERIOD = timedelta(seconds=30)
"""Time between two looks at a pod that is to be made: its set may have changed its mind."""


def nobody(_: Request) -> None:
    """Tell nobody."""


class NetworkReconciler:
    """Looks after the network of one pod.

    Args:
        client: reads pods, sets and records; writes pods and notes.
        live: reads pods past the cache, before one counts as gone.
        recorder: tells about plugins on the pod.
        desk: where plugins are asked.
        wake: called with a pod whose plugin has answered.
        tell: called with a pod whose plugin fails, or does so no longer.
        patience: how often a plugin is asked that has not made the network what it should be.
    """

    def __init__(
        self,
        client: Client,
        live: Reader,
        recorder: EventRecorder,
        desk: PluginDesk,
        wake: Wake,
        *,
        tell: Wake = nobody,
        patience: NetworkPatience = DEFAULT_PATIENCE,
    ) -> None:
        self._client = client
        self._live = live
        self._recorder = recorder
        self._desk = desk
        self._wake = wake
        self._tell = tell
        self._patience = patience

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Look at one pod and its note, and let the plugin do what is due."""
        pod = self._client.get(Pod, request.namespace, request.name)
        note = self._note_of(request)
        if note is not None and (gone := self._gone(pod, noted_pod(note))) is not None:
            return self._give_back(ctx, request, gone, note)
        if pod is None and note is not None:
            return Result(requeue_after=UNMADE_PERIOD)
        if pod is None or pod.metadata.deletion_timestamp is not None:
            self._desk.forget(str(request))
            return None
        if not is_native(pod) or self._desk.plugin_of(pod) is None:
            return None
        if is_outdated(note, pod):
            self._remember(pod, note)
        return self._update(request, pod)

    def _gone(self, pod: Pod | None, noted: Pod) -> Pod | None:
        """Return the last that is known of the noted pod if its time is over, else None."""
        uid = noted.metadata.uid
        if pod is None:
            return noted if self._is_gone(noted) else None
        if uid and uid != pod.metadata.uid:
            return noted
        return pod if pod.metadata.deletion_timestamp is not None else None

    def _is_gone(self, noted: Pod) -> bool:
        meta = noted.metadata
        stored = self._live.get(Pod, meta.namespace, meta.name)
        if meta.uid:
            return stored is None or stored.metadata.uid != meta.uid
        return stored is None and not self._is_wanted(noted)

    def _is_wanted(self, noted: Pod) -> bool:
        """Whether a pod that was never made is still to be."""
        meta = noted.metadata
        owner = meta.labels.get(OWNER_GSS, "")
        gss = self._client.get(GameServerSet, meta.namespace, owner)
        if gss is None or gss.metadata.deletion_timestamp is not None:
            return False
        record = self._client.get(ConfigMap, meta.namespace, record_name(owner))
        try:
            return record is None or is_wanted(record_of(record), ordinal_of(meta.name))
        except InvalidField:
            return True

    def _give_back(
        self, ctx: Context, request: Request, gone: Pod, note: ConfigMap
    ) -> Result | None:
        if self._desk.plugin_of(gone) is None:
            ctx.log.warning("no plugin is there to give back the network of a pod")
        else:
            uid = noted_pod(note).metadata.uid
            reply = self._desk.ask(Operation.DELETE, gone, uid, self._wake, request)
            if not isinstance(reply, Answered):
                return self._later(Operation.DELETE, gone, reply)
        with suppress(Conflict, NotFound):
            self._client.delete(note)
        self._desk.forget(str(request))
        return None

    def _update(self, request: Request, pod: Pod) -> Result | None:
        reply = self._desk.ask(Operation.UPDATE, pod, _subject(pod), self._wake, request)
        if not isinstance(reply, Answered):
            return self._later(Operation.UPDATE, pod, reply)
        try:
            stored = self._client.patch(reply.asked, reply.wanted)
        except NotFound:
            # It is gone: the event that says so starts the next look.
            return None
        if not reply.unchanged:
            # The plugin may go on from here, as far as it is paced: it is asked about what it made.
            return Result(requeue_after=timedelta(0))
        if reply.unchanged == 1:
            self._tell(request)
        again = time_to_ask(stored, reply.unchanged, self._patience)
        return Result(requeue_after=again) if again is not None else None

    def _later(self, operation: Operation, pod: Pod, reply: Reply) -> Result | None:
        """Tell users what there is to tell, and come back in time."""
        if isinstance(reply, Answered):
            return None
        if isinstance(reply, Failed) and reply.fresh:
            text = f"Failed to {operation} pod {pod.key} ,because of {reply.error}"
            self._recorder.warning(pod, reply.error.type, text)
            self._tell(Request.of(pod))
        if isinstance(reply, Open) and reply.late:
            name = pod.metadata.annotations[NETWORK_TYPE]
            text = f"{operation} of pod {pod.key}: plugin {name} has not answered yet"
            self._recorder.warning(pod, LATE, text)
        return None if reply.again is None else Result(requeue_after=timedelta(seconds=reply.again))

    def _remember(self, pod: Pod, note: ConfigMap | None) -> None:
        if note is not None:
            self._client.patch(note, with_note(pod, note))
            return
        try:
            self._client.create(with_note(pod))
        except AlreadyExists:
            # Ours, and the cache lags behind; or somebody else's, and there can be no note.
            return

    def _note_of(self, request: Request) -> ConfigMap | None:
        found = self._client.get(ConfigMap, request.namespace, note_name(request.name))
        return found if found is not None and is_note(found) else None


def _subject(pod: Pod) -> tuple[str, ...]:
    """Return what decides whether a plugin that failed is asked again at once."""
    meta = pod.metadata
    known = meta.annotations
    return (
        meta.uid,
        known.get(NETWORK_TYPE, ""),
        known.get(NETWORK_CONF, ""),
        meta.labels.get(NETWORK_DISABLED, ""),
    )
