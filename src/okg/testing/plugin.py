"""pytest plug-in of the test kit: fixtures for whoever installs okg.

``control_plane`` is what the environment asks for: with ``USE_EXISTING_CLUSTER=true`` the cluster
of ``KUBECONFIG``; with ``OKG_TEST_CLUSTER=kind`` a cluster of kind; else a control plane of our
own on this machine. Where none can be had, tests are skipped with the reason, and fail when ``CI``
is ``true``.

Fixtures are per process: with pytest-xdist every worker would start a control plane of its own, so
run tests that use them with ``-p no:xdist`` or ``-n 0``.
"""

import os
import shutil
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

# pytest loads this module whenever it starts in an environment that has okg; what the fixtures
# need is imported when they are used.
if TYPE_CHECKING:
    from okg.errors import ConfigError
    from okg.testing.cluster import Cluster
    from okg.testing.container_node import ContainerNode
    from okg.testing.controlplane import ControlPlane
    from okg.testing.existing import KindCluster
    from okg.testing.kruise import KruiseManager
    from okg.testing.real_node import RealNode


@pytest.fixture(scope="session")
def control_plane() -> "Generator[Cluster]":
    """The cluster that integration tests share."""
    from okg.errors import ConfigError  # noqa: PLC0415

    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(_choose_cluster())
        except ConfigError as error:
            _unavailable(error)
        yield cluster


@pytest.fixture(scope="session")
def local_control_plane(control_plane: "Cluster") -> "ControlPlane":
    """The shared cluster, for tests that stop its API server or need users without any role."""
    from okg.testing.controlplane import ControlPlane  # noqa: PLC0415

    if not isinstance(control_plane, ControlPlane):
        pytest.skip("needs a control plane of this machine, and the environment names a cluster")
    return control_plane


@pytest.fixture(scope="session")
def kruise() -> "Generator[KruiseManager]":
    """OpenKruise's manager on a control plane of its own: nobody else meets its webhooks.

    It is on this machine whatever cluster ``control_plane`` is.
    """
    from okg.errors import ConfigError  # noqa: PLC0415
    from okg.testing.controlplane import ControlPlane  # noqa: PLC0415
    from okg.testing.kruise import KruiseManager  # noqa: PLC0415

    with ExitStack() as stack:
        try:
            plane = stack.enter_context(ControlPlane())
            manager = stack.enter_context(KruiseManager(plane))
        except ConfigError as error:
            _unavailable(error)
        yield manager


@pytest.fixture(scope="module")
def container_node() -> "Generator[ContainerNode]":
    """A node with real containers, on a control plane of its own.

    It is on this machine whatever cluster ``control_plane`` is.
    """
    from okg.errors import ConfigError  # noqa: PLC0415
    from okg.testing.container_node import ContainerNode, find_node_programs  # noqa: PLC0415
    from okg.testing.controlplane import ControlPlane  # noqa: PLC0415

    with ExitStack() as stack:
        try:
            find_node_programs()
            plane = stack.enter_context(ControlPlane())
            node = stack.enter_context(ContainerNode(plane))
        except ConfigError as error:
            _unavailable(error)
        yield node


@pytest.fixture(scope="module")
def real_node(request: pytest.FixtureRequest) -> "Generator[RealNode]":
    """A node with real containers: that of a cluster of kind, if tests are to use one, or ours."""
    from okg.errors import ConfigError  # noqa: PLC0415
    from okg.testing.kind_node import KindNode, find_busybox  # noqa: PLC0415

    if os.environ.get("OKG_TEST_CLUSTER") != "kind":
        yield request.getfixturevalue("container_node")
        return
    with ExitStack() as stack:
        try:
            busybox = find_busybox()
            cluster = stack.enter_context(_kind("okg-games"))
        except ConfigError as error:
            _unavailable(error)
        yield KindNode(cluster, busybox)


def _choose_cluster() -> "AbstractContextManager[Cluster]":
    from okg.testing.controlplane import ControlPlane  # noqa: PLC0415
    from okg.testing.existing import ExistingCluster  # noqa: PLC0415

    if os.environ.get("USE_EXISTING_CLUSTER") == "true":
        return ExistingCluster(Path(os.environ.get("KUBECONFIG") or "~/.kube/config").expanduser())
    if os.environ.get("OKG_TEST_CLUSTER") != "kind":
        return ControlPlane()
    return _kind("okg-test")


def _kind(name: str) -> "KindCluster":
    from okg.errors import ConfigError  # noqa: PLC0415
    from okg.testing.existing import KindCluster  # noqa: PLC0415

    if not shutil.which("kind"):
        raise ConfigError("OKG_TEST_CLUSTER is kind, and there is no `kind` on the path")
    return KindCluster(name)


def _unavailable(error: "ConfigError") -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"no test cluster: {error}")
    pytest.skip(f"no test cluster: {error}")
