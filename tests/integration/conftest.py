"""Fixtures of the integration tests."""

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from integration.arena import Arena


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> "Generator[Arena]":
    """A plane with OpenKruise, simulated nodes and the manager's rights; no manager yet."""
    from integration.arena import open_arena  # noqa: PLC0415 - only for those who play

    with open_arena(tmp_path_factory.mktemp("arena")) as arena:
        yield arena
