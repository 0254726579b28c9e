"""Keys and values that pods, game servers and their sets carry. They are wire format: never change.

Everything here is what OpenKruiseGame and OpenKruise write and read, so that manifests, scripts and
dashboards made for them keep working.
"""

OWNER_GSS = "game.kruise.io/owner-gss"
"""Label of pods and servers: name of their set, the only criterion of membership."""

GS_STATE = "game.kruise.io/gs-state"
OPS_STATE = "game.kruise.io/gs-opsState"
UPDATE_PRIORITY = "game.kruise.io/gs-update-priority"
DELETION_PRIORITY = "game.kruise.io/gs-delete-priority"
NETWORK_DISABLED = "game.kruise.io/network-disabled"
GS_DELETING = "game.kruise.io/gs-deleting"
NODE_NAME = "game.kruise.io/node-name"
NOT_READY_BLOCKER = "game.kruise.io/inplace-update-not-ready-blocker"

RESERVE_IDS = "game.kruise.io/reserve-ids"
STATEFULSET_HASH = "game.kruise.io/asts-hash"
PROBES_HASH = "game.kruise.io/ppm-hash"
METADATA_HASH = "game.kruise.io/gsTemplate-metadata-hash"
NETWORK_TYPE = "game.kruise.io/network-type"
NETWORK_CONF = "game.kruise.io/network-conf"
NETWORK_STATUS = "game.kruise.io/network-status"
NETWORK_TRIGGERED_AT = "game.kruise.io/network-trigger-time"
OPS_STATE_CHANGED_AT = "game.kruise.io/opsState-last-changed-time"
STATE_CHANGED_AT = "game.kruise.io/state-last-changed-time"
UPDATING_CONTAINERS = "game.kruise.io/gs-updating-containers"
WORKLOAD_RECORD = "game.kruise.io/workload-record"
"""Label of the ConfigMaps that stand for workloads where there is no OpenKruise."""

WORKLOAD_BACKEND = "game.kruise.io/workload-backend"
"""Annotation of a set: who makes its pods."""

MOVE_WORKLOAD_TO = "game.kruise.io/move-workload-to"
"""Annotation of a set: who shall make its pods from now on."""

MOVED_FROM = "game.kruise.io/moved-from"
"""Annotation of a workload record that must not be acted on yet: uid of the workload it copies."""

MOVING = "game.kruise.io/moving-workload"
"""Finalizer that keeps a StatefulSet until nothing refers to it any more."""

TRACE_PARENT = "game.kruise.io/traceparent"
"""Annotation of a pod's write, never of a stored pod: the trace that the write belongs to."""

OUR_LABELS = frozenset(
    {
        OWNER_GSS,
        GS_STATE,
        OPS_STATE,
        UPDATE_PRIORITY,
        DELETION_PRIORITY,
        NETWORK_DISABLED,
        GS_DELETING,
        NODE_NAME,
    }
)
"""Labels that the controllers write, and overwrite."""

OUR_KEYS = OUR_LABELS | {
    NOT_READY_BLOCKER,
    RESERVE_IDS,
    STATEFULSET_HASH,
    PROBES_HASH,
    METADATA_HASH,
    NETWORK_TYPE,
    NETWORK_CONF,
    NETWORK_STATUS,
    NETWORK_TRIGGERED_AT,
    OPS_STATE_CHANGED_AT,
    STATE_CHANGED_AT,
    UPDATING_CONTAINERS,
    TRACE_PARENT,
}
"""Keys of labels and annotations that mean something to the controllers or their plugins."""

SYNC_PREFIX = "gs-sync/"
QUALITY_PREFIX = "game.kruise.io/"
"""A pod condition of this prefix and a service quality's name carries the quality's last result."""

KILL = "Kill"
"""The opsState that removes a server and shrinks its set."""

REVISION = "controller-revision-hash"
"""Label of pods: the revision of the workload's template they are of."""

LIFECYCLE_STATE = "lifecycle.apps.kruise.io/state"
LIFECYCLE_CHANGED_AT = "lifecycle.apps.kruise.io/timestamp"
LIFECYCLE_NORMAL = "Normal"
PREPARING_UPDATE = "PreparingUpdate"
UPDATING = "Updating"
UPDATED = "Updated"
PREPARING_NORMAL = "PreparingNormal"
PREPARING_DELETE = "PreparingDelete"
IN_PLACE_UPDATE_READY = "InPlaceUpdateReady"
"""Readiness gate by which OpenKruise drains a pod during an update in place."""
KRUISE_POD_READY = "KruisePodReady"
"""Readiness gate by which hooks and others take a pod out of service."""

POD_WEBHOOK = "mgameserverset.kb.io"
"""Upstream's name of the webhook for pods; part of what the API server says when it refuses."""

POD_NAME = "statefulset.kubernetes.io/pod-name"
"""Label of a pod: its own name; services of single servers select by it."""
POD_INDEX = "apps.kubernetes.io/pod-index"

ALLOW_NOT_READY_CONTAINERS = "AllowNotReadyContainers"
"""The one network parameter that is not the plugin's own."""

RECLAIM_DELETE = "Delete"
RECLAIM_CASCADE = "Cascade"
SCALE_DOWN_RESERVE_IDS = "ReserveIds"
ROLLING_UPDATE = "RollingUpdate"
POD_MANAGEMENT_PARALLEL = "Parallel"
