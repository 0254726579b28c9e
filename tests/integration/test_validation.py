"""What the API server itself refuses, and what becomes of objects that were stored before."""

from collections.abc import Generator
from typing import Any
from uuid import uuid4

import pytest

from okg.api.crd import game_server_crd, game_server_set_crd
from okg.api.schema import Schema
from okg.errors import Conflict, Invalid
from okg.testing.cluster import Cluster
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

API = "game.kruise.io/v1alpha1"
RULES = {
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
}
LIMIT = 'write an integer of at least 1 or a percentage such as "20%"'
LABEL = "should match"
LONG = "a" * 64

OLD_SET: dict[str, Any] = {
    "replicas": 2_000_000,
    "reserveGameServerIds": ["5", -1],
    "serviceQualities": [{"name": "a b", "permanent": True, "periodSeconds": -1}] * 2,
    "updateStrategy": {
        "rollingUpdate": {"partition": -1, "minReadySeconds": 301, "maxUnavailable": "0%"}
    },
    "scaleStrategy": {"maxUnavailable": 0},
    "network": {"networkType": "A"},
}
OLD_SERVER: dict[str, Any] = {
    "opsState": "not a label",
    "deletionPriority": -5,
    "updatePriority": "-5",
    "containers": [{"name": "game"}, {"name": "game"}],
}


class Namespace:
    """A namespace in which objects were stored before there were rules."""

    def __init__(self, cluster: Cluster) -> None:
        self.name = f"rules-{uuid4().hex[:8]}"
        self.cluster = cluster
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})

    def create_set(self, name: str, **spec: object) -> dict[str, Any]:
        return self._create("GameServerSet", name, {"replicas": 0, **spec})

    def create_server(self, name: str, **spec: object) -> dict[str, Any]:
        return self._create("GameServer", name, spec)

    def edit(self, kind: str, name: str, change: object, *, part: str = "") -> dict[str, Any]:
        path = self._path(kind, name) + part
        return self._call("PATCH", path, change, content_type="application/merge-patch+json")

    def apply(self, manager: str, spec: object) -> dict[str, Any]:
        """Apply what one manager wants of set ``shared``, as ``kubectl apply --server-side``."""
        body = {
            "apiVersion": API,
            "kind": "GameServerSet",
            "metadata": {"name": "shared"},
            "spec": spec,
        }
        return self._call(
            "PATCH",
            self._path("GameServerSet", "shared"),
            body,
            content_type="application/apply-patch+yaml",
            query={"fieldManager": manager},
        )

    def refuses_more_than_a_million(self) -> bool:
        try:
            self._create("GameServerSet", "probe", {"replicas": 1_000_001}, dryRun="All")
        except Invalid:
            return True
        return False

    def _create(self, kind: str, name: str, spec: object, **query: str) -> dict[str, Any]:
        body = {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}
        return self._call("POST", self._path(kind), body, query=query)

    def _path(self, kind: str, name: str = "") -> str:
        path = f"/apis/{API}/namespaces/{self.name}/{kind.lower()}s"
        return f"{path}/{name}" if name else path

    def _call(self, method: str, path: str, body: object, **options: Any) -> dict[str, Any]:
        return self.cluster.rest.call(method, path, body, **options)


def without_rules(schema: object) -> object:
    """Return a definition as it was before it had rules."""
    if isinstance(schema, dict):
        return {key: without_rules(value) for key, value in schema.items() if key not in RULES}
    return [without_rules(item) for item in schema] if isinstance(schema, list) else schema


def as_before(definition: Schema) -> dict[str, Any]:
    loose = without_rules(definition)
    assert isinstance(loose, dict)
    return loose


