"""A manager on the fake API server that serves the external scaler, and KEDA in front of it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import msgspec

from keda import Keda, calling
from okg.api.core import Event, Pod
from okg.api.game import GameServerSet
from okg.api.meta import ObjectMeta
from okg.cmd.options import parse
from okg.cmd.scaler import add_scaler
from okg.context import Context
from okg.runtime.manager import Manager, ManagerOptions
from okg.testing.apiserver import FakeApiServer
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports
from okg.threads import ThreadGroup

READY = {
    "readyReplicas": 0,
    "availableReplicas": 0,
    "updatedReplicas": 0,
    "waitToBeDeletedReplicas": 0,
}


class Stage:
    """The server and the manager; KEDA asks about namespace ``games``."""

    def __init__(
        self,
        *flags: str,
        server: FakeApiServer | None = None,
        options: ManagerOptions | None = None,
    ) -> None:
        [self.port] = free_ports(1)
        self.address = f"127.0.0.1:{self.port}"
        self.server = server or FakeApiServer()
        self.manager = Manager(self.server, options, exit_process=lambda _: None)
        add_scaler(self.manager, parse([f"--scale-server-bind-address={self.address}", *flags]))

    @contextmanager
    def running(self) -> Generator[Context]:
        """Run the manager; yield what ends it."""
        group = ThreadGroup(Context())
        group.start("manager", self.manager.run)
        try:
            yield group.ctx
        finally:
            group.stop()
            group.join()

    @contextmanager
    def playing(self) -> Generator[Keda]:
        """Run the manager; yield a client once the caches are filled."""
        with self.running(), calling(self.address) as keda:
            eventually(lambda: self.manager.is_synced)
            yield keda

    def put_set(self, name: str, replicas: int, **status: int) -> None:
        """Store a set; without a status it is as its controller has never seen it."""
        manifest: dict[str, Any] = {
            "metadata": {"name": name, "namespace": "games"},
            "spec": {"replicas": replicas},
        }
        if status:
            manifest["status"] = {"replicas": replicas, **READY, **status}
        self.server.put(msgspec.convert(manifest, GameServerSet))

    def put_pod(self, name: str, ops_state: str, owner: str = "lobby") -> Pod:
        labels = {"game.kruise.io/owner-gss": owner, "game.kruise.io/gs-opsState": ops_state}
        meta = ObjectMeta(name=name, namespace="games", labels=labels)
        return self.server.put(Pod(metadata=meta))

    def events(self) -> list[str]:
        """What was told to users."""
        return [event.message for event in self.server.objects(Event)]

    def sample(self, name: str, **labels: str) -> float | None:
        return self.manager.registry.get_sample_value(name, labels)
