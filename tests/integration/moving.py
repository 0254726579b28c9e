"""Moving a set from OpenKruise to us: what is looked at, and managers that die in between."""

import threading
from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from integration.arena import Arena, in_place, template
from okg.api.core import ConfigMap, PersistentVolumeClaim, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.cache.informers import Selection
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.transport import HttpRequest, HttpResponse, HttpStream, Transport
from okg.context import Context
from okg.controllers import gameserverset, workload
from okg.controllers.backends import Backends, KruiseBackend, NativeBackend, WorkloadBackend
from okg.errors import ConnectFailed
from okg.runtime.manager import Manager, ManagerOptions
from okg.threads import ThreadGroup
from okg.workload.backend_choice import BackendName
from okg.workload.names import OWNER_GSS
from okg.workload.native.record import record_name, record_of

BACKEND = "game.kruise.io/workload-backend"
MOVE = "game.kruise.io/move-workload-to"
HOLD = {"example.com/hold": "true"}
DATA = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


OPTIONS = ManagerOptions(selections={Pod: Selection(labels=OWNER_GSS), **workload.SELECTIONS})


class LastWrite:
    """Carries one write, and nothing after it: not even its answer.

    To the server that is a manager killed right after it sent a request.
    """

    def __init__(self, transport: Transport) -> None:
        self.died = threading.Event()
        self._transport = transport
        self._lock = threading.Lock()

    def send(self, request: HttpRequest) -> HttpResponse:
        if _stores_nothing(request):
            self._check(request)
            return self._transport.send(request)
        with self._lock:
            self._check(request)
            self._transport.send(request)
            self.died.set()
        raise ConnectFailed(f"{request.line}: dead")

    def stream(self, request: HttpRequest) -> HttpStream:
        self._check(request)
        return self._transport.stream(request)

    def close(self) -> None:
        self._transport.close()

    def _check(self, request: HttpRequest) -> None:
        if self.died.is_set():
            raise ConnectFailed(f"{request.line}: dead")


def _stores_nothing(request: HttpRequest) -> bool:
    rehearsed = b'"dryRun"' in (request.body or b"")
    return request.method == "GET" or rehearsed or "/events" in request.path


def write_once(arena: Arena, namespace: str, patience: float = 4.0) -> bool:
    """Run both controllers until they have made one write; return whether they did."""
    transport = LastWrite(Urllib3Transport(connect(str(arena.kubeconfig))))
    manager = Manager(transport, replace(OPTIONS, namespaces=[namespace]))
    served: dict[BackendName, WorkloadBackend] = {
        BackendName.KRUISE: KruiseBackend(manager.client),
        BackendName.NATIVE: NativeBackend(manager.client),
    }
    backends = Backends(served, lambda _: BackendName.KRUISE)
    manager.add(gameserverset.controller(manager, 2, backends=backends, live=manager.api))
    manager.add(workload.controller(manager, manager.api, workers=2))
    group = ThreadGroup(Context())
    group.start("manager", manager.run)
    try:
        return transport.died.wait(patience)
    finally:
        group.stop()
        group.join()


def finish_write_by_write(
    arena: Arena, namespace: str, is_done: Callable[[], bool], most: int = 80
) -> int:
    """Let one manager after the other make one write, until all is done; return how many ran."""
    managers = (write_once(arena, namespace) for _ in range(most))
    return next(number for number, wrote in enumerate(managers) if not wrote and is_done())


def create_kruise_set(arena: Arena, namespace: str, **spec: object) -> GameServerSet:
    """Create set ``a``, whose pods OpenKruise makes whatever the manager's flag says."""
    manifest = {
        "metadata": {"name": "a", "namespace": namespace, "annotations": {BACKEND: "kruise"}},
        "spec": {"gameServerTemplate": template(), "updateStrategy": in_place(), **spec},
    }
    body = msgspec.json.encode(manifest)
    return arena.admin.create(msgspec.json.decode(body, type=GameServerSet))


def annotate(arena: Arena, namespace: str, **annotations: str | None) -> None:
    change = {"metadata": {"annotations": annotations}}
    path = f"/apis/game.kruise.io/v1alpha1/namespaces/{namespace}/gameserversets/a"
    arena.rest.call("PATCH", path, change, content_type="application/merge-patch+json")


def label_pod(arena: Arena, namespace: str, name: str, labels: Mapping[str, str | None]) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    change = {"metadata": {"labels": labels}}
    arena.rest.call("PATCH", path, change, content_type="application/merge-patch+json")


def lives(arena: Arena, namespace: str) -> dict[str, tuple[object, ...]]:
    """What would change of each pod if it or a container of it started again."""
    return {
        name: (
            pod.metadata.uid,
            pod.status.start_time,
            [(s.name, s.image, s.image_id, s.restart_count) for s in pod.status.container_statuses],
        )
        for name, pod in arena.pods(namespace).items()
    }


def statefulset(arena: Arena, namespace: str) -> AdvancedStatefulSet | None:
    return arena.admin.get(AdvancedStatefulSet, namespace, "a")


def record(arena: Arena, namespace: str) -> AdvancedStatefulSet | None:
    found = arena.admin.get(ConfigMap, namespace, record_name("a"))
    return record_of(found) if found is not None else None


def owners(arena: Arena, namespace: str) -> set[str]:
    """Kinds of those who own pods; an orphan has the owner ``""``."""
    pods = arena.pods(namespace).values()
    return {",".join(owner.kind for owner in pod.metadata.owner_references) or "" for pod in pods}


def claim_owners(arena: Arena, namespace: str) -> dict[str, list[str]]:
    found = arena.admin.list(PersistentVolumeClaim, namespace=namespace)
    return {c.metadata.name: [o.kind for o in c.metadata.owner_references] for c in found}


def is_moved(arena: Arena, namespace: str) -> bool:
    """Whether the StatefulSet is gone and every pod is the set's."""
    return statefulset(arena, namespace) is None and owners(arena, namespace) == {"GameServerSet"}
