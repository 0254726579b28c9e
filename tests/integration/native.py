"""A plane without OpenKruise: simulated nodes, and our workload controller with its own role."""

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import yaml
from msgspec.structs import replace

from integration.arena import RBAC, ROOT, Arena, rights, running
from okg.api.core import ConfigMap, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet, StatefulSetSpec
from okg.cache.informers import Selection
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.transport import HttpRequest, HttpResponse, HttpStream, Transport
from okg.context import Context
from okg.controllers import workload
from okg.errors import ConnectFailed
from okg.runtime.manager import Manager, ManagerOptions
from okg.testing.controlplane import ControlPlane
from okg.testing.nodes import NodeSimulator, pod_address
from okg.threads import ThreadGroup
from okg.workload.names import OWNER_GSS
from okg.workload.native.record import record_name, record_of, to_config_map
from okg.workload.statefulset import build_statefulset, update_statefulset

OPTIONS = ManagerOptions(selections={Pod: Selection(labels=OWNER_GSS), **workload.SELECTIONS})


class MortalTransport:
    """Carries requests until so many pods were created; then nothing gets through any more.

    To the server that is a manager killed in the middle of a pass.
    """

    def __init__(self, transport: Transport, creations: int) -> None:
        self.died = threading.Event()
        self._transport = transport
        self._left = creations
        self._lock = threading.Lock()

    def send(self, request: HttpRequest) -> HttpResponse:
        with self._lock:
            if request.method == "POST" and request.path.endswith("/pods"):
                self._left -= 1
            if self._left < 0:
                self.died.set()
        self._check(request)
        return self._transport.send(request)

    def stream(self, request: HttpRequest) -> HttpStream:
        self._check(request)
        return self._transport.stream(request)

    def close(self) -> None:
        self._transport.close()

    def _check(self, request: HttpRequest) -> None:
        if self.died.is_set():
            raise ConnectFailed(f"{request.line}: dead")


class NativeArena(Arena):
    """An arena whose sets have workload records, written by the tests."""

    @contextmanager
    def controller(self, transport: Transport | None = None) -> Generator[None]:
        """Run the controller in this process."""
        manager = Manager(transport or self.transport(), OPTIONS)
        manager.add(workload.controller(manager, manager.api, workers=4))
        group = ThreadGroup(Context())
        group.start("manager", manager.run)
        try:
            yield
        finally:
            group.stop()
            group.join()

    def transport(self) -> Transport:
        return Urllib3Transport(connect(str(self.kubeconfig)))

    def create_native(self, namespace: str, name: str, **spec: object) -> GameServerSet:
        """Create a set and its record; ``spec`` is JSON of the set."""
        gss = self.create_set(namespace, name, **spec)
        self.admin.create(to_config_map(build_statefulset(gss), gss))
        return gss

    def record(self, namespace: str, name: str = "a") -> ConfigMap:
        found = self.admin.get(ConfigMap, namespace, record_name(name))
        assert found is not None
        return found

    def workload(self, namespace: str, name: str = "a") -> AdvancedStatefulSet:
        return record_of(self.record(namespace, name))

    def edit_workload(self, namespace: str, **spec: object) -> None:
        """Let the record of set ``a`` ask for something else, as the set's controller would."""
        record = self.record(namespace)
        known = record_of(record)
        document: Mapping[str, object] = msgspec.json.decode(msgspec.json.encode(known.spec))
        wanted = msgspec.json.decode(
            msgspec.json.encode({**document, **spec}), type=StatefulSetSpec
        )
        after = to_config_map(replace(known, spec=wanted), self.get_set(namespace, "a"), record)
        self.admin.patch(record, after, lock=False)

    def update_template(self, namespace: str) -> None:
        """Write the template of set ``a`` into its record."""
        record, gss = self.record(namespace), self.get_set(namespace, "a")
        after = to_config_map(update_statefulset(record_of(record), gss), gss, record)
        self.admin.patch(record, after, lock=False)

    def ready_pods(self, namespace: str) -> set[str]:
        """Names of the pods that are Ready and going nowhere."""
        return {
            name
            for name, pod in self.pods(namespace).items()
            if not pod.metadata.deletion_timestamp
            and any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)
        }


@contextmanager
def open_native_arena(
    folder: Path, *, address: Callable[[int], str] = pod_address
) -> Generator[NativeArena]:
    with ExitStack() as stack:
        plane = stack.enter_context(ControlPlane())
        plane.apply(*sorted((ROOT / "config/crd/bases").glob("*.yaml")), *rights())
        arena = NativeArena(plane, folder)
        stack.enter_context(running(NodeSimulator(arena.admin, address=address).run))
        yield arena


def _native() -> list[dict[str, object]]:
    role = yaml.safe_load((ROOT / "config/rbac/native-workload-role.yaml").read_text())
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": role["metadata"],
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role["metadata"]["name"]},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "okg-manager"}],
    }
    return [role, binding]
