"""The test bed itself, seen through the official client."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kubernetes import client as k8s, config as k8s_config
from kubernetes.client.exceptions import ApiException

from okg.errors import Expired, Invalid
from okg.testing.cluster import Cluster
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually
from okg.testing.existing import ExistingCluster
from okg.testing.kruise import KruiseManager
from okg.testing.processes import StartFailed

pytestmark = pytest.mark.integration

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MANAGER_VIEWS = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "manager-views"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "okg-manager"}],
}
LOBBY = {
    "apiVersion": "apps.kruise.io/v1beta1",
    "kind": "StatefulSet",
    "metadata": {"name": "lobby", "namespace": "default"},
    "spec": {
        "replicas": 2,
        "serviceName": "lobby",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": "lobby"}},
        "template": {
            "metadata": {"labels": {"app": "lobby"}},
            "spec": {"containers": [{"name": "game", "image": "game:1"}]},
        },
    },
}
WIDGETS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.okg.test}
spec:
  group: okg.test
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
"""
WIDGET = """
apiVersion: okg.test/v1
kind: Widget
metadata: {name: first}
"""


class Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    uid: str = ""


class Answer(msgspec.Struct):
    metadata: Metadata


@pytest.fixture
def uncached() -> Generator[ControlPlane]:
    """A control plane whose API server answers from etcd alone."""
    with ControlPlane(apiserver_args=["--watch-cache=false"]) as plane:
        yield plane


@pytest.fixture
def core() -> Generator[Callable[[Path], k8s.CoreV1Api]]:
    """Makes official clients of a kubeconfig and closes them."""
    with ExitStack() as stack:

        def connect(kubeconfig: Path) -> k8s.CoreV1Api:
            connection = k8s_config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]  # it has no annotations
            return k8s.CoreV1Api(stack.enter_context(connection))

        yield connect


def two_pods(api: k8s.CoreV1Api) -> list[Any]:
    # Any: in the typed model every field of a Pod may be None.
    pods: list[Any] = api.list_namespaced_pod("default", label_selector="app=lobby").items
    return pods if len(pods) == 2 else []


def config_map(name: str, **metadata: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def may_list_pods(api: k8s.CoreV1Api) -> bool:
    try:
        api.list_pod_for_all_namespaces()
    except ApiException as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return False
    return True


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_server_tells_its_real_version(local_control_plane: ControlPlane) -> None:
    version = local_control_plane.rest.get("/version")

    assert version["gitVersion"] == "v1.34.1"


def test_a_user_may_do_what_is_bound_to_it_and_nothing_before(
    local_control_plane: ControlPlane, core: Callable[[Path], k8s.CoreV1Api], tmp_path: Path
) -> None:
    api = core(local_control_plane.write_kubeconfig(tmp_path / "manager", user="okg-manager"))

    before = may_list_pods(api)
    local_control_plane.apply(MANAGER_VIEWS)

    assert not before
    assert eventually(lambda: may_list_pods(api))


def test_a_client_certificate_names_its_user_and_groups(
    local_control_plane: ControlPlane, core: Callable[[Path], k8s.CoreV1Api]
) -> None:
    admin = core(local_control_plane.add_user_kubeconfig("alice", groups=["system:masters"]))
    nobody = core(local_control_plane.add_user_kubeconfig("bob"))

    assert may_list_pods(admin)
    assert not may_list_pods(nobody)


def test_a_service_account_gets_tokens_that_the_server_takes(
    local_control_plane: ControlPlane, core: Callable[[Path], k8s.CoreV1Api], tmp_path: Path
) -> None:
    # An existing cluster is used through such a token, so it tells whether tokens work.
    with ExistingCluster(local_control_plane.kubeconfig) as cluster:
        api = core(cluster.write_kubeconfig(tmp_path / "x", user="x", token=cluster.admin_token))

        assert cluster.admin_token != local_control_plane.admin_token
        assert may_list_pods(api)


def test_objects_survive_a_crash_and_an_orderly_restart_of_the_server(
    local_control_plane: ControlPlane,
) -> None:
    plane = local_control_plane
    plane.apply(config_map("survivor"))
    before = plane.pids

    plane.kill_apiserver()
    alone = plane.pids
    plane.start_apiserver()
    plane.stop_apiserver()
    plane.start_apiserver()

    survivor = plane.rest.get(f"{CONFIG_MAPS}/survivor")
    assert survivor["kind"] == "ConfigMap"
    assert (len(before), len(alone), len(plane.pids)) == (3, 2, 3)


def test_a_compacted_revision_is_gone(uncached: ControlPlane) -> None:
    old = msgspec.convert(uncached.rest.get(CONFIG_MAPS), Answer).metadata.resource_version
    uncached.apply(config_map("newer"))

    uncached.compact_etcd()

    exact = {"resourceVersion": old, "resourceVersionMatch": "Exact"}
    with pytest.raises(Expired):
        uncached.rest.call("GET", CONFIG_MAPS, query=exact)


def test_dependents_go_with_their_owner(control_plane: Cluster) -> None:
    rest = control_plane.rest
    control_plane.apply(config_map("owner"))
    owner = msgspec.convert(rest.get(f"{CONFIG_MAPS}/owner"), Answer)
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner.metadata.uid,
    }
    control_plane.apply(config_map("dependent", ownerReferences=[reference]))

    rest.call("DELETE", f"{CONFIG_MAPS}/owner")

    assert eventually(lambda: not rest.answers(f"{CONFIG_MAPS}/dependent"), within=30)


def test_apply_reads_files_and_waits_for_the_kinds_that_they_define(
    control_plane: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "1.yaml").write_text(WIDGETS)
    (tmp_path / "2.yaml").write_text(WIDGET)

    control_plane.apply(tmp_path)

    assert control_plane.rest.get("/apis/okg.test/v1/namespaces/default/widgets/first")


def test_what_the_server_refuses_is_an_error_with_its_words(control_plane: Cluster) -> None:
    with pytest.raises(Invalid, match="must be no more than 253 characters"):
        control_plane.apply(config_map("x" * 254))


def test_openkruise_makes_the_pods_of_an_advanced_stateful_set(
    kruise: KruiseManager, core: Callable[[Path], k8s.CoreV1Api]
) -> None:
    api = core(kruise.cluster.kubeconfig)

    kruise.cluster.apply(LOBBY)

    pods = eventually(lambda: two_pods(api))
    assert [pod.metadata.name for pod in pods] == ["lobby-0", "lobby-1"]
    assert [pod.status.phase for pod in pods] == ["Pending", "Pending"]
    assert "KruisePodReady" in {gate.condition_type for gate in pods[0].spec.readiness_gates}


def test_nothing_is_left_when_a_plane_with_openkruise_has_stopped() -> None:
    plane = ControlPlane()
    plane.start()
    manager = KruiseManager(plane)
    manager.start()
    pids = (*plane.pids, *manager.pids)

    manager.stop()
    webhooks = plane.rest.get(f"{ADMISSION}/mutatingwebhookconfigurations")["items"]
    plane.stop()

    assert len(pids) == 4
    assert not [pid for pid in pids if runs(pid)]
    assert not plane.folder.exists()
    assert webhooks == []


def test_a_server_that_cannot_start_shows_its_log_and_leaves_nothing() -> None:
    plane = ControlPlane(apiserver_args=["--no-such-flag"])

    with pytest.raises(StartFailed, match="unknown flag: --no-such-flag"):
        plane.start()

    assert plane.pids == ()
    assert not plane.folder.exists()
