"""Fixtures of the end-to-end tests."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from e2e.manager_image import ManagerImage


@pytest.fixture(scope="session")
def manager_image() -> "ManagerImage":
    """The manager's image, for nodes to load."""
    from e2e.manager_image import find_manager_image  # noqa: PLC0415 - only for those who run it

    return find_manager_image()
