"""The CustomResourceDefinitions and the manifests on a real API server."""

import os
import shutil
import subprocess
from collections.abc import Generator
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import urllib3

import game_objects as objects
from doc_examples import NETWORKS, network_manifest
from okg.api.game import GameServer, GameServerSet
from okg.errors import Invalid, NotFound
from okg.testing.cluster import Cluster
from okg.testing.controlplane import ControlPlane
from okg.testing.manifests import load_manifests

pytestmark = pytest.mark.integration

CONFIG = Path(__file__).parents[2] / "config"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE_PATCH = "application/merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
SAMPLES = sorted(path.name for path in (CONFIG / "samples").glob("*.yaml"))


class Namespace:
    """A namespace with the definitions installed.

    Whole objects are sent and returned as JSON: what is stored is compared with what was sent.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self.sets = f"/apis/game.kruise.io/v1alpha1/namespaces/{name}/gameserversets"
        self.servers = f"/apis/game.kruise.io/v1alpha1/namespaces/{name}/gameservers"
        self._cluster = cluster

    def create(self, path: str, body: dict[str, Any], **query: str) -> dict[str, Any]:
        return self._cluster.rest.call("POST", path, body, query=query)

    def create_set(self, name: str, spec: object) -> dict[str, Any]:
        body = {
            "apiVersion": "game.kruise.io/v1alpha1",
            "kind": "GameServerSet",
            "metadata": {"name": name},
            "spec": spec,
        }
        return self.create(self.sets, body)

    def create_server(self, name: str, spec: object) -> dict[str, Any]:
        body = {
            "apiVersion": "game.kruise.io/v1alpha1",
            "kind": "GameServer",
            "metadata": {"name": name},
            "spec": spec,
        }
        return self.create(self.servers, body)

    def patch(self, path: str, body: object) -> dict[str, Any]:
        return self._cluster.rest.call("PATCH", path, body, content_type=MERGE_PATCH)

    def get(self, path: str) -> dict[str, Any]:
        return self._cluster.rest.get(path)

    def table(self, path: str) -> dict[str, Any]:
        """Return what ``kubectl get`` prints of an object."""
        answer = urllib3.PoolManager(ca_certs=str(self._cluster.ca_file)).request(
            "GET",
            f"{self._cluster.url}{path}",
            headers={"Authorization": f"Bearer {self._cluster.admin_token}", "Accept": TABLE},
        )
        return msgspec.json.decode(answer.data, type=dict[str, Any])


@pytest.fixture(scope="module")
def namespace(control_plane: Cluster) -> Generator[Namespace]:
    name = f"crds-{uuid4().hex[:8]}"
    control_plane.apply(
        CONFIG / "crd" / "bases",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
    )
    yield Namespace(control_plane, name)
    control_plane.rest.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest.mark.parametrize("plural", ["gameserversets", "gameservers"])
def test_the_server_finds_no_fault_with_a_definition(namespace: Namespace, plural: str) -> None:
    definition = namespace.get(f"{DEFINITIONS}/{plural}.game.kruise.io")

    conditions = {c["type"]: c["status"] for c in definition["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_a_set_with_every_field_is_stored_whole(namespace: Namespace) -> None:
    stored = namespace.create_set("whole", objects.GAME_SERVER_SET_SPEC)

    assert stored["spec"] == objects.GAME_SERVER_SET_SPEC


def test_the_status_of_a_set_with_every_field_is_stored_whole(namespace: Namespace) -> None:
    namespace.create_set("reported", {"replicas": 3})

    stored = namespace.patch(
        f"{namespace.sets}/reported/status", {"status": objects.GAME_SERVER_SET_STATUS}
    )

    assert stored["status"] == objects.GAME_SERVER_SET_STATUS


def test_a_server_with_every_field_is_stored_whole(namespace: Namespace) -> None:
    namespace.create_server("whole-0", objects.GAME_SERVER_SPEC)

    stored = namespace.patch(
        f"{namespace.servers}/whole-0/status", {"status": objects.GAME_SERVER_STATUS}
    )

    assert stored["spec"] == objects.GAME_SERVER_SPEC
    assert stored["status"] == objects.GAME_SERVER_STATUS


def test_our_types_know_every_field_of_a_stored_set(namespace: Namespace) -> None:
    namespace.create_set("known", objects.GAME_SERVER_SET_SPEC)
    stored = namespace.patch(
        f"{namespace.sets}/known/status", {"status": objects.GAME_SERVER_SET_STATUS}
    )

    decoded = msgspec.json.decode(msgspec.json.encode(stored), type=GameServerSet)
    encoded = msgspec.json.decode(msgspec.json.encode(decoded))

    assert (encoded["spec"], encoded["status"]) == (stored["spec"], stored["status"])


def test_our_types_know_every_field_of_a_stored_server(namespace: Namespace) -> None:
    namespace.create_server("known-0", objects.GAME_SERVER_SPEC)
    stored = namespace.patch(
        f"{namespace.servers}/known-0/status", {"status": objects.GAME_SERVER_STATUS}
    )

    decoded = msgspec.json.decode(msgspec.json.encode(stored), type=GameServer)
    encoded = msgspec.json.decode(msgspec.json.encode(decoded))

    assert (encoded["spec"], encoded["status"]) == (stored["spec"], stored["status"])


def test_the_pod_template_is_stored_verbatim(namespace: Namespace) -> None:
    template = {
        "metadata": {"labels": {"a": "b"}, "creationTimestamp": None, "future": 1},
        "spec": {"containers": "not even a list", "future": {"deep": [None, 1.5]}},
        "future": {"kept": True},
    }

    stored = namespace.create_set("verbatim", {"replicas": 0, "gameServerTemplate": template})

    assert stored["spec"]["gameServerTemplate"] == template


def test_a_claim_template_loses_what_it_cannot_carry(namespace: Namespace) -> None:
    claim = deepcopy(objects.CLAIM)
    claim["metadata"] |= {"uid": "x", "creationTimestamp": None, "generateName": "y"}
    claim["spec"]["future"] = True
    spec = {"replicas": 0, "gameServerTemplate": {"volumeClaimTemplates": [claim]}}

    stored = namespace.create_set("claims", spec)

    assert stored["spec"]["gameServerTemplate"]["volumeClaimTemplates"] == [objects.CLAIM]


def test_fields_of_newer_kubelets_are_pruned_from_a_pod_status(namespace: Namespace) -> None:
    pod_status = deepcopy(objects.POD_STATUS)
    pod_status["observedGeneration"] = 7
    pod_status["conditions"][0]["observedGeneration"] = 7
    pod_status["containerStatuses"][0]["stopSignal"] = "SIGTERM"
    namespace.create_server("newer-0", {})

    stored = namespace.patch(
        f"{namespace.servers}/newer-0/status", {"status": {"podStatus": pod_status}}
    )

    assert stored["status"]["podStatus"] == objects.POD_STATUS


def test_unknown_fields_of_a_spec_are_pruned(namespace: Namespace) -> None:
    stored = namespace.create_set("pruned", {"replicas": 1, "future": 1, "network": {"x": 1}})

    assert stored["spec"] == {"replicas": 1, "network": {}}


def test_a_grpc_probe_without_a_service_gets_the_empty_one(namespace: Namespace) -> None:
    quality = {"name": "alive", "permanent": False, "grpc": {"port": 9000}}

    stored = namespace.create_set("grpc", {"replicas": 1, "serviceQualities": [quality]})

    assert stored["spec"]["serviceQualities"][0]["grpc"] == {"port": 9000, "service": ""}


def test_a_set_without_a_spec_is_stored(namespace: Namespace) -> None:
    stored = namespace.create(
        namespace.sets,
        {
            "apiVersion": "game.kruise.io/v1alpha1",
            "kind": "GameServerSet",
            "metadata": {"name": "bare"},
        },
    )

    assert "spec" not in stored


def test_words_that_nobody_knows_are_stored(namespace: Namespace) -> None:
    spec = {
        "replicas": 0,
        "gameServerTemplate": {"reclaimPolicy": "Whenever"},
        "updateStrategy": {"type": "Sometimes", "rollingUpdate": {"podUpdatePolicy": "Perhaps"}},
        "scaleStrategy": {"scaleDownStrategyType": "Other"},
    }

    stored = namespace.create_set("words", spec)

    assert stored["spec"] == spec


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"replicas": -1}, "spec.replicas"),
        ({}, "spec.replicas"),
        ({"replicas": 3_000_000_000}, "spec.replicas"),
        ({"replicas": 1, "reserveGameServerIds": [True]}, "spec.reserveGameServerIds"),
        (
            {"replicas": 1, "serviceQualities": [{"name": "idle"}]},
            r"spec.serviceQualities\[0\].permanent",
        ),
    ],
    ids=["negative", "absent", "too-large", "not-an-id", "not-said-whether-permanent"],
)
def test_a_set_that_makes_no_sense_is_refused(
    namespace: Namespace, spec: dict[str, Any], cause: str
) -> None:
    with pytest.raises(Invalid, match=cause):
        namespace.create_set("refused", spec)


def test_a_quantity_that_is_none_is_refused(namespace: Namespace) -> None:
    container = {"name": "game", "resources": {"limits": {"cpu": "plenty"}}}

    with pytest.raises(Invalid, match=r"spec.containers\[0\].resources.limits.cpu"):
        namespace.create_server("refused-0", {"containers": [container]})


def test_conditions_of_a_set_are_told_apart_by_type(namespace: Namespace) -> None:
    namespace.create_set("twice", {"replicas": 1})
    condition = {"type": "Ready", "status": "True"}
    status = {**objects.GAME_SERVER_SET_STATUS, "conditions": [condition, condition]}

    with pytest.raises(Invalid, match="Duplicate value"):
        namespace.patch(f"{namespace.sets}/twice/status", {"status": status})


def test_a_set_is_scaled_by_its_subresource(namespace: Namespace) -> None:
    namespace.create_set("scaled", {"replicas": 1})
    namespace.patch(f"{namespace.sets}/scaled/status", {"status": objects.GAME_SERVER_SET_STATUS})

    scale = namespace.patch(f"{namespace.sets}/scaled/scale", {"spec": {"replicas": 5}})

    assert scale["status"] == {"replicas": 3, "selector": "game.kruise.io/owner-gss=lobby"}
    assert namespace.get(f"{namespace.sets}/scaled")["spec"]["replicas"] == 5


def test_a_set_is_not_scaled_below_zero(namespace: Namespace) -> None:
    namespace.create_set("floor", {"replicas": 1})

    with pytest.raises(Invalid):
        namespace.patch(f"{namespace.sets}/floor/scale", {"spec": {"replicas": -1}})


def test_a_server_is_not_scaled(namespace: Namespace) -> None:
    namespace.create_server("single-0", {})

    with pytest.raises(NotFound):
        namespace.get(f"{namespace.servers}/single-0/scale")


def test_a_write_of_the_spec_leaves_the_status(namespace: Namespace) -> None:
    namespace.create_set("apart", {"replicas": 1})

    stored = namespace.patch(f"{namespace.sets}/apart", {"status": objects.GAME_SERVER_SET_STATUS})

    assert "status" not in stored


def test_a_set_is_printed_in_its_columns(namespace: Namespace) -> None:
    namespace.create_set("printed", {"replicas": 9})
    namespace.patch(f"{namespace.sets}/printed/status", {"status": objects.GAME_SERVER_SET_STATUS})

    table = namespace.table(f"{namespace.sets}/printed")

    assert [c["name"] for c in table["columnDefinitions"]] == [
        "Name", "DESIRED", "CURRENT", "UPDATED", "READY", "Maintaining", "WaitToBeDeleted",
        "PreDelete", "AGE",
    ]  # fmt: skip
    assert table["rows"][0]["cells"][:-1] == ["printed", 9, 4, 1, 2, 7, 0, 6]


def test_a_server_is_printed_in_its_columns(namespace: Namespace) -> None:
    namespace.create_server("printed-0", objects.GAME_SERVER_SPEC)
    namespace.patch(f"{namespace.servers}/printed-0/status", {"status": objects.GAME_SERVER_STATUS})

    table = namespace.table(f"{namespace.servers}/printed-0")

    assert [c["name"] for c in table["columnDefinitions"]] == [
        "Name", "STATE", "OPSSTATE", "DP", "UP", "AGE",
    ]  # fmt: skip
    assert table["rows"][0]["cells"][:-1] == ["printed-0", "NotReady", "Maintaining", "2", "1"]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_accepted_with_every_field(namespace: Namespace, name: str) -> None:
    [sample] = load_manifests(CONFIG / "samples" / name)

    stored = namespace.create(namespace.sets, dict(sample), fieldValidation="Strict")

    assert stored["spec"] == sample["spec"]


@pytest.mark.parametrize("network_type", NETWORKS)
def test_the_set_on_the_page_of_a_network_type_is_accepted(
    namespace: Namespace, network_type: str
) -> None:
    manifest = network_manifest(network_type)
    manifest["metadata"] = {"name": "page"}  # another than what samples are called

    dry = namespace.create(namespace.sets, manifest, fieldValidation="Strict", dryRun="All")

    assert dry["spec"] == manifest["spec"]


@pytest.mark.parametrize("name", SAMPLES)
def test_pods_can_be_made_of_the_template_of_a_sample(namespace: Namespace, name: str) -> None:
    [sample] = load_manifests(CONFIG / "samples" / name)
    template = msgspec.convert(sample["spec"], dict[str, Any])["gameServerTemplate"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": Path(name).stem},
        "spec": template["spec"],
    }

    made = namespace.create(
        f"/api/v1/namespaces/{namespace.name}/pods",
        pod,
        fieldValidation="Strict",
        dryRun="All",
    )

    assert made["metadata"]["name"] == Path(name).stem


@pytest.mark.skipif(
    not shutil.which("kubectl") and os.environ.get("CI") != "true", reason="needs kubectl"
)
def test_the_installation_is_accepted_whole(local_control_plane: ControlPlane) -> None:
    applied = subprocess.run(
        [
            "kubectl", "apply", f"--kubeconfig={local_control_plane.kubeconfig}", "--server-side",
            "--validate=strict", "-k", CONFIG / "default", "-o", "name",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert applied.stderr == ""
    assert sorted(applied.stdout.split()) == [
        "clusterrole.rbac.authorization.k8s.io/kruise-game-kruise-life-role",
        "clusterrole.rbac.authorization.k8s.io/kruise-game-kruise-workload-role",
        "clusterrole.rbac.authorization.k8s.io/kruise-game-manager-cloud-role",
        "clusterrole.rbac.authorization.k8s.io/kruise-game-manager-cluster-role",
        "clusterrole.rbac.authorization.k8s.io/kruise-game-manager-role",
        "clusterrole.rbac.authorization.k8s.io/kruise-game-native-workload-role",
        "clusterrole.rbac.authorization.k8s.io/kruise-game-webhook-registration-role",
        "clusterrolebinding.rbac.authorization.k8s.io/kruise-game-kruise-life-rolebinding",
        "clusterrolebinding.rbac.authorization.k8s.io/kruise-game-kruise-workload-rolebinding",
        "clusterrolebinding.rbac.authorization.k8s.io/kruise-game-manager-cloud-rolebinding",
        "clusterrolebinding.rbac.authorization.k8s.io/kruise-game-manager-cluster-rolebinding",
        "clusterrolebinding.rbac.authorization.k8s.io/kruise-game-manager-rolebinding",
        "clusterrolebinding.rbac.authorization.k8s.io/kruise-game-native-workload-rolebinding",
        "clusterrolebinding.rbac.authorization.k8s.io/kruise-game-webhook-registration-rolebinding",
        "configmap/kruise-game-manager-config",
        "customresourcedefinition.apiextensions.k8s.io/gameservers.game.kruise.io",
        "customresourcedefinition.apiextensions.k8s.io/gameserversets.game.kruise.io",
        "deployment.apps/kruise-game-controller-manager",
        "mutatingwebhookconfiguration.admissionregistration.k8s.io/kruise-game-mutating-webhook",
        "namespace/kruise-game-system",
        "role.rbac.authorization.k8s.io/kruise-game-leader-election-role",
        "role.rbac.authorization.k8s.io/kruise-game-port-ledger-role",
        "role.rbac.authorization.k8s.io/kruise-game-webhook-certificates-role",
        "rolebinding.rbac.authorization.k8s.io/kruise-game-leader-election-rolebinding",
        "rolebinding.rbac.authorization.k8s.io/kruise-game-port-ledger-rolebinding",
        "rolebinding.rbac.authorization.k8s.io/kruise-game-webhook-certificates-rolebinding",
        "service/kruise-game-controller-manager-metrics-service",
        "service/kruise-game-external-scaler",
        "service/kruise-game-webhook-service",
        "serviceaccount/kruise-game-controller-manager",
        "validatingwebhookconfiguration.admissionregistration.k8s.io/kruise-game-validating-webhook",
    ]
