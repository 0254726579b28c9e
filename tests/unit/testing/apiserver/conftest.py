"""A fake server whose time leaps, and a typed client of it."""

from collections.abc import Generator

import pytest

from okg.client.rest import ApiClient
from okg.testing.apiserver import FakeApiServer
from unit.leaping_clock import LeapingClock


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
def server(clock: LeapingClock) -> Generator[FakeApiServer]:
    server = FakeApiServer(clock=clock)
    yield server
    server.close()


@pytest.fixture
def client(server: FakeApiServer) -> ApiClient:
    return ApiClient(server)