@pytest.fixture(scope="module")
def namespace(control_plane: Cluster) -> Generator[Namespace]:
    definitions = [dict(game_server_set_crd()), dict(game_server_crd())]
    control_plane.apply(*map(as_before, definitions))
    namespace = Namespace(control_plane)
    eventually(lambda: not namespace.refuses_more_than_a_million(), within=30)
    namespace.create_set("old", **OLD_SET)
    namespace.create_server("old-0", **OLD_SERVER)
    control_plane.apply(*definitions)
    eventually(namespace.refuses_more_than_a_million, within=30)
    yield namespace
    control_plane.rest.call("DELETE", f"/api/v1/namespaces/{namespace.name}")


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"replicas": 1_000_001}, "spec.replicas", "less than or equal to 1000000"),
        ({"reserveGameServerIds": ["5"]}, "spec.reserveGameServerIds[0]", LABEL),
        ({"reserveGameServerIds": [1, "a-b"]}, "spec.reserveGameServerIds[1]", LABEL),
        ({"reserveGameServerIds": [-1]}, "spec.reserveGameServerIds[0]", "greater than or equal"),
        ({"scaleStrategy": {"maxUnavailable": 0}}, "spec.scaleStrategy.maxUnavailable", LIMIT),
        ({"scaleStrategy": {"maxUnavailable": "0%"}}, "spec.scaleStrategy.maxUnavailable", LIMIT),
        ({"scaleStrategy": {"maxUnavailable": "abc"}}, "spec.scaleStrategy.maxUnavailable", LIMIT),
        (
            {"updateStrategy": {"rollingUpdate": {"maxUnavailable": -1}}},
            "spec.updateStrategy.rollingUpdate.maxUnavailable",
            LIMIT,
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"partition": -1}}},
            "spec.updateStrategy.rollingUpdate.partition",
            "greater than or equal to 0",
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"minReadySeconds": 301}}},
            "spec.updateStrategy.rollingUpdate.minReadySeconds",
            "less than or equal to 300",
        ),
        (
            {"serviceQualities": [{"name": "a#b", "permanent": True}]},
            "spec.serviceQualities[0].name",
            LABEL,
        ),
        (
            {"serviceQualities": [{"name": "a", "permanent": True}] * 2},
            "spec.serviceQualities[1]",
            "Duplicate value",
        ),
        (
            {"serviceQualities": [{"name": "a", "permanent": True, "timeoutSeconds": -1}]},
            "spec.serviceQualities[0].timeoutSeconds",
            "greater than or equal to 0",
        ),
    ],
)
def test_a_set_with_a_mistake_is_not_stored(
    namespace: Namespace, spec: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(Invalid) as raised:
        namespace.create_set("new", **spec)

    assert f"{field}: " in raised.value.message
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"opsState": "two words"}, "spec.opsState", LABEL),
        ({"opsState": LONG}, "spec.opsState", "Too long"),
        ({"deletionPriority": -1}, "spec.deletionPriority", "greater than or equal to 0"),
        ({"updatePriority": "-1"}, "spec.updatePriority", LABEL),
        ({"updatePriority": LONG}, "spec.updatePriority", "Too long"),
        ({"containers": [{"name": "a"}, {"name": "a"}]}, "spec.containers[1]", "Duplicate value"),
    ],
)
def test_a_server_with_a_mistake_is_not_stored(
    namespace: Namespace, spec: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(Invalid) as raised:
        namespace.create_server("new-0", **spec)

    assert f"{field}: " in raised.value.message
    assert message in raised.value.message


@pytest.mark.parametrize(
    "spec",
    [
        {"reserveGameServerIds": [0, "3-6", " 7 - 9 ", 3, 3]},
        {"scaleStrategy": {"maxUnavailable": 1}},
        {"scaleStrategy": {"maxUnavailable": "1%"}},
        {"scaleStrategy": {"maxUnavailable": "150%"}},
        {"updateStrategy": {"rollingUpdate": {"partition": 0, "minReadySeconds": 300}}},
        {
            "serviceQualities": [
                {
                    "name": "idle",
                    "permanent": True,
                    "serviceQualityAction": [
                        {"state": True, "opsState": "{{ .Result }}", "updatePriority": "{{ 1 }}"},
                        {"state": True, "deletionPriority": -1},
                    ],
                }
            ]
        },
    ],
)
def test_what_works_or_depends_on_a_result_is_stored(
    namespace: Namespace, spec: dict[str, Any]
) -> None:
    name = f"fine-{uuid4().hex[:8]}"

    assert namespace.create_set(name, **spec)["spec"] == {"replicas": 0, **spec}


def test_a_server_carries_any_label_value(namespace: Namespace) -> None:
    spec = {"opsState": "In_Match.7", "updatePriority": "0100", "deletionPriority": 2**40}

    assert namespace.create_server("fine-0", **spec)["spec"] == spec


@pytest.mark.parametrize("type_", ["B", None])
def test_the_type_of_a_network_stays_while_there_is_one(
    namespace: Namespace, type_: str | None
) -> None:
    name = f"networked-{uuid4().hex[:8]}"
    namespace.create_set(name, network={"networkType": "A"})

    with pytest.raises(Invalid, match=r"spec\.network: .*change network type is not allowed"):
        namespace.edit("GameServerSet", name, {"spec": {"network": {"networkType": type_}}})


def test_a_network_can_be_removed_and_added_with_another_type(namespace: Namespace) -> None:
    namespace.create_set("moved", network={"networkType": "A"})
    namespace.edit("GameServerSet", "moved", {"spec": {"network": None}})

    added = namespace.edit("GameServerSet", "moved", {"spec": {"network": {"networkType": "B"}}})

    assert added["spec"]["network"] == {"networkType": "B"}


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"finalizers": ["example.com/kept"]}},
        {"spec": {"serviceName": "lobby"}},
        {"spec": {"scaleStrategy": {"scaleDownStrategyType": "ReserveIds"}}},
        {"spec": {"updateStrategy": {"rollingUpdate": {"paused": True}}}},
        {"spec": {"reserveGameServerIds": None}},
        {"spec": {"replicas": 3}},
    ],
)
def test_a_set_that_was_stored_before_can_be_edited(
    namespace: Namespace, change: dict[str, Any]
) -> None:
    edited = namespace.edit("GameServerSet", "old", change)

    assert edited["spec"]["network"] == {"networkType": "A"}


