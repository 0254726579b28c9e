"""PodAdmission: what a pod gets before it is made, as the pod webhook gives it where there is one.

That is the images and resources of its own server, and what its network plugin wants. The plugin
is asked without waiting: a pod whose network is not there yet is made by a later pass.
"""

from datetime import timedelta
from typing import TypeVar

import msgspec

from okg.api.admitted import AdmittedPod
from okg.api.core import ConfigMap, Pod
from okg.api.drafts import PodDraft
from okg.api.game import GameServer, GameServerSet
from okg.api.resource import Object
from okg.client.client import Client
from okg.client.patch import as_json, carried
from okg.cloudprovider.operation import Operation
from okg.controllers.network.desk import PluginDesk, Wake
from okg.controllers.network.desk_state import Answered, Failed, Open
from okg.errors import AlreadyExists
from okg.runtime.events import EventRecorder
from okg.runtime.reconcile import Request
from okg.workload.container_overrides import override_containers
from okg.workload.names import NETWORK_TYPE, REVISION
from okg.workload.native.network_note import is_note, note_name, noted_pod, with_note

_K = TypeVar("_K", bound=Object)

LATE = "MutatingTimeout"
"""Reason of the event; that of the pod webhook, though nothing is given up here."""


class Held(Exception):
    """A pod cannot be made yet.

    Attributes:
        why: for the user; empty as long as all is well.
        again: after which time to try, None if somebody will say.
    """

    def __init__(self, why: str = "", again: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.again = None if again is None else timedelta(seconds=again)


class PodAdmission:
    """Completes drafts of pods.

    Args:
        client: reads servers and notes; writes notes.
        recorder: tells about plugins on the set.
        desk: where plugins are asked; without one pods get no network.
        wake: called with a set whose plugin has answered.
    """

    def __init__(
        self,
        client: Client,
        recorder: EventRecorder,
        desk: PluginDesk | None = None,
        wake: Wake = lambda _: None,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._desk = desk
        self._wake = wake

    def admit(self, draft: PodDraft, gss: GameServerSet) -> PodDraft:
        """Return the pod that is to be made.

        Raises:
            Held: its network is not there yet, or that of an earlier pod is still there.
        """
        return self._with_overrides(self._with_network(draft, gss))

    def _with_overrides(self, draft: PodDraft) -> PodDraft:
        meta = draft.metadata
        server = self._client.get(GameServer, meta.namespace, meta.name)
        if server is None or not server.spec.containers:
            return draft
        before = _read(draft, AdmittedPod)
        return _changed(draft, before, override_containers(before, server))

    def _with_network(self, draft: PodDraft, gss: GameServerSet) -> PodDraft:
        if self._desk is None:
            return draft
        self._check_former(draft)
        if not draft.metadata.annotations.get(NETWORK_TYPE):
            return draft
        pod = _read(draft, Pod)
        plugin = self._desk.plugin_of(pod)
        if plugin is None:
            return draft
        self._note(pod)
        revision, request = pod.metadata.labels.get(REVISION), Request.of(gss)
        reply = self._desk.ask(Operation.CREATE, pod, revision, self._wake, request)
        if isinstance(reply, Answered):
            return _changed(draft, reply.asked, reply.wanted)
        if isinstance(reply, Failed):
            if reply.fresh:
                text = f"Failed to CREATE pod {pod.key} ,because of {reply.error}"
                self._recorder.warning(gss, reply.error.type, text)
            raise Held(str(reply.error), reply.again)
        if not isinstance(reply, Open):
            raise Held(again=reply.again)
        late = f"plugin {plugin.name} has not answered yet" if reply.again is None else ""
        if reply.late:
            self._recorder.warning(gss, LATE, f"pod {pod.key} is not made yet: {late}")
        raise Held(late or str(reply.failure or ""), reply.again)

    def _check_former(self, draft: PodDraft) -> None:
        note = self._note_of(draft)
        if note is not None and noted_pod(note).metadata.uid:
            raise Held("waiting until the network of the pod before it is given back")

    def _note(self, pod: Pod) -> None:
        """Remember that the plugin hears of this pod, before it does."""
        if self._note_of(pod) is not None:
            return
        note = with_note(pod)
        try:
            self._client.create(note)
        except AlreadyExists as error:
            raise Held(f"config map {note.metadata.name} is in the way: {error.message}") from error

    def _note_of(self, pod: Object) -> ConfigMap | None:
        meta = pod.metadata
        found = self._client.get(ConfigMap, meta.namespace, note_name(meta.name))
        return found if found is not None and is_note(found) else None


def _read(draft: PodDraft, kind: type[_K]) -> _K:
    return msgspec.json.decode(msgspec.json.encode(draft), type=kind)


def _changed(draft: PodDraft, before: _K, after: _K) -> PodDraft:
    """Return the draft with what turns one value into another; the rest to the byte as it was."""
    if before == after:
        return draft
    changed = carried(as_json(draft), as_json(before), as_json(after))
    return msgspec.json.decode(msgspec.json.encode(changed), type=PodDraft)
