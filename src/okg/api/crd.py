"""The CustomResourceDefinitions of game.kruise.io.

Names, columns and subresources are what people's scripts, autoscalers and dashboards rely on.
There are no enums and no defaults: what a value means is decided by the controllers, and an object
that an older or newer version wrote is always readable.

Refused is only what never worked. A server from 1.30 on still stores an object with such a value if
the value is not what changes; older ones want it corrected. What needs more than one field to judge
is left to the webhook (okg.workload.validation).
"""

from collections.abc import Sequence

import msgspec

from okg.api.claim_schema import PERSISTENT_VOLUME_CLAIM
from okg.api.core import (
    ContainerStatus,
    LinuxContainerUser,
    PodStatus,
    ResourceRequirements,
)
from okg.api.game import (
    GameServer,
    GameServerSet,
    GameServerSetSpec,
    GameServerSetStatus,
    GameServerSpec,
    GameServerTemplate,
    RollingUpdate,
    ScaleStrategy,
    ServiceQuality,
    ServiceQualityAction,
)
from okg.api.kruise import ContainerProbe
from okg.api.meta import Condition
from okg.api.probe_schema import EXEC, GRPC, HTTP_GET, TCP_SOCKET
from okg.api.resource import Object
from okg.api.schema import (
    INT64,
    INT_OR_STRING,
    LABEL_VALUE,
    PRESERVE_UNKNOWN,
    QUANTITY,
    STRING,
    Refinements,
    Schema,
    array_of,
    described,
    description_of,
    list_map,
    map_of,
    object_of,
    rule,
    struct_properties,
)

_LIMIT = rule(
    "type(self) == int ? self >= 1 : self.matches('^0*[1-9][0-9]*%$')",
    'write an integer of at least 1 or a percentage such as "20%"',
)
_PRIORITY: Schema = {"minimum": 0, **LABEL_VALUE}
# Actions hold templates, and what becomes of them is known only when they run.
_ANYTHING: Schema = {}

REFINEMENTS: Refinements = {
    (GameServerSetSpec, "replicas"): {"minimum": 0, "maximum": 1_000_000},
    (GameServerSetSpec, "reserve_game_server_ids"): array_of(
        {**INT_OR_STRING, "minimum": 0, "pattern": r"^\s*[0-9]+\s*-\s*[0-9]+\s*$"}
    ),
    (GameServerSetSpec, "service_qualities"): list_map("name"),
    (GameServerSetSpec, "network"): rule(
        "!has(oldSelf.networkType) || oldSelf.networkType == ''"
        " || (has(self.networkType) && self.networkType == oldSelf.networkType)",
        "change network type is not allowed",
    ),
    (RollingUpdate, "partition"): {"minimum": 0},
    (RollingUpdate, "max_unavailable"): _LIMIT,
    (RollingUpdate, "min_ready_seconds"): {"minimum": 0, "maximum": 300},
    (ScaleStrategy, "max_unavailable"): _LIMIT,
    (ServiceQuality, "name"): {"minLength": 1, **LABEL_VALUE},
    (GameServerSpec, "ops_state"): LABEL_VALUE,
    (GameServerSpec, "update_priority"): _PRIORITY,
    (GameServerSpec, "deletion_priority"): _PRIORITY,
    (GameServerSpec, "containers"): list_map("name"),
    (ServiceQualityAction, "ops_state"): _ANYTHING,
    (ServiceQualityAction, "update_priority"): _ANYTHING,
    (ServiceQualityAction, "deletion_priority"): _ANYTHING,
    (ServiceQualityAction, "containers"): _ANYTHING,
    # The embedded pod template is the user's: stored as it is, checked when pods are made of it.
    (GameServerSetSpec, "game_server_template"): PRESERVE_UNKNOWN,
    (GameServerTemplate, "metadata"): None,
    (GameServerTemplate, "spec"): None,
    (GameServerTemplate, "volume_claim_templates"): array_of(PERSISTENT_VOLUME_CLAIM),
    (ContainerProbe, "exec"): EXEC,
    (ContainerProbe, "http_get"): HTTP_GET,
    (ContainerProbe, "tcp_socket"): TCP_SOCKET,
    (ContainerProbe, "grpc"): GRPC,
    (ContainerProbe, "initial_delay_seconds"): {"minimum": 0},
    (ContainerProbe, "timeout_seconds"): {"minimum": 0},
    (ContainerProbe, "period_seconds"): {"minimum": 0},
    (ContainerProbe, "success_threshold"): {"minimum": 0},
    (ContainerProbe, "failure_threshold"): {"minimum": 0},
    (ContainerProbe, "termination_grace_period_seconds"): INT64,
    (GameServerSetStatus, "observed_generation"): INT64,
    (GameServerSetStatus, "conditions"): list_map("type"),
    (Condition, "observed_generation"): INT64,
    (PodStatus, "conditions"): list_map("type"),
    (ContainerStatus, "allocated_resources"): map_of(QUANTITY),
    (ResourceRequirements, "limits"): map_of(QUANTITY),
    (ResourceRequirements, "requests"): map_of(QUANTITY),
    (LinuxContainerUser, "uid"): INT64,
    (LinuxContainerUser, "gid"): INT64,
    (LinuxContainerUser, "supplemental_groups"): array_of(INT64),
}


