"""Informers on a real API server that fails in every way it can."""

import threading
import time
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import pytest

from integration.faults import FaultyTransport, RecordingInformer
from okg.api.core import ConfigMap, Namespace
from okg.api.meta import ObjectMeta
from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.rest import ApiClient
from okg.errors import TooManyRequests
from okg.testing.controlplane import ControlPlane
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration


def _client(kubeconfig: Path) -> ApiClient:
    return ApiClient(Urllib3Transport(connect(str(kubeconfig))))


@pytest.fixture(scope="module")
def plane() -> Generator[ControlPlane]:
    """A plane of its own: it is killed, compacted and starved. Watches read from etcd."""
    with ControlPlane(apiserver_args=["--watch-cache=false"]) as plane:
        yield plane


@pytest.fixture
def admin(plane: ControlPlane) -> ApiClient:
    return _client(plane.kubeconfig)


@pytest.fixture
def namespace(admin: ApiClient) -> str:
    name = f"faults-{uuid4().hex[:8]}"
    admin.create(Namespace(metadata=ObjectMeta(name=name)))
    return name


@pytest.fixture
def transport(plane: ControlPlane) -> FaultyTransport:
    return FaultyTransport(Urllib3Transport(connect(str(plane.kubeconfig))))


def _create(api: ApiClient, namespace: str, name: str) -> ConfigMap:
    return api.create(ConfigMap(metadata=ObjectMeta(name=name, namespace=namespace)))


def _has(informer: RecordingInformer, name: str) -> bool:
    return name in informer.names


def test_a_killed_api_server_is_waited_for_without_a_hot_loop(
    plane: ControlPlane, admin: ApiClient, namespace: str, transport: FaultyTransport
) -> None:
    with RecordingInformer(transport, namespace).running() as informer:
        _create(admin, namespace, "before")
        eventually(lambda: _has(informer, "before"))
        away = time.monotonic()

        plane.kill_apiserver()
        time.sleep(8)
        asked_while_away = transport.most_requests_in_a_second(away)
        plane.start_apiserver()
        _create(admin, namespace, "after")

        eventually(lambda: _has(informer, "after"), within=15)
    assert 1 <= asked_while_away <= 4
    assert informer.heard["before"][0] == "there"
    assert "gone" not in informer.heard["before"]


def test_watches_cut_a_hundred_times_lose_nothing(
    admin: ApiClient, namespace: str, transport: FaultyTransport
) -> None:
    cuts = 0
    with RecordingInformer(transport, namespace).running() as informer:
        for number in range(100):
            before, after = f"before-{number}", f"after-{number}"
            _create(admin, namespace, before)
            eventually(lambda: _has(informer, before), within=30)  # noqa: B023 - called at once
            _create(admin, namespace, after)
            cuts += eventually(transport.cut_watches, within=30)

        eventually(lambda: len(informer.names) >= 200, within=60)
    assert cuts >= 100
    assert [name for name, heard in informer.heard.items() if "gone" in heard] == []


def test_compaction_while_a_watch_is_away_leads_to_a_new_list(
    plane: ControlPlane, admin: ApiClient, namespace: str, transport: FaultyTransport
) -> None:
    doomed = _create(admin, namespace, "doomed")
    with RecordingInformer(transport, namespace).running() as informer:
        plane.stop_apiserver()
        plane.start_apiserver()
        admin.delete(doomed)
        _create(admin, namespace, "new")
        plane.compact_etcd()

        eventually(lambda: informer.names >= {"new"} and "doomed" not in informer.names, within=30)
        _create(admin, namespace, "later")
        eventually(lambda: _has(informer, "later"))
    assert informer.heard["doomed"][-1] == "gone"


def test_removed_rights_are_waited_for_and_used_when_they_are_back(
    plane: ControlPlane, admin: ApiClient, namespace: str
) -> None:
    rest, binding = plane.rest, _binding(namespace)
    plane.apply(_role(namespace), binding)
    kubeconfig = plane.add_user_kubeconfig("okg-faults")
    transport = FaultyTransport(Urllib3Transport(connect(str(kubeconfig))))
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings/reader"
    with RecordingInformer(transport, namespace).running() as informer:
        rest.call("DELETE", path)
        eventually(lambda: _is_refused(transport, namespace))
        transport.cut_watches()
        eventually(lambda: informer.informer.last_error is not None, within=20)
        _create(admin, namespace, "meanwhile")

        plane.apply(binding)

        eventually(lambda: _has(informer, "meanwhile"), within=60)
    assert transport.most_requests_in_a_second(0) < 60


def _is_refused(transport: FaultyTransport, namespace: str) -> bool:
    from okg.client.transport import HttpRequest  # noqa: PLC0415

    path = f"/api/v1/namespaces/{namespace}/configmaps"
    return transport.send(HttpRequest(method="GET", path=path)).status == 403


