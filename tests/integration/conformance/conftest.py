"""The conformance suite's server: a real one."""

import secrets
from collections.abc import Generator
from contextlib import closing

import pytest

pytest.register_assert_rewrite("conformance")

from conformance.api import WIDGETS, Api  # noqa: E402 - asserts are rewritten only from here on
from okg.client.connection import connect  # noqa: E402
from okg.client.http import Urllib3Transport  # noqa: E402
from okg.client.transport import Transport  # noqa: E402
from okg.testing.controlplane import ControlPlane  # noqa: E402
from okg.testing.eventually import eventually  # noqa: E402

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


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

    def forget_history() -> None:
        # The server's watch cache outlives the history of etcd; it begins anew with the process,
        # and until it is filled the server answers 429.
        local_control_plane.compact_etcd()
        local_control_plane.kill_apiserver()
        local_control_plane.start_apiserver()
        for path in (api.widget(), api.config_map()):
            eventually(lambda path=path: api.get(path, resourceVersion="0").status == 200)

    api = Api(transport, f"conformance-{secrets.token_hex(4)}", forget_history)
    assert api.post("/api/v1/namespaces", {"metadata": {"name": api.namespace}}).status == 201
    yield api
    api.delete(f"/api/v1/namespaces/{api.namespace}")
