"""The manager as a whole, on the fake server."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
import urllib3

from okg.api.coordination import Lease
from okg.api.core import ConfigMap, Event
from okg.api.meta import ObjectMeta
from okg.client.transport import HttpRequest
from okg.context import Context
from okg.errors import CacheNotSynced, ConfigError, LeadershipLost
from okg.runtime.controller import Controller
from okg.runtime.handlers import enqueue_object
from okg.runtime.manager import Manager, ManagerOptions
from okg.runtime.reconcile import Request, Result
from okg.runtime.watch import Watch
from okg.testing.apiserver import FakeApiServer
from okg.testing.clock import FakeClock
from okg.testing.eventually import eventually
from okg.testing.ports import free_ports
from okg.threads import ThreadGroup

ELECTED = ManagerOptions(leader_election_id="lease", leader_election_namespace="default")


class Stamper:
    """Writes its name into every ConfigMap that has no name in it yet."""

    def __init__(self, manager: Manager, name: str) -> None:
        self.manager = manager
        self.name = name
        self.entered = threading.Event()
        self.hold = threading.Event()
        self.hold.set()

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        self.entered.set()
        self.hold.wait()
        found = self.manager.client.get(ConfigMap, request.namespace, request.name)
        if found is None or "by" in found.data:
            return None
        stamped = ConfigMap(metadata=found.metadata, data={**found.data, "by": self.name})
        self.manager.client.patch(found, stamped)
        return None


def _stamping(server: FakeApiServer, name: str, options: ManagerOptions) -> tuple[Manager, Stamper]:
    manager = Manager(server, options, exit_process=lambda _: None)
    stamper = Stamper(manager, name)
    manager.add(Controller("stamp", stamper, [Watch(ConfigMap, enqueue_object)]))
    return manager, stamper


@contextmanager
def _running(*managers: Manager) -> Generator[ThreadGroup]:
    group = ThreadGroup(Context())
    for number, manager in enumerate(managers):
        group.start(f"manager-{number}", manager.run)
    try:
        yield group
    finally:
        group.stop()
        group.join()


@pytest.fixture
def server() -> FakeApiServer:
    return FakeApiServer()


def _put(server: FakeApiServer, name: str) -> None:
    server.put(ConfigMap(metadata=ObjectMeta(name=name, namespace="default")))


def _stamped(server: FakeApiServer, name: str) -> Callable[[], str | None]:
    def look() -> str | None:
        found = server.get(ConfigMap, "default", name)
        return found.data.get("by") if found else None

    return look


def test_a_controller_sees_what_is_there_and_what_comes(server: FakeApiServer) -> None:
    _put(server, "before")
    manager, _ = _stamping(server, "one", ManagerOptions())

    with _running(manager):
        eventually(_stamped(server, "before"))
        _put(server, "after")
        eventually(_stamped(server, "after"))


def test_a_request_in_hand_is_finished_at_the_stop(server: FakeApiServer) -> None:
    _put(server, "a")
    manager, stamper = _stamping(server, "one", ManagerOptions())
    stamper.hold.clear()

    with _running(manager) as group:
        stamper.entered.wait(10)
        group.stop()
        stamper.hold.set()

    assert _stamped(server, "a")() == "one"


def test_a_manager_that_is_to_end_is_not_ready_but_serves_until_its_drain_is_over(
    server: FakeApiServer,
) -> None:
    class Server:
        ended = False

        def run(self, ctx: Context) -> None:
            ctx.wait()
            self.ended = True

    clock, served = FakeClock(), Server()
    [port] = free_ports(1)
    options = ManagerOptions(drain=3, health_address=f"127.0.0.1:{port}")
    manager = Manager(server, options, exit_process=lambda _: None)
    manager.add_server(served, name="served")
    ctx = Context(clock=clock)
    group = ThreadGroup(Context())
    group.start("manager", lambda _: manager.run(ctx))
    eventually(lambda: _readiness(port) == 200)

    ctx.cancel()

    assert manager.is_stopping
    assert _readiness(port) == 500
    eventually(lambda: _passed(clock, 0.5) and served.ended)
    assert clock.monotonic() >= 3
    assert group.join(10) == []


def _passed(clock: FakeClock, seconds: float) -> bool:
    clock.advance(seconds)
    return True


def _readiness(port: int) -> int:
    url = f"http://127.0.0.1:{port}/readyz"
    try:
        return urllib3.request("GET", url, retries=False).status
    except urllib3.exceptions.HTTPError:
        return 0


def test_only_one_of_two_writes_and_the_other_takes_over(server: FakeApiServer) -> None:
    first, _ = _stamping(server, "first", ELECTED)
    second, _ = _stamping(server, "second", ELECTED)

    with _running(second):
        with _running(first):
            eventually(lambda: first.is_leader or second.is_leader)
            assert first.is_leader != second.is_leader
            _put(server, "a")
            by = eventually(_stamped(server, "a"))
            assert by == ("first" if first.is_leader else "second")
        _put(server, "b")
        assert eventually(_stamped(server, "b")) == "second"

    lease = server.get(Lease, "default", "lease")
    assert lease is not None
    assert lease.spec.holder_identity == ""


def test_a_stolen_lease_fences_writes_and_ends_the_manager(server: FakeApiServer) -> None:
    manager, stamper = _stamping(server, "one", ELECTED)
    group = ThreadGroup(Context())
    group.start("manager", manager.run)
    eventually(lambda: manager.is_leader)
    stamper.hold.clear()
    _put(server, "a")
    stamper.entered.wait(10)
    lease = server.get(Lease, "default", "lease")
    assert lease is not None

    server.merge(lease, {"spec": {"holderIdentity": "somebody-else"}})
    eventually(lambda: not manager.is_leader)
    stamper.hold.set()

    with pytest.raises(LeadershipLost):
        group.join()
    assert _stamped(server, "a")() is None


def test_a_runnable_that_fails_ends_everything_with_its_error(server: FakeApiServer) -> None:
    class Failing:
        def run(self, ctx: Context) -> None:
            raise ValueError("broken")

    manager, _ = _stamping(server, "one", ManagerOptions())
    manager.add(Failing())

    with pytest.raises(ValueError, match="broken"):
        manager.run()


def test_a_kind_that_cannot_be_listed_ends_the_start_with_its_name(server: FakeApiServer) -> None:
    server.unregister(ConfigMap.resource_type)
    manager, _ = _stamping(server, "one", ManagerOptions(sync_timeout=0.2))

    with pytest.raises(CacheNotSynced, match="no list of configmaps"):
        manager.run()


def test_an_object_that_does_not_fit_its_type_gets_a_warning_event(server: FakeApiServer) -> None:
    _put(server, "odd")
    spoil = HttpRequest(
        method="PATCH",
        path="/api/v1/namespaces/default/configmaps/odd",
        headers={"content-type": "application/merge-patch+json"},
        body=b'{"data":{"key":5}}',
    )
    assert server.send(spoil).status == 200
    manager, _ = _stamping(server, "one", ManagerOptions(name="part"))

    with _running(manager):
        events = eventually(lambda: server.objects(Event))

    assert [(e.reason, e.type, e.source.component) for e in events] == [
        ("Undecodable", "Warning", "part")
    ]
    assert events[0].involved_object.name == "odd"
    assert "Expected `str`, got `int` - at `$.data[...]`" in events[0].message


def test_leader_election_needs_a_namespace_outside_a_cluster(server: FakeApiServer) -> None:
    with pytest.raises(ConfigError, match="leader election needs a namespace"):
        Manager(server, ManagerOptions(leader_election_id="lease"))
