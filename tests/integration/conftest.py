"""Fixtures of the integration tests."""

from collections.abc import Generator
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from integration.arena import Arena, ManagerProcess


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> "Generator[Arena]":
    """A plane with OpenKruise, simulated nodes and the manager's rights; no manager yet."""
    from integration.arena import open_arena  # noqa: PLC0415 - only for those who play

    with open_arena(tmp_path_factory.mktemp("arena")) as arena:
        yield arena


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what the managers of the arena wrote during the test."""
    report = yield
    if report.failed and "arena" in item.funcargs:
        arena = cast("Arena", item.funcargs["arena"])
        report.sections += [("manager", log) for log in arena.written_since(call.start)]
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play what a module says of all back ends once on each of them."""
    if "backend" in metafunc.fixturenames:
        backends = getattr(metafunc.module, "BACKENDS", ("kruise",))
        metafunc.parametrize("backend", backends, scope="module")


@pytest.fixture(scope="module")
def manager(arena: "Arena", backend: str) -> "Generator[ManagerProcess]":
    """The binary, for all tests of a module that do not harm it."""
    with arena.manager(f"--workload-backend={backend}") as manager:
        yield manager


@pytest.fixture
def namespace(arena: "Arena", manager: "ManagerProcess") -> str:
    """A namespace of the test's own, which the binary looks after."""
    return arena.namespace()
