"""Supervisor: sees every pass and every write of a manager, and complains of what must not be."""

from collections.abc import Iterator
from typing import cast

import msgspec

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, PersistentVolumeClaim, Pod
from okg.api.game import GameServer, GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.resource import Object
from okg.client.client import Client
from okg.controllers import gameserver, workload
from okg.runtime.reconcile import Request
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.workload.names import REVISION
from okg.workload.native.record import record_name, record_of, set_name
from unit.walk.pod_judge import PodJudge
from unit.walk.scene import Scene
from unit.walk.set_judge import judge_server, judge_set
from unit.walk.size_judge import judge_record
from unit.walk.wire import Write

KINDS: dict[str, type[Object]] = {
    kind.resource_type.plural: kind
    for kind in (
        GameServerSet,
        GameServer,
        Pod,
        ConfigMap,
        ControllerRevision,
        PersistentVolumeClaim,
    )
}


class Supervisor:
    """Judges by what the server has before and after each write.

    Attributes:
        complaints: what must not be, in words.
        trail: the writes, the latest last.
    """

    def __init__(self, server: FakeApiServer, clock: FakeClock) -> None:
        self.complaints: list[str] = []
        self.trail: list[str] = []
        self.passes = 0
        self.pods = PodJudge()
        self._server = server
        self._clock = clock
        self._scene: Scene | None = None
        self._before: Object | None = None
        self._records: dict[str, AdvancedStatefulSet] = {}
        self._current: dict[str, set[str]] = {}
        self._generations: dict[str, set[int]] = {}

    def begins(self, client: Client, actor: str, request: Request) -> None:
        """A pass begins."""
        self.passes += 1
        name = request.name
        if actor == gameserver.NAME:
            name = request.name.rpartition("-")[0]
        self._note_current()
        self._scene = Scene(
            actor=actor,
            request=Request(request.namespace, name),
            client=client,
            server=self._server,
            workload=self._record(client, request.namespace, name),
            attempted=set(),
            generations=frozenset(self._generations.get(name, ())),
            away=set(),
            now=self._clock.now().replace(microsecond=0),
        )
        if actor == workload.NAME and self._scene.workload is not None:
            pods = self._scene.known_pods()
            serving = {id_ for id_, pod in pods.items() if self._scene.serves(pod)}
            self._scene.away.update(self._scene.managed - serving)

    def starts(self) -> None:
        """A manager starts: what it knows of before may be outdated."""
        self._current.clear()
        self._generations.clear()
        self._note_current()

    def ends(self, outcome: str) -> None:
        """A pass is over."""
        if outcome and self._scene is not None:
            self.note(f"  {self._scene.actor} {self._scene.request.name}: {outcome}")
        self._scene = None

    def complain(self, words: str) -> None:
        """Say what must not be."""
        self.complaints.append(words)
        self.note(f"  ! {words}")

    def note(self, words: str) -> None:
        """Remember what happened."""
        self.trail.append(words)
        del self.trail[:-400]

    def before(self, write: Write) -> None:
        """A write is about to be sent."""
        self._before = self._object(write)
        for words in _guard_complaints(write):
            self.complain(f"{write}: {words}")

    def after(self, write: Write, outcome: str) -> None:
        """A write was sent."""
        scene = self._scene
        self.note(f"  {write} {outcome} ({self._scene.actor[:5] if self._scene else ''})")
        if scene is None:
            self.complain(f"{write}: nobody is at work")
            return
        before, after = self._before, self._object(write)
        self._note_current()
        if before != after:
            for words in self._judge(scene, write, before, after):
                self.complain(f"{scene.actor}: {write}: {words}")
        scene.attempted.add(write.name)
        if write.resource == "pods" and not outcome.startswith("2") and scene.workload:
            self.pods.refused.add((write.name, scene.newest))

    def _judge(
        self, scene: Scene, write: Write, before: Object | None, after: Object | None
    ) -> Iterator[str]:
        match write.resource:
            case "pods":
                yield from self.pods.judge(
                    scene, cast("Pod | None", before), cast("Pod | None", after)
                )
            case "configmaps":
                yield from judge_record(
                    scene, cast("ConfigMap | None", before), cast("ConfigMap | None", after)
                )
            case "gameserversets":
                assert isinstance(before, GameServerSet)
                assert isinstance(after, GameServerSet)
                yield from judge_set(scene, write, before, after)
            case "gameservers":
                yield from judge_server(
                    scene, cast("GameServer | None", before), cast("GameServer | None", after)
                )
            case "persistentvolumeclaims":
                yield from _claim_complaints(before, after)
            case "controllerrevisions":
                yield from self._revision_complaints(scene, before, after)
            case _:
                yield "nobody asked for this"

    def _revision_complaints(
        self, scene: Scene, before: Object | None, after: Object | None
    ) -> Iterator[str]:
        if before is None or after is not None:
            return
        users = [
            pod.metadata.name
            for pod in self._server.objects(Pod, scene.request.namespace)
            if pod.metadata.labels.get(REVISION) == before.metadata.name
        ]
        if users or before.metadata.name == scene.newest:
            yield f"a revision was deleted that is in use by {users}"

    def _object(self, write: Write) -> Object | None:
        return self._server.get(KINDS[write.resource], write.namespace, write.name)

    def _record(self, client: Client, namespace: str, name: str) -> AdvancedStatefulSet | None:
        """Return what a set's record asks for, or asked for last, as a manager may know it.

        A manager may be behind, but not act on what nothing was of after it had started.
        """
        self._note_current()
        known = client.get(ConfigMap, namespace, record_name(name))
        version = known.metadata.resource_version if known is not None else ""
        if known is not None and version in self._current.get(name, ()):
            return record_of(known)
        return self._records.get(name)

    def _note_current(self) -> None:
        for gss in self._server.objects(GameServerSet):
            generations = self._generations.setdefault(gss.metadata.name, set())
            generations.add(gss.metadata.generation)
        for record in self._server.objects(ConfigMap):
            name = set_name(record)
            self._records[name] = record_of(record)
            self._current.setdefault(name, set()).add(record.metadata.resource_version)


def _guard_complaints(write: Write) -> Iterator[str]:
    """Yield what a write lacks to hit only what it was decided on."""
    if write.method == "DELETE":
        options = msgspec.json.decode(write.body)
        if not options.get("preconditions", {}).get("uid"):
            yield "a delete without a uid"
    elif write.method == "PATCH":
        body = msgspec.json.decode(write.body)
        meta = body.get("metadata", {}) if isinstance(body, dict) else {}
        first = body[0]["path"] if isinstance(body, list) else ""
        guarded = meta.get("uid") or meta.get("resourceVersion")
        if not guarded and first not in {"/metadata/uid", "/metadata/resourceVersion"}:
            yield "a patch without a guard"
    elif write.method != "POST":
        yield "objects are not replaced"


def _claim_complaints(before: Object | None, after: Object | None) -> Iterator[str]:
    if before is None:
        return
    if after is None:
        yield "claims are deleted by the garbage collector"
    elif msgspec.structs.replace(before.metadata, owner_references=(), resource_version="") != (
        msgspec.structs.replace(after.metadata, owner_references=(), resource_version="")
    ):
        yield "more than the owners of a claim was changed"