class Column(msgspec.Struct, frozen=True):
    """A column of ``kubectl get``; the path is a JSONPath into the object."""

    name: str
    type: str
    path: str


_AGE = Column("AGE", "date", ".metadata.creationTimestamp")

_GAME_SERVER_SET_COLUMNS = (
    Column("DESIRED", "integer", ".spec.replicas"),
    Column("CURRENT", "integer", ".status.currentReplicas"),
    Column("UPDATED", "integer", ".status.updatedReplicas"),
    Column("READY", "integer", ".status.readyReplicas"),
    Column("Maintaining", "integer", ".status.maintainingReplicas"),
    Column("WaitToBeDeleted", "integer", ".status.waitToBeDeletedReplicas"),
    Column("PreDelete", "integer", ".status.preDeleteReplicas"),
    _AGE,
)

_GAME_SERVER_COLUMNS = (
    Column("STATE", "string", ".status.currentState"),
    Column("OPSSTATE", "string", ".spec.opsState"),
    Column("DP", "string", ".status.deletionPriority"),
    Column("UP", "string", ".status.updatePriority"),
    _AGE,
)

_SCALE: Schema = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.labelSelector",
}


def game_server_set_crd() -> Schema:
    """Return the CustomResourceDefinition of GameServerSet."""
    return _definition(
        GameServerSet,
        short_name="gss",
        columns=_GAME_SERVER_SET_COLUMNS,
        subresources={"status": {}, "scale": _SCALE},
    )


def game_server_crd() -> Schema:
    """Return the CustomResourceDefinition of GameServer."""
    return _definition(
        GameServer,
        short_name="gs",
        columns=_GAME_SERVER_COLUMNS,
        subresources={"status": {}},
    )


def _definition(
    kind: type[Object], *, short_name: str, columns: Sequence[Column], subresources: Schema
) -> Schema:
    resource = kind.resource_type
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.group_resource},
        "spec": {
            "group": resource.group,
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "shortNames": [short_name],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": resource.version,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [
                        {"name": c.name, "type": c.type, "jsonPath": c.path} for c in columns
                    ],
                    "subresources": subresources,
                    "schema": {"openAPIV3Schema": _root_schema(kind)},
                }
            ],
        },
    }


def _root_schema(kind: type[Object]) -> Schema:
    # Of metadata a definition may say no more than that it is an object.
    properties = struct_properties(kind, {**REFINEMENTS, (kind, "metadata"): None})
    head = {"apiVersion": STRING, "kind": STRING, "metadata": {"type": "object"}}
    return described(object_of({**head, **properties}), description_of(kind))
