"""A cluster without OpenKruise in memory: a fake API server, our reconciler, and kubelets by hand.

Reads are live unless a test hides something, so that what is tested is what one pass decides.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from okg.api.apps import ControllerRevision
from okg.api.core import ConfigMap, PersistentVolumeClaim, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, StatefulSetSpec, StatefulSetStatus
from okg.api.resource import O, Object
from okg.client.rest import ApiClient
from okg.context import Context
from okg.controllers.indexes import indexes
from okg.controllers.workload import WorkloadReconciler, WorkPool, workload_indexes
from okg.errors import ApiError, OkgError
from okg.runtime.reconcile import Request, Result
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.testing.kubelet import running_status
from okg.workload.native.record import record_name, record_of, to_config_map
from okg.workload.statefulset import build_statefulset
from unit.controllers.memory import MemoryRecorder
from unit.fleet import a_set

XXX = Request("games", "xxx")


class ServedClient:
    """A Client whose reads come from the server, but for objects that a test hides.

    Attributes:
        hidden: names of objects that are not shown.
        yesterday: what is shown instead of what is there.
        refusals: how writes of subresources are answered.
        made: what somebody else does as soon as a pod was made.
        reaction: what somebody else does as soon as an object was patched.
    """

    def __init__(self, server: FakeApiServer) -> None:
        self.api = ApiClient(server)
        self.hidden: set[str] = set()
        self.yesterday: dict[str, Object] = {}
        self.refusals: dict[str, ApiError] = {}
        self.made: Callable[[Object], object] = repr
        self.reaction: Callable[[Object], object] = repr
        self._server = server

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        if name in self.hidden:
            return None
        old = self.yesterday.get(name)
        return old if isinstance(old, kind) else self._server.get(kind, namespace, name)

    def list(
        self,
        kind: type[O],
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        index: tuple[str, str] | None = None,
    ) -> Sequence[O]:
        assert index is not None
        keys = {(of, name): function for of, name, function in (*indexes(), *workload_indexes())}
        found = [o for o in self._server.objects(kind) if index[1] in keys[kind, index[0]](o)]
        return [o for o in found if o.metadata.name not in self.hidden]

    def count(self, kind: type[O], *, index: tuple[str, str]) -> int:
        return len(self.list(kind, index=index))

    def create(self, obj: O) -> O:
        return self.api.create(obj)

    def create_from(self, draft: Object, kind: type[O]) -> O:
        stored = self.api.create_from(draft, kind)
        self.made(stored)
        return stored

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        if subresource in self.refusals:
            raise self.refusals[subresource]
        stored = self.api.patch(before, after, subresource=subresource, lock=lock)
        self.reaction(stored)
        return stored

    def delete(
        self,
        obj: Object,
        *,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        lock: bool = False,
    ) -> None:
        self.api.delete(obj, propagation=propagation, grace_seconds=grace_seconds, lock=lock)


class NativeCluster:
    """Set ``games/xxx`` with its record, and whatever becomes of it.

    Args:
        spec: JSON laid over the spec of the workload.
        gss: JSON laid over the spec of the set.
    """

    def __init__(
        self, spec: Mapping[str, object] | None = None, gss: Mapping[str, object] | None = None
    ) -> None:
        self.clock = FakeClock(datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))
        self.server = FakeApiServer(clock=self.clock)
        self.server.register(ControllerRevision.resource_type, subresources=())
        self.client = ServedClient(self.server)
        self.recorder = MemoryRecorder()
        self.restart()
        self.gss = self.server.put(a_set(gss))
        record = to_config_map(build_statefulset(self.gss), self.gss)
        self.server.put(record)
        self.edit(**(spec or {}))

    def restart(self, *, resizing: bool = False) -> None:
        """Go on with a reconciler that remembers nothing."""
        self.reconciler = WorkloadReconciler(
            self.client,
            self.client.api,
            self.recorder,
            WorkPool(0),
            resizing=resizing,
            clock=self.clock,
            processor=self.clock.monotonic,
        )

    # What is there.

    @property
    def record(self) -> ConfigMap:
        found = self.server.get(ConfigMap, "games", record_name("xxx"))
        assert found is not None
        return found

    @property
    def workload(self) -> AdvancedStatefulSet:
        return record_of(self.record)

    @property
    def status(self) -> StatefulSetStatus:
        return self.workload.status

    @property
    def pods(self) -> dict[int, Pod]:
        found = self.server.objects(Pod, "games")
        return {int(p.metadata.name.rpartition("-")[2]): p for p in found}

    @property
    def claims(self) -> dict[str, PersistentVolumeClaim]:
        found = self.server.objects(PersistentVolumeClaim, "games")
        return {claim.metadata.name: claim for claim in found}

    @property
    def revisions(self) -> dict[str, int]:
        """Numbers of the revisions by their images."""
        found = self.server.objects(ControllerRevision, "games")
        return {_image(revision): revision.revision for revision in found}

    @property
    def images(self) -> dict[int, str]:
        return {number: pod.spec.containers[0].image for number, pod in self.pods.items()}

    # What happens.

    def reconcile(self) -> Result | None:
        """Run one pass, a second after the last."""
        self.clock.advance(1)
        return self.reconciler.reconcile(Context(), XXX)

    def attempt(self) -> None:
        """Run one pass, whatever comes of it."""
        with suppress(OkgError):
            self.reconcile()

    def settle(self, passes: int = 12) -> None:
        """Let controller and kubelets take turns until nothing moves."""
        for _ in range(passes):
            before = self.server.revision
            self.reconcile()
            self.run_kubelets()
            if self.server.revision == before:
                return
        raise AssertionError(f"still moving after {passes} passes")

    def settle_some(self, turns: int) -> None:
        """Let controller and kubelets take so many turns."""
        for _ in range(turns):
            self.reconcile()
            self.run_kubelets()

    def run_kubelets(self, names: Iterable[int] | None = None) -> None:
        """Start pods that are new, and end those that terminate."""
        for number, pod in self.pods.items():
            if names is not None and number not in names:
                continue
            if pod.metadata.deletion_timestamp is None:
                self.run(pod)
            elif not pod.metadata.finalizers:
                self.server.remove(pod)

    def run(self, pod: Pod) -> None:
        if pod.status.phase in {"Failed", "Succeeded"}:
            return
        status = running_status(pod, self.clock.now(), pod_ip="10.0.0.1")
        if status != pod.status:
            self.merge(pod, spec={"nodeName": "node-1"}, status=status)

    def merge(self, obj: Object, **change: object) -> None:
        """Change an object as somebody else would."""
        self.server.merge(obj, msgspec.json.decode(msgspec.json.encode(change)))

    def fail(self, number: int) -> None:
        self.merge(self.pods[number], status={"phase": "Failed"})

    def delete_pod(self, number: int) -> None:
        self.client.api.delete(self.pods[number])

    def edit(self, **spec: object) -> None:
        """Let the record ask for something else."""
        workload = self.workload
        small: dict[str, object] = msgspec.json.decode(msgspec.json.encode(workload.spec))
        document = msgspec.json.encode({**small, **spec})
        wanted = msgspec.json.decode(document, type=StatefulSetSpec)
        self.server.put(to_config_map(replace(workload, spec=wanted), self.gss, self.record))

    def replace_set(self, **metadata: Any) -> GameServerSet:
        self.gss = self.server.put(
            replace(self.gss, metadata=replace(self.gss.metadata, **metadata))
        )
        return self.gss


def _image(revision: ControllerRevision) -> str:
    template: dict[str, Any] = msgspec.json.decode(revision.data.spec.template)
    return str(template["spec"]["containers"][0]["image"])


def template(image: str) -> dict[str, object]:
    """Return the pod template of set ``xxx`` with an image."""
    return {
        "metadata": {"labels": {"game.kruise.io/owner-gss": "xxx"}},
        "spec": {
            "containers": [{"name": "game", "image": image}],
            "readinessGates": [{"conditionType": "InPlaceUpdateReady"}],
        },
    }


DATA = {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"novelty": 1}}]}
