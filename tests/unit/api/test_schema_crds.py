"""What people, autoscalers and the API server rely on in the CustomResourceDefinitions."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

import game_objects as objects
from okg.api.crd import REFINEMENTS, game_server_crd, game_server_set_crd
from okg.api.game import GameServer, GameServerSet

INT_OR_STRING = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "x-kubernetes-int-or-string": True,
}


def version_of(crd: Mapping[str, Any]) -> dict[str, Any]:
    [version] = crd["spec"]["versions"]
    return dict(version)


def schema_at(crd: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the schema at a path like ``spec.serviceQualities[].name``, without description."""
    schema = version_of(crd)["schema"]["openAPIV3Schema"]
    for step in path.replace("[]", ".[]").split("."):
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return {key: value for key, value in schema.items() if key != "description"}


def keywords(value: object) -> Iterator[str]:
    """Yield every keyword of a schema; names of properties are none."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield key
        below = inner.values() if key == "properties" else [inner]
        for schema in below:
            yield from keywords(schema)


SET = game_server_set_crd()
SERVER = game_server_crd()


@pytest.mark.parametrize(
    ("crd", "name", "names"),
    [
        pytest.param(
            SET,
            "gameserversets.game.kruise.io",
            {
                "kind": "GameServerSet",
                "listKind": "GameServerSetList",
                "plural": "gameserversets",
                "singular": "gameserverset",
                "shortNames": ["gss"],
            },
            id="set",
        ),
        pytest.param(
            SERVER,
            "gameservers.game.kruise.io",
            {
                "kind": "GameServer",
                "listKind": "GameServerList",
                "plural": "gameservers",
                "singular": "gameserver",
                "shortNames": ["gs"],
            },
            id="server",
        ),
    ],
)
def test_kinds_go_by_their_known_names(
    crd: Mapping[str, Any], name: str, names: dict[str, Any]
) -> None:
    assert crd["metadata"] == {"name": name}
    assert crd["spec"]["group"] == "game.kruise.io"
    assert crd["spec"]["scope"] == "Namespaced"
    assert crd["spec"]["names"] == names


@pytest.mark.parametrize("crd", [SET, SERVER], ids=["set", "server"])
def test_there_is_one_version_that_is_served_and_stored(crd: Mapping[str, Any]) -> None:
    version = version_of(crd)

    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)


def test_columns_of_sets_are_those_that_scripts_parse() -> None:
    columns = version_of(SET)["additionalPrinterColumns"]

    assert [(c["name"], c["type"], c["jsonPath"]) for c in columns] == [
        ("DESIRED", "integer", ".spec.replicas"),
        ("CURRENT", "integer", ".status.currentReplicas"),
        ("UPDATED", "integer", ".status.updatedReplicas"),
        ("READY", "integer", ".status.readyReplicas"),
        ("Maintaining", "integer", ".status.maintainingReplicas"),
        ("WaitToBeDeleted", "integer", ".status.waitToBeDeletedReplicas"),
        ("PreDelete", "integer", ".status.preDeleteReplicas"),
        ("AGE", "date", ".metadata.creationTimestamp"),
    ]


def test_columns_of_servers_are_those_that_scripts_parse() -> None:
    columns = version_of(SERVER)["additionalPrinterColumns"]

    assert [(c["name"], c["type"], c["jsonPath"]) for c in columns] == [
        ("STATE", "string", ".status.currentState"),
        ("OPSSTATE", "string", ".spec.opsState"),
        ("DP", "string", ".status.deletionPriority"),
        ("UP", "string", ".status.updatePriority"),
        ("AGE", "date", ".metadata.creationTimestamp"),
    ]


def test_a_set_can_be_scaled() -> None:
    assert version_of(SET)["subresources"] == {
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.labelSelector",
        },
    }


def test_a_server_has_a_status_of_its_own() -> None:
    assert version_of(SERVER)["subresources"] == {"status": {}}


def test_the_root_is_the_shape_of_any_object() -> None:
    root = version_of(SET)["schema"]["openAPIV3Schema"]

    assert list(root["properties"]) == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert root["properties"]["metadata"] == {"type": "object"}
    assert "required" not in root


@pytest.mark.parametrize(
    ("crd", "path", "required"),
    [
        (SET, "spec", ["replicas"]),
        (SET, "spec.serviceQualities[]", ["name", "permanent"]),
        (SET, "spec.serviceQualities[].serviceQualityAction[]", ["state"]),
        (SET, "spec.serviceQualities[].httpGet", ["port"]),
        (SET, "spec.serviceQualities[].tcpSocket", ["port"]),
        (SET, "spec.serviceQualities[].grpc", ["port"]),
        (
            SET,
            "status",
            [
                "availableReplicas",
                "currentReplicas",
                "readyReplicas",
                "replicas",
                "updatedReplicas",
            ],
        ),
        (SET, "status.conditions[]", ["status", "type"]),
        (SERVER, "spec.containers[]", ["name"]),
        (SERVER, "status.networkStatus.externalAddresses[]", ["ip"]),
        (SERVER, "status.networkStatus.externalAddresses[].ports[]", ["name"]),
        (SERVER, "status.serviceQualitiesConditions[]", ["name"]),
        (SERVER, "status.conditions[]", ["status", "type"]),
        (
            SERVER,
            "status.podStatus.containerStatuses[]",
            ["image", "imageID", "name", "ready", "restartCount"],
        ),
        (SERVER, "status.podStatus.containerStatuses[].state.terminated", ["exitCode"]),
    ],
)
def test_only_what_must_be_there_is_required(
    crd: Mapping[str, Any], path: str, required: list[str]
) -> None:
    assert schema_at(crd, path)["required"] == required


@pytest.mark.parametrize(
    ("crd", "path"),
    [
        (SET, "spec.updateStrategy"),
        (SET, "spec.updateStrategy.rollingUpdate"),
        (SET, "spec.scaleStrategy"),
        (SET, "spec.network"),
        (SET, "spec.network.networkConf[]"),
        (SET, "spec.lifecycle"),
        (SET, "spec.gameServerTemplate"),
        (SERVER, "spec"),
        (SERVER, "status"),
        (SERVER, "status.podStatus"),
    ],
)
def test_nothing_is_required_elsewhere(crd: Mapping[str, Any], path: str) -> None:
    assert "required" not in schema_at(crd, path)


INT32 = {"type": "integer", "format": "int32"}
LABEL_VALUE = {"maxLength": 63, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"}
LIMIT = {
    "x-kubernetes-validations": [
        {
            "rule": "type(self) == int ? self >= 1 : self.matches('^0*[1-9][0-9]*%$')",
            "message": 'write an integer of at least 1 or a percentage such as "20%"',
        }
    ]
}
PRIORITY = {**INT_OR_STRING, **LABEL_VALUE, "minimum": 0}


@pytest.mark.parametrize(
    ("crd", "path", "schema"),
    [
        (SET, "spec.replicas", {**INT32, "minimum": 0, "maximum": 1_000_000}),
        (
            SET,
            "spec.reserveGameServerIds[]",
            {**INT_OR_STRING, "minimum": 0, "pattern": r"^\s*[0-9]+\s*-\s*[0-9]+\s*$"},
        ),
        (SET, "spec.updateStrategy.rollingUpdate.partition", {**INT32, "minimum": 0}),
        (
            SET,
            "spec.updateStrategy.rollingUpdate.minReadySeconds",
            {**INT32, "minimum": 0, "maximum": 300},
        ),
        (SET, "spec.updateStrategy.rollingUpdate.maxUnavailable", {**INT_OR_STRING, **LIMIT}),
        (SET, "spec.scaleStrategy.maxUnavailable", {**INT_OR_STRING, **LIMIT}),
        (SET, "spec.serviceQualities[].periodSeconds", {**INT32, "minimum": 0}),
        (
            SET,
            "spec.serviceQualities[].name",
            {"type": "string", "minLength": 1, **LABEL_VALUE},
        ),
        (SERVER, "spec.opsState", {"type": "string", **LABEL_VALUE}),
        (SERVER, "spec.updatePriority", PRIORITY),
        (SERVER, "spec.deletionPriority", PRIORITY),
    ],
)
def test_what_never_works_is_out_of_bounds(
    crd: Mapping[str, Any], path: str, schema: dict[str, Any]
) -> None:
    assert schema_at(crd, path) == schema


@pytest.mark.parametrize(
    ("crd", "path"), [(SET, "spec.serviceQualities"), (SERVER, "spec.containers")]
)
def test_names_that_tell_items_apart_are_unique(crd: Mapping[str, Any], path: str) -> None:
    items = schema_at(crd, path)

    assert items["x-kubernetes-list-type"] == "map"
    assert items["x-kubernetes-list-map-keys"] == ["name"]


def test_the_type_of_a_network_cannot_be_changed() -> None:
    [rule] = schema_at(SET, "spec.network")["x-kubernetes-validations"]

    assert rule["message"] == "change network type is not allowed"


@pytest.mark.parametrize("field", ["opsState", "updatePriority", "deletionPriority"])
def test_an_action_may_be_a_template(field: str) -> None:
    schema = schema_at(SET, f"spec.serviceQualities[].serviceQualityAction[].{field}")

    assert not schema.keys() & {"pattern", "maxLength", "minimum"}


@pytest.mark.parametrize(
    ("crd", "path"),
    [
        (SET, "spec.serviceQualities[].httpGet.port"),
        (SET, "spec.serviceQualities[].tcpSocket.port"),
        (SET, "spec.serviceQualities[].serviceQualityAction[].updatePriority"),
        (SET, "spec.serviceQualities[].serviceQualityAction[].deletionPriority"),
        (SERVER, "status.updatePriority"),
        (SERVER, "status.deletionPriority"),
        (SERVER, "status.networkStatus.internalAddresses[].ports[].port"),
    ],
)
def test_fields_that_are_integers_or_strings_say_so(crd: Mapping[str, Any], path: str) -> None:
    assert schema_at(crd, path) == INT_OR_STRING


@pytest.mark.parametrize(
    ("crd", "path"),
    [
        (SET, "status.observedGeneration"),
        (SET, "status.conditions[].observedGeneration"),
        (SET, "spec.serviceQualities[].terminationGracePeriodSeconds"),
        (SERVER, "status.podStatus.containerStatuses[].user.linux.uid"),
        (SERVER, "status.podStatus.containerStatuses[].user.linux.gid"),
        (SERVER, "status.podStatus.containerStatuses[].user.linux.supplementalGroups[]"),
    ],
)
def test_fields_that_may_be_large_have_64_bits(crd: Mapping[str, Any], path: str) -> None:
    assert schema_at(crd, path) == {"type": "integer", "format": "int64"}


@pytest.mark.parametrize(
    ("crd", "path"),
    [
        (SET, "spec.serviceQualities[].serviceQualityAction[].containers[].resources.limits"),
        (SET, "spec.gameServerTemplate.volumeClaimTemplates[].spec.resources.requests"),
        (SERVER, "spec.containers[].resources.requests"),
        (SERVER, "status.podStatus.containerStatuses[].allocatedResources"),
    ],
)
def test_quantities_have_a_pattern(crd: Mapping[str, Any], path: str) -> None:
    values = schema_at(crd, path)["additionalProperties"]

    assert values["pattern"].startswith(r"^(\+|-)?")
    assert values["x-kubernetes-int-or-string"] is True


def test_the_pod_template_is_stored_as_it_is_but_for_two_fields() -> None:
    template = schema_at(SET, "spec.gameServerTemplate")

    assert template["type"] == "object"
    assert template["x-kubernetes-preserve-unknown-fields"] is True
    assert sorted(template["properties"]) == ["reclaimPolicy", "volumeClaimTemplates"]


def test_nothing_else_keeps_unknown_fields() -> None:
    kept = [k for crd in (SET, SERVER) for k in keywords(version_of(crd)["schema"])].count(
        "x-kubernetes-preserve-unknown-fields"
    )

    assert kept == 1


def test_a_claim_template_keeps_five_keys_of_its_metadata() -> None:
    metadata = schema_at(SET, "spec.gameServerTemplate.volumeClaimTemplates[].metadata")

    assert metadata["type"] == "object"
    assert sorted(metadata["properties"]) == [
        "annotations", "finalizers", "labels", "name", "namespace",
    ]  # fmt: skip


def test_a_pod_status_keeps_what_servers_of_version_1_31_know() -> None:
    status = schema_at(SERVER, "status.podStatus")
    condition = schema_at(SERVER, "status.podStatus.conditions[]")
    container = schema_at(SERVER, "status.podStatus.containerStatuses[]")

    assert sorted(status["properties"]) == [
        "conditions", "containerStatuses", "ephemeralContainerStatuses", "hostIP", "hostIPs",
        "initContainerStatuses", "message", "nominatedNodeName", "phase", "podIP", "podIPs",
        "qosClass", "reason", "resize", "resourceClaimStatuses", "startTime",
    ]  # fmt: skip
    assert sorted(condition["properties"]) == [
        "lastProbeTime", "lastTransitionTime", "message", "reason", "status", "type",
    ]  # fmt: skip
    assert sorted(container["properties"]) == [
        "allocatedResources", "allocatedResourcesStatus", "containerID", "image", "imageID",
        "lastState", "name", "ready", "resources", "restartCount", "started", "state", "user",
        "volumeMounts",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("crd", "path"), [(SET, "status.conditions"), (SERVER, "status.podStatus.conditions")]
)
def test_conditions_that_are_told_apart_by_type_say_so(crd: Mapping[str, Any], path: str) -> None:
    conditions = schema_at(crd, path)

    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


def test_conditions_of_a_server_are_a_plain_list() -> None:
    assert sorted(schema_at(SERVER, "status.conditions")) == ["items", "type"]


@pytest.mark.parametrize("crd", [SET, SERVER], ids=["set", "server"])
def test_no_value_is_forbidden_by_an_enumeration(crd: Mapping[str, Any]) -> None:
    assert "enum" not in set(keywords(version_of(crd)["schema"]))


def test_the_one_default_is_that_of_the_grpc_service() -> None:
    found = [k for crd in (SET, SERVER) for k in keywords(version_of(crd)["schema"])]

    assert found.count("default") == 1
    assert schema_at(SET, "spec.serviceQualities[].grpc.service")["default"] == ""


@pytest.mark.parametrize(("kind", "attribute"), list(REFINEMENTS))
def test_every_refinement_names_a_field(kind: type[msgspec.Struct], attribute: str) -> None:
    assert attribute in {field.name for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize(
    ("crd", "part", "value"),
    [
        pytest.param(SET, "spec", objects.GAME_SERVER_SET_SPEC, id="set-spec"),
        pytest.param(SET, "status", objects.GAME_SERVER_SET_STATUS, id="set-status"),
        pytest.param(SERVER, "spec", objects.GAME_SERVER_SPEC, id="server-spec"),
        pytest.param(SERVER, "status", objects.GAME_SERVER_STATUS, id="server-status"),
    ],
)
def test_the_test_objects_carry_every_field(
    crd: Mapping[str, Any], part: str, value: dict[str, Any]
) -> None:
    named = set(objects.schema_paths(schema_at(crd, part)))

    assert named - set(objects.value_paths(value)) == set()


def test_a_set_comes_out_of_our_types_as_it_went_in() -> None:
    before = {
        "metadata": {"name": "lobby"},
        "spec": objects.GAME_SERVER_SET_SPEC,
        "status": objects.GAME_SERVER_SET_STATUS,
    }

    decoded = msgspec.json.decode(msgspec.json.encode(before), type=GameServerSet)

    assert msgspec.json.decode(msgspec.json.encode(decoded)) == before


def test_a_server_comes_out_of_our_types_as_it_went_in() -> None:
    before = {
        "metadata": {"name": "lobby-0"},
        "spec": objects.GAME_SERVER_SPEC,
        "status": objects.GAME_SERVER_STATUS,
    }

    decoded = msgspec.json.decode(msgspec.json.encode(before), type=GameServer)

    assert msgspec.json.decode(msgspec.json.encode(decoded)) == before
