"""Which of several managers tells of the servers, and when."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from prometheus_client import CollectorRegistry, generate_latest

from okg.api.game import GameServer
from okg.api.meta import ObjectMeta
from okg.cloudprovider.registry import Registry
from okg.cmd.metrics import add_metrics
from okg.cmd.options import parse
from okg.context import Context
from okg.runtime.manager import Manager, ManagerOptions
from okg.testing.apiserver import FakeApiServer
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup

ELECTED = ManagerOptions(leader_election_id="lease", leader_election_namespace="default")


@contextmanager
def running(manager: Manager) -> Generator[None]:
    group = ThreadGroup(Context())
    group.start("manager", manager.run)
    try:
        eventually(lambda: manager.is_synced)
        yield
    finally:
        group.stop()
        group.join()


def measuring(server: FakeApiServer, options: ManagerOptions, *flags: str) -> Manager:
    manager = Manager(server, options, registry=CollectorRegistry(), exit_process=lambda _: None)
    add_metrics(manager, parse(flags), Registry())
    return manager


def told(manager: Manager) -> list[str]:
    lines = generate_latest(manager.registry).decode().splitlines()
    return [line for line in lines if line.startswith("okg_")]


def serving_one_server() -> FakeApiServer:
    server = FakeApiServer()
    server.put(GameServer(metadata=ObjectMeta(name="lobby-0", namespace="games")))
    return server


ONE_SERVER = [
    'okg_gameservers_state_count{state=""} 1.0',
    'okg_gameservers_opsState_count{gssName="",namespace="games",opsState=""} 1.0',
    "okg_gameservers_total 1.0",
    'okg_gameserver_deletion_priority{gsName="lobby-0",gsNs="games"} 0.0',
    'okg_gameserver_update_priority{gsName="lobby-0",gsNs="games"} 0.0',
]


def test_a_manager_tells_of_servers_once_it_knows_them_all() -> None:
    manager = measuring(serving_one_server(), ManagerOptions())

    before = told(manager)
    with running(manager):
        known = told(manager)

    assert before == []
    assert known == ONE_SERVER


def test_of_several_managers_the_leader_alone_tells_and_then_its_successor() -> None:
    server = serving_one_server()
    first, second = measuring(server, ELECTED), measuring(server, ELECTED)

    with ExitStack() as stack:
        end_of_first = stack.enter_context(ExitStack())
        end_of_first.enter_context(running(first))
        eventually(lambda: first.is_leader)
        stack.enter_context(running(second))
        while_first_leads = told(first), told(second)
        end_of_first.close()
        eventually(lambda: second.is_leader)
        afterwards = told(first), told(second)

    assert while_first_leads == (ONE_SERVER, [])
    assert afterwards == ([], ONE_SERVER)


def test_a_process_of_webhooks_alone_leaves_it_to_the_one_of_the_controllers() -> None:
    manager = measuring(serving_one_server(), ManagerOptions(), "--controllers=false")

    with running(manager):
        known = told(manager)

    assert known == []
