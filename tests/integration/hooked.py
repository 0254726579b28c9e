"""A plane whose API server reaches the manager's webhooks by their Service, and replicas of it."""

import os
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType

import yaml

from integration.arena import ROOT, SYSTEM, Arena, ManagerProcess, rights
from okg.api.admissionregistration import MutatingWebhookConfiguration
from okg.api.core import Container, Pod, PodSpec, Secret
from okg.api.meta import ObjectMeta
from okg.client.rest import ApiClient
from okg.context import Context
from okg.testing.binaries import find_kruise_manifests
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports
from okg.testing.service_proxy import ServiceProxy
from okg.threads import ThreadGroup
from okg.webhooks.certificates.configurations import MUTATING
from okg.webhooks.certificates.store import Store, read_store

SERVICE = "kruise-game-webhook-service"
SECRET = f"{SERVICE}-certs"
OWNED = {"game.kruise.io/owner-gss": "a"}


class Replica:
    """One manager that serves the webhooks."""

    def __init__(self, manager: ManagerProcess, port: int, folder: Path) -> None:
        self.manager = manager
        self.port = port
        self.folder = folder


class Hooked:
    """The plane, the way to the webhooks, and the replicas behind it."""

    def __init__(self, arena: Arena, proxy: ServiceProxy) -> None:
        self.arena = arena
        self.proxy = proxy
        self._replicas = 0

    @contextmanager
    def pod(self, *flags: str) -> Generator[ManagerProcess]:
        """Run one more pod of the manifests: controllers, returned, and apart from them webhooks.

        It gets requests while both are ready.
        """
        controllers = self.arena.start_manager(*flags)
        webhooks = self.start("--controllers=false", beside=controllers)
        try:
            controllers.process.wait_ready(controllers.is_ready, timeout=60)
            with self._serving(webhooks):
                yield controllers
                controllers.process.terminate()
        finally:
            controllers.stop()

    @contextmanager
    def replica(self, *flags: str, **environment: str) -> Generator[Replica]:
        """Run one more replica; it gets requests while it is ready."""
        replica = self.start(*flags, environment=environment)
        with self._serving(replica):
            yield replica

    @contextmanager
    def _serving(self, replica: Replica) -> Generator[None]:
        """Wait until requests are led to a replica; stop it at the end."""
        try:
            replica.manager.process.wait_ready(replica.manager.is_ready, timeout=60)
            eventually(lambda: self.proxy.leads_to(replica.port))
            yield
        finally:
            replica.manager.stop()
            self.proxy.remove(replica.port)

    def start(
        self,
        *flags: str,
        beside: ManagerProcess | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Replica:
        [port] = free_ports(1)
        self._replicas += 1
        folder = self.arena.folder / f"certs-{self._replicas}"
        manager = self.arena.start_manager(
            f"--webhook-port={port}",
            f"--webhook-server-certs-dir={folder}",
            *flags,
            **environment,
        )
        containers = [manager, *([beside] if beside else [])]
        self.proxy.add(port, lambda: all(container.is_ready() for container in containers))
        return Replica(manager, port, folder)

    @property
    def asks_about_pods(self) -> bool:
        """Whether the API server asks the webhooks about pods of games."""
        found = self.arena.admin.get(MutatingWebhookConfiguration, "", MUTATING)
        return found is not None and bool(found.webhooks)

    @property
    def store(self) -> Store:
        """What the Secret holds."""
        secret = self.arena.admin.get(Secret, SYSTEM, SECRET)
        assert secret is not None
        store = read_store(secret)
        assert store is not None
        return store


def a_pod(
    namespace: str, name: str, annotations: Mapping[str, str] | None = None, *, owned: bool = True
) -> Pod:
    """Return a pod that is still to be created; one that is not owned is not asked about."""
    meta = ObjectMeta(
        name=name,
        namespace=namespace,
        labels=OWNED if owned else {},
        annotations=annotations or {},
    )
    return Pod(metadata=meta, spec=PodSpec(containers=(Container(name="game", image="game:1"),)))


class Load:
    """Pods that are made and deleted at a steady rate, by several clients.

    Attributes:
        seconds: how long each creation took.
        failures: what was refused, and when after the start.
    """

    def __init__(
        self, admin: ApiClient, namespace: str, rate: float, *, workers: int = 8, owned: bool = True
    ) -> None:
        self.seconds: list[float] = []
        self.failures: list[str] = []
        self._admin = admin
        self._namespace = namespace
        self._period = workers / rate
        self._workers = workers
        self._owned = owned

    @contextmanager
    def running(self) -> Generator["Load"]:
        """Go on while the body runs."""
        group = ThreadGroup(Context())
        for number in range(self._workers):
            group.start(f"load-{number}", partial(self._work, number))
        try:
            yield self
        finally:
            group.stop()
            group.join()

    def percentile(self, share: float) -> float:
        """Return the time within which this share of the creations was done."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def _work(self, number: int, ctx: Context) -> None:
        due = time.monotonic() + self._period * number / self._workers
        started, made = time.monotonic(), 0
        while ctx.sleep(due - time.monotonic()):
            due += self._period
            made += 1
            try:
                self._make(f"load-{number}-{made}")
            except Exception as error:  # noqa: BLE001 - any failure is what this looks for
                self.failures.append(f"{time.monotonic() - started:.2f} s: {error}")

    def _make(self, name: str) -> None:
        started = time.monotonic()
        pod = self._admin.create(a_pod(self._namespace, name, owned=self._owned))
        self.seconds.append(time.monotonic() - started)
        self._admin.delete(pod, grace_seconds=0)


def _install_plugins(folder: Path) -> dict[str, str]:
    """Make the test plugins an installed distribution; return the environment that has it."""
    information = folder / "okg_test_plugins-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: okg-test-plugins\nVersion: 1.0\n"
    )
    module = "integration.network_plugins"
    (information / "entry_points.txt").write_text(
        f"[okg.network_plugins]\nnet = {module}:Net\nrefusing = {module}:Refusing\n"
        f"recording = {module}:Recording\nslow = {module}:Slow\n"
    )
    return {**os.environ, "PYTHONPATH": f"{folder}:{ROOT / 'tests'}"}


def _service() -> dict[str, object]:
    """The Service as it is shipped, under the name it gets."""
    manifests = yaml.safe_load_all((ROOT / "config/manager/services.yaml").read_text())
    [service] = [m for m in manifests if m["metadata"]["name"] == "webhook-service"]
    service["metadata"] = {"name": SERVICE, "namespace": SYSTEM}
    return dict(service)


@contextmanager
def open_hooked(folder: Path, *, kruise: bool = True) -> Generator[Hooked]:
    """Start the plane; OpenKruise's kinds are there or not, its manager is not."""
    proxy = ServiceProxy()
    egress = proxy.write_egress_configuration(folder / "egress.json")
    with ExitStack() as stack:
        ways = ThreadGroup(Context())
        ways.start("service-proxy", proxy.run)
        stack.callback(ways.join)
        stack.callback(ways.stop)
        plane = stack.enter_context(
            ControlPlane(apiserver_args=[f"--egress-selector-config-file={egress}"])
        )
        plane.apply(
            *([find_kruise_manifests() / "crds"] if kruise else []),
            *sorted((ROOT / "config/crd/bases").glob("*.yaml")),
            *rights(),
            _service(),
        )
        yield Hooked(Arena(plane, folder, _install_plugins(folder)), proxy)
