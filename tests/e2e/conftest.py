"""Fixtures of the end-to-end tests."""

from collections.abc import Generator
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from e2e.in_cluster import Installation
    from e2e.manager_image import ManagerImage


@pytest.fixture(scope="session")
def manager_image() -> "ManagerImage":
    """The manager's image, for nodes to load."""
    from e2e.manager_image import find_manager_image  # noqa: PLC0415 - only for those who run it

    return find_manager_image()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what the manager in the cluster wrote."""
    report = yield
    if report.failed and call.when == "call" and "installation" in item.funcargs:
        report.sections += cast("Installation", item.funcargs["installation"]).logs()
    return report
