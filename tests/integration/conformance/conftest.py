"""The conformance suite's server: a real one."""

import secrets
from collections.abc import Generator
from contextlib import closing

import pytest

pytest.register_assert_rewrite("conformance")

from conformance.api import WIDGETS, Api  # noqa: E402 - asserts are rewritten only from here on
from okg.client.connection import connect  # noqa: E402
from okg.client.http import Urllib3Transport  # noqa: E402
from okg.client.transport import HttpRequest, Transport  # noqa: E402
from okg.testing.controlplane import ControlPlane  # noqa: E402
from okg.testing.eventually import eventually  # noqa: E402

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CACHED = ("/api/v1/configmaps", "/apis/conformance.okg.io/v1/widgets")


@pytest.fixture(scope="module")
def transport(local_control_plane: ControlPlane) -> Generator[Transport]:
    """Our own transport to the real server, which then serves the Widget kind."""
    with closing(Urllib3Transport(connect(str(local_control_plane.kubeconfig)))) as transport:
        api = Api(transport, "default", lambda: None)
        assert api.post(CRDS, WIDGETS).status in {201, 409}
        eventually(lambda: api.get(api.widget()).status == 200)
        yield transport


@pytest.fixture
def api(local_control_plane: ControlPlane, transport: Transport) -> Generator[Api]:
    """The real server with a new namespace."""
    name = f"conformance-{secrets.token_hex(4)}"
    api = Api(transport, name, lambda: lose_history(local_control_plane, transport))
    assert api.post("/api/v1/namespaces", {"metadata": {"name": name}}).status == 201
    yield api
    api.delete(f"/api/v1/namespaces/{name}")


def lose_history(plane: ControlPlane, transport: Transport) -> None:
    """Compact etcd and let the server's watch cache, which outlives that, begin anew."""
    plane.compact_etcd()
    plane.kill_apiserver()
    plane.start_apiserver()
    # Until its caches are filled, the server answers 429.
    eventually(lambda: all(_is_cached(transport, path) for path in CACHED))


def _is_cached(transport: Transport, path: str) -> bool:
    query = {"resourceVersion": "0", "limit": "1"}
    return transport.send(HttpRequest(method="GET", path=path, query=query)).status == 200
