"""The conformance suite's server: the fake one."""

from collections.abc import Generator

import pytest

pytest.register_assert_rewrite("conformance")

from conformance.api import WIDGETS, Api  # noqa: E402 - asserts are rewritten only from here on
from okg.testing.apiserver import FakeApiServer  # noqa: E402
from unit.leaping_clock import LeapingClock  # noqa: E402

NAMESPACE = "conformance"


@pytest.fixture
def api() -> Generator[Api]:
    """A new fake server with a namespace and the Widget kind."""
    server = FakeApiServer(clock=LeapingClock())
    api = Api(server, NAMESPACE, server.compact)
    api.post("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert api.post(crds, WIDGETS).status == 201
    yield api
    server.close()