def test_a_set_that_was_stored_before_takes_a_status(namespace: Namespace) -> None:
    counters = dict.fromkeys(
        (
            "replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas",
        ),
        1,
    )  # fmt: skip

    edited = namespace.edit("GameServerSet", "old", {"status": counters}, part="/status")

    assert edited["status"] == counters


def test_a_mistake_that_was_stored_before_is_not_exchanged_for_another(
    namespace: Namespace,
) -> None:
    with pytest.raises(Invalid, match=r"spec\.scaleStrategy\.maxUnavailable"):
        namespace.edit("GameServerSet", "old", {"spec": {"scaleStrategy": {"maxUnavailable": -1}}})


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"labels": {"seen": "yes"}}},
        {"spec": {"networkDisabled": True}},
        {"spec": {"updatePriority": 7}},
        {"spec": {"containers": None}},
    ],
)
def test_a_server_that_was_stored_before_can_be_edited(
    namespace: Namespace, change: dict[str, Any]
) -> None:
    edited = namespace.edit("GameServer", "old-0", change)

    assert edited["spec"]["opsState"] == "not a label"


def test_a_server_that_was_stored_before_takes_a_status(namespace: Namespace) -> None:
    edited = namespace.edit(
        "GameServer", "old-0", {"status": {"currentState": "Ready"}}, part="/status"
    )

    assert edited["status"] == {"currentState": "Ready"}


def test_two_who_apply_one_field_are_told_of_each_other(namespace: Namespace) -> None:
    namespace.apply("first", {"replicas": 3, "serviceName": "lobby"})
    namespace.apply("second", {"replicas": 3, "scaleStrategy": {"maxUnavailable": 1}})

    with pytest.raises(Conflict) as raised:
        namespace.apply("second", {"replicas": 5, "scaleStrategy": {"maxUnavailable": 1}})

    assert raised.value.message == (
        'Apply failed with 1 conflict: conflict with "first": .spec.replicas'
    )


def test_an_edit_of_what_somebody_else_has_changed_since_is_a_conflict(
    namespace: Namespace,
) -> None:
    read = namespace.create_set("edited", reserveGameServerIds=[1])
    namespace.edit("GameServerSet", "edited", {"spec": {"reserveGameServerIds": [2]}})
    version = {"metadata": {"resourceVersion": read["metadata"]["resourceVersion"]}}

    with pytest.raises(Conflict, match="the object has been modified"):
        namespace.edit(
            "GameServerSet", "edited", {**version, "spec": {"reserveGameServerIds": [3]}}
        )
