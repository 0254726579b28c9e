"""The schema of a PersistentVolumeClaim embedded in another object, as of Kubernetes 1.31.

An embedded claim keeps five keys of its metadata, all that a template of one can carry.
"""

from okg.api.schema import (
    ATOMIC_LIST,
    ATOMIC_MAP,
    DATE_TIME,
    QUANTITY,
    STRING,
    Schema,
    array_of,
    list_map,
    map_of,
    object_of,
)

_QUANTITIES = map_of(QUANTITY)

_METADATA = object_of(
    {
        "annotations": map_of(STRING),
        "finalizers": array_of(STRING),
        "labels": map_of(STRING),
        "name": STRING,
        "namespace": STRING,
    }
)

_SELECTOR_REQUIREMENT = object_of(
    {"key": STRING, "operator": STRING, "values": {**array_of(STRING), **ATOMIC_LIST}},
    required=["key", "operator"],
)

_SELECTOR = object_of(
    {
        "matchExpressions": {**array_of(_SELECTOR_REQUIREMENT), **ATOMIC_LIST},
        "matchLabels": map_of(STRING),
    }
)

_DATA_SOURCE = object_of(
    {"apiGroup": STRING, "kind": STRING, "name": STRING}, required=["kind", "name"]
)

_DATA_SOURCE_REF = object_of(
    {"apiGroup": STRING, "kind": STRING, "name": STRING, "namespace": STRING},
    required=["kind", "name"],
)

_SPEC = object_of(
    {
        "accessModes": {**array_of(STRING), **ATOMIC_LIST},
        "dataSource": {**_DATA_SOURCE, **ATOMIC_MAP},
        "dataSourceRef": _DATA_SOURCE_REF,
        "resources": object_of({"limits": _QUANTITIES, "requests": _QUANTITIES}),
        "selector": {**_SELECTOR, **ATOMIC_MAP},
        "storageClassName": STRING,
        "volumeAttributesClassName": STRING,
        "volumeMode": STRING,
        "volumeName": STRING,
    }
)

_CONDITION = object_of(
    {
        "lastProbeTime": DATE_TIME,
        "lastTransitionTime": DATE_TIME,
        "message": STRING,
        "reason": STRING,
        "status": STRING,
        "type": STRING,
    },
    required=["status", "type"],
)

_STATUS = object_of(
    {
        "accessModes": {**array_of(STRING), **ATOMIC_LIST},
        "allocatedResourceStatuses": {**map_of(STRING), "x-kubernetes-map-type": "granular"},
        "allocatedResources": _QUANTITIES,
        "capacity": _QUANTITIES,
        "conditions": {**array_of(_CONDITION), **list_map("type")},
        "currentVolumeAttributesClassName": STRING,
        "modifyVolumeStatus": object_of(
            {"status": STRING, "targetVolumeAttributesClassName": STRING}, required=["status"]
        ),
        "phase": STRING,
    }
)

PERSISTENT_VOLUME_CLAIM: Schema = object_of(
    {
        "apiVersion": STRING,
        "kind": STRING,
        "metadata": _METADATA,
        "spec": _SPEC,
        "status": _STATUS,
    }
)
