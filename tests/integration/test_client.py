"""Our client against a real API server, with the official one as the oracle."""

from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from kubernetes import client as official, config as official_config
from kubernetes.config import incluster_config
from msgspec.structs import replace

from okg.api.core import ConfigMap, Container, Namespace, Pod, PodSpec
from okg.api.meta import ObjectMeta
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest
from okg.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound, Unauthorized
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def plane(local_control_plane: ControlPlane) -> ControlPlane:
    return local_control_plane


@pytest.fixture
def api(plane: ControlPlane) -> ApiClient:
    return ApiClient(Urllib3Transport(connect(str(plane.kubeconfig))))


@pytest.fixture
def namespace(api: ApiClient) -> str:
    name = f"client-{uuid4().hex[:8]}"
    api.create(Namespace(metadata=ObjectMeta(name=name)))
    return name


@pytest.fixture
def oracle(plane: ControlPlane) -> official.CoreV1Api:
    configuration = official.Configuration()
    official_config.load_kube_config(  # type: ignore[no-untyped-call]
        str(plane.kubeconfig), client_configuration=configuration
    )
    return official.CoreV1Api(official.ApiClient(configuration))


def _map(namespace: str, name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace=namespace), data=data)


def test_what_we_write_is_what_the_official_client_reads(
    api: ApiClient, oracle: official.CoreV1Api, namespace: str
) -> None:
    stored = api.create(_map(namespace, "a", x="1", y="2"))
    noted = replace(stored.metadata, annotations={"example.com/a.b": "5"})
    api.patch(stored, replace(stored, metadata=noted, data={"y": "3", "z": "4"}))

    seen = oracle.read_namespaced_config_map("a", namespace)

    assert seen.metadata is not None
    assert seen.data == {"y": "3", "z": "4"}
    assert seen.metadata.annotations == {"example.com/a.b": "5"}
    assert seen.metadata.uid == stored.metadata.uid


def test_fields_we_do_not_declare_survive_our_writes(
    plane: ControlPlane, api: ApiClient, oracle: official.CoreV1Api, namespace: str
) -> None:
    containers = [
        {"name": n, "image": "i:1", "command": ["sleep", n], "env": [{"name": "A", "value": n}]}
        for n in ("one", "two")
    ]
    plane.rest.call(
        "POST",
        f"/api/v1/namespaces/{namespace}/pods",
        {
            "metadata": {"name": "p", "annotations": {"a": "b"}},
            "spec": {"containers": containers, "priority": 0, "terminationGracePeriodSeconds": 7},
        },
    )
    pod = api.get(Pod, namespace, "p")
    assert pod is not None
    one, two = pod.spec.containers
    spec = replace(pod.spec, containers=(one, Container(name="two", image="i:2")))
    labelled = replace(pod.metadata, labels={"new": "label"})

    api.patch(pod, replace(pod, spec=spec, metadata=labelled))

    seen = oracle.read_namespaced_pod("p", namespace)
    assert seen.spec is not None
    assert seen.metadata is not None
    assert [(c.image, c.command, (c.env or [])[0].value) for c in seen.spec.containers] == [
        ("i:1", ["sleep", "one"], "one"),
        ("i:2", ["sleep", "two"], "two"),
    ]
    assert seen.spec.termination_grace_period_seconds == 7
    assert seen.metadata.annotations == {"a": "b"}
    assert seen.metadata.labels == {"new": "label"}
    assert two.image == "i:1"


def test_each_refusal_is_an_error_of_its_own(api: ApiClient, namespace: str) -> None:
    stored = api.create(_map(namespace, "a", x="1"))
    changed = api.patch(stored, replace(stored, data={"x": "2"}))

    with pytest.raises(AlreadyExists):
        api.create(_map(namespace, "a"))
    with pytest.raises(Conflict, match="the object has been modified"):
        api.patch(stored, replace(stored, data={"x": "3"}))
    with pytest.raises(Invalid) as invalid:
        api.create(_map(namespace, "Not A Name"))
    api.delete(changed)
    with pytest.raises(NotFound):
        api.delete(changed)

    assert api.get(ConfigMap, namespace, "a") is None
    assert [cause.field for cause in invalid.value.causes] == ["metadata.name"]


def test_an_object_re_created_under_its_name_is_never_taken_for_the_old_one(
    api: ApiClient, namespace: str
) -> None:
    old = api.create(_map(namespace, "a", x="1"))
    api.delete(old)
    api.create(_map(namespace, "a", x="1"))

    with pytest.raises(Conflict):
        api.delete(old)
    with pytest.raises(Conflict, match="was changed or re-created since it was read"):
        api.patch(old, replace(old, data={"x": "2"}), lock=False)


def test_lists_come_in_pages_and_compressed_where_asked(
    plane: ControlPlane, namespace: str
) -> None:
    gzipped = Urllib3Transport(connect(str(plane.kubeconfig)), gzip=True)
    api = ApiClient(gzipped)
    for number in range(40):
        api.create(_map(namespace, f"m-{number}", text="x" * 10_000))

    raw = gzipped.send(HttpRequest(method="GET", path=f"/api/v1/namespaces/{namespace}/configmaps"))
    found = api.list(ConfigMap, namespace=namespace)

    assert raw.headers["content-encoding"] == "gzip"
    assert [len(m.data["text"]) for m in found if m.metadata.name.startswith("m-")] == [10_000] * 40


def test_a_client_certificate_names_the_user(plane: ControlPlane, namespace: str) -> None:
    kubeconfig = plane.add_user_kubeconfig("somebody")
    api = ApiClient(Urllib3Transport(connect(str(kubeconfig))))

    with pytest.raises(Forbidden, match='User "somebody" cannot list'):
        api.list(ConfigMap, namespace=namespace)


def test_in_cluster_credentials_are_read_anew_when_they_are_rotated(
    plane: ControlPlane, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", urlsplit(plane.url).hostname or "")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(urlsplit(plane.url).port))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(plane.ca_file))
    token.write_text(_token(plane, namespace))
    api = ApiClient(Urllib3Transport(connect()))
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/robot"
    assert _answer(api, namespace) is Forbidden

    plane.rest.call("DELETE", account)
    eventually(lambda: _answer(api, namespace) is Unauthorized, within=30)
    token.write_text(_token(plane, namespace))

    eventually(lambda: _answer(api, namespace) is Forbidden, within=10)


def _answer(api: ApiClient, namespace: str) -> type[Exception]:
    """Who we are decides how we are refused: Forbidden means that the server knows us."""
    try:
        api.list(ConfigMap, namespace=namespace)
    except (Forbidden, Unauthorized) as error:
        return type(error)
    raise AssertionError("an account without rights was let in")


def _token(plane: ControlPlane, namespace: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    plane.rest.call("POST", path, {"metadata": {"name": "robot"}})
    answer = plane.rest.call("POST", f"{path}/robot/token", {"spec": {"expirationSeconds": 3600}})
    status = answer["status"]
    assert isinstance(status, dict)
    return str(status["token"])


def test_a_pod_made_of_our_types_is_admitted(api: ApiClient, namespace: str) -> None:
    pod = Pod(
        metadata=ObjectMeta(generate_name="p-", namespace=namespace),
        spec=PodSpec(containers=(Container(name="c", image="i:1"),)),
    )

    stored = api.create(pod)

    assert stored.metadata.name.startswith("p-")
    assert stored.status.phase == "Pending"
