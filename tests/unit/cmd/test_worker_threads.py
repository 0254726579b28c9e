"""How many threads the manager works with by default."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest

from okg.cloudprovider.registry import Registry
from okg.cloudprovider.start import PluginStart
from okg.cmd.manager import add_controllers
from okg.cmd.networks import add_networks, find_networks
from okg.cmd.options import parse
from okg.context import Context
from okg.controllers import probing
from okg.runtime.controller import Controller
from okg.runtime.manager import Manager, ManagerOptions
from okg.testing.apiserver import FakeApiServer
from okg.testing.eventually import eventually
from okg.threads import ThreadGroup
from okg.workload.network_status import DEFAULT_PATIENCE

LIMIT = 32
"""More threads in a process wait for each other's turn with the interpreter."""


@contextmanager
def running(made: Sequence[Controller]) -> Generator[None]:
    group = ThreadGroup(Context())
    for controller in made:
        group.start("one", controller.run)
    try:
        yield
    finally:
        group.stop()
        group.join()


def workers_of(made: Sequence[Controller]) -> list[str]:
    names = tuple(f"okg-{controller.name}-" for controller in made)
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(names)]


@pytest.mark.parametrize("backend", ["native", "kruise"])
def test_the_manager_works_with_no_more_threads_than_a_process_may_have(backend: str) -> None:
    manager = Manager(FakeApiServer(), ManagerOptions())
    flags = parse([f"--workload-backend={backend}", "--probe-mode=off"])
    plugins = PluginStart(Registry(), manager.unfenced)
    add_controllers(manager, flags, DEFAULT_PATIENCE, plugins)
    add_networks(manager, flags, find_networks(manager.api, flags), asked=True)
    writer = probing.ConditionWriter(manager.api, lambda: True)
    manager.add(
        probing.controller(manager, writer, None, manager.registry, threads=flags.probe_threads)
    )
    promised = sum(controller.threads for controller in manager.controllers)

    with running(manager.controllers):
        eventually(lambda: len(workers_of(manager.controllers)) >= promised)
        started = workers_of(manager.controllers)

    assert len(started) == promised
    assert promised <= LIMIT