def _role(namespace: str) -> dict[str, object]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "reader", "namespace": namespace},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch"]}],
    }


def _binding(namespace: str) -> dict[str, object]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "reader", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "okg-faults"}
        ],
    }


def test_a_server_that_sheds_load_is_left_alone_for_as_long_as_it_says(
    plane: ControlPlane, admin: ApiClient, namespace: str
) -> None:
    kubeconfig = plane.add_user_kubeconfig("okg-faults")
    plane.apply(_role(namespace), _binding(namespace), *_shedding("okg-faults"))
    transport = FaultyTransport(Urllib3Transport(connect(str(kubeconfig))))
    with RecordingInformer(transport, namespace).running() as informer:
        refused = eventually(lambda: _crowd(ApiClient(transport), namespace), within=20)
        transport.cut_watches()
        _create(admin, namespace, "meanwhile")

        eventually(lambda: _has(informer, "meanwhile"), within=30)
    plane.rest.call("DELETE", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/nothing")
    assert {error.retry_after for error in refused} == {1.0}


def _crowd(api: ApiClient, namespace: str) -> list[TooManyRequests]:
    """Send more lists at once than the server has seats; return who was turned away."""
    refused: list[TooManyRequests] = []

    def ask() -> None:
        try:
            api.list(ConfigMap, namespace=namespace)
        except TooManyRequests as error:
            refused.append(error)

    crowd = [threading.Thread(target=ask) for _ in range(16)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return refused


def _shedding(user: str) -> tuple[dict[str, object], dict[str, object]]:
    group = "flowcontrol.apiserver.k8s.io"
    level: dict[str, object] = {
        "apiVersion": f"{group}/v1",
        "kind": "PriorityLevelConfiguration",
        "metadata": {"name": "nothing"},
        "spec": {
            "type": "Limited",
            "limited": {
                "nominalConcurrencyShares": 0,
                "lendablePercent": 0,
                "borrowingLimitPercent": 0,
                "limitResponse": {"type": "Reject"},
            },
        },
    }
    schema: dict[str, object] = {
        "apiVersion": f"{group}/v1",
        "kind": "FlowSchema",
        "metadata": {"name": "nothing"},
        "spec": {
            "priorityLevelConfiguration": {"name": "nothing"},
            "matchingPrecedence": 100,
            "rules": [
                {
                    "subjects": [{"kind": "User", "user": {"name": user}}],
                    "resourceRules": [
                        {
                            "verbs": ["*"],
                            "apiGroups": ["*"],
                            "resources": ["*"],
                            "namespaces": ["*"],
                            "clusterScope": True,
                        }
                    ],
                }
            ],
        },
    }
    return level, schema


def test_a_rotated_token_is_picked_up_without_a_restart(
    plane: ControlPlane, admin: ApiClient, namespace: str, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    plane.write_kubeconfig(config, user="robot", token=_service_account(plane, namespace))
    plane.apply(
        _role(namespace),
        _binding(namespace)
        | {
            "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": namespace}],
        },
    )
    transport = FaultyTransport(Urllib3Transport(connect(str(config))))
    with RecordingInformer(transport, namespace).running() as informer:
        account = f"/api/v1/namespaces/{namespace}/serviceaccounts/robot"
        plane.rest.call("DELETE", account)
        eventually(lambda: _status(transport, namespace) == 401, within=30)
        plane.write_kubeconfig(config, user="robot", token=_service_account(plane, namespace))
        transport.cut_watches()
        _create(admin, namespace, "after-rotation")

        eventually(lambda: _has(informer, "after-rotation"), within=60)


def _status(transport: FaultyTransport, namespace: str) -> int:
    from okg.client.transport import HttpRequest  # noqa: PLC0415

    path = f"/api/v1/namespaces/{namespace}/configmaps"
    return transport.send(HttpRequest(method="GET", path=path)).status


def _service_account(plane: ControlPlane, namespace: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    plane.rest.call("POST", path, {"metadata": {"name": "robot"}})
    answer = plane.rest.call("POST", f"{path}/robot/token", {"spec": {"expirationSeconds": 3600}})
    status = answer["status"]
    assert isinstance(status, dict)
    return str(status["token"])


def test_a_deleted_namespace_empties_the_cache(
    admin: ApiClient, namespace: str, transport: FaultyTransport
) -> None:
    _create(admin, namespace, "inside")
    with RecordingInformer(transport, namespace).running() as informer:
        admin.delete(Namespace(metadata=ObjectMeta(name=namespace)))

        # After an outage the namespace controller looks again at most half a minute later.
        eventually(lambda: not informer.names, within=90)
    assert informer.heard["inside"][-1] == "gone"
