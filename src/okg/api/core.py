"""core/v1: the kinds and fields that controllers of game servers read.

PodStatus is declared in full, because a GameServer carries a copy of it: what is not declared here
is not copied, which is also what its CRD schema keeps.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from okg.api.meta import IntOrString, ObjectMeta, Value
from okg.api.resource import Object, ResourceType


class ContainerStateWaiting(Value, frozen=True, kw_only=True):
    """Why a container has not started."""

    reason: str = ""
    message: str = ""


class ContainerStateRunning(Value, frozen=True, kw_only=True):
    """Since when a container runs."""

    started_at: datetime | None = None


class ContainerStateTerminated(Value, frozen=True, kw_only=True):
    """How a container ended."""

    exit_code: int
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    container_id: str = msgspec.field(default="", name="containerID")


class ContainerState(Value, frozen=True, kw_only=True):
    """At most one of the three is set."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


class ResourceClaim(Value, frozen=True, kw_only=True):
    """A claim a container uses."""

    name: str
    request: str = ""


class ResourceRequirements(Value, frozen=True, kw_only=True):
    """Compute resources; quantities are strings or numbers as the writer gave them."""

    limits: Mapping[str, IntOrString] = {}
    requests: Mapping[str, IntOrString] = {}
    claims: tuple[ResourceClaim, ...] = ()


class VolumeMountStatus(Value, frozen=True, kw_only=True):
    """A mounted volume as the kubelet sees it."""

    name: str
    mount_path: str
    read_only: bool = False
    recursive_read_only: str = ""


class ResourceHealth(Value, frozen=True, kw_only=True):
    """Health of one device."""

    resource_id: str = msgspec.field(name="resourceID")
    health: str = ""


class ResourceStatus(Value, frozen=True, kw_only=True):
    """Health of the devices of one resource."""

    name: str
    resources: tuple[ResourceHealth, ...] = ()


class LinuxContainerUser(Value, frozen=True, kw_only=True):
    """The ids of a container's first process."""

    uid: int
    gid: int
    supplemental_groups: tuple[int, ...] = ()


class ContainerUser(Value, frozen=True, kw_only=True):
    """Who a container runs as."""

    linux: LinuxContainerUser | None = None


class ContainerStatus(Value, frozen=True, kw_only=True):
    """State of one container."""

    name: str
    image: str
    image_id: str = msgspec.field(name="imageID")
    ready: bool
    restart_count: int
    container_id: str = msgspec.field(default="", name="containerID")
    started: bool | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None
    allocated_resources: Mapping[str, IntOrString] = {}
    allocated_resources_status: tuple[ResourceStatus, ...] = ()
    resources: ResourceRequirements | None = None
    user: ContainerUser | None = None
    volume_mounts: tuple[VolumeMountStatus, ...] = ()


class PodCondition(Value, frozen=True, kw_only=True):
    """One condition of a pod."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_probe_time: datetime | None = None
    last_transition_time: datetime | None = None


class PodIP(Value, frozen=True, kw_only=True):
    """An address of a pod."""

    ip: str = ""


class HostIP(Value, frozen=True, kw_only=True):
    """An address of a pod's node."""

    ip: str = ""


class ResourceClaimStatus(Value, frozen=True, kw_only=True):
    """Which claim object a pod's claim became."""

    name: str
    resource_claim_name: str | None = None


class PodStatus(Value, frozen=True, kw_only=True):
    """All of PodStatus that the GameServer schema keeps."""

    phase: str = ""
    conditions: tuple[PodCondition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = ()
    host_ip: str = msgspec.field(default="", name="hostIP")
    host_ips: tuple[HostIP, ...] = msgspec.field(default=(), name="hostIPs")
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: tuple[PodIP, ...] = msgspec.field(default=(), name="podIPs")
    message: str = ""
    reason: str = ""
    nominated_node_name: str = ""
    qos_class: str = ""
    resize: str = ""
    resource_claim_statuses: tuple[ResourceClaimStatus, ...] = ()
    start_time: datetime | None = None

    def condition(self, type_: str) -> PodCondition | None:
        """Return the condition of this type, or None."""
        return next((c for c in self.conditions if c.type == type_), None)


class ContainerPort(Value, frozen=True, kw_only=True):
    """A port of a container; probes may name it, and networks give it a port of the node."""

    container_port: int
    name: str = ""
    host_port: int = 0
    protocol: str = ""


class Container(Value, frozen=True, kw_only=True):
    """The part of a container that can change in place, and its ports."""

    name: str
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    resources: ResourceRequirements | None = None


class PodReadinessGate(Value, frozen=True, kw_only=True):
    """A condition that must be True before the pod is Ready."""

    condition_type: str


class PersistentVolumeClaimVolumeSource(Value, frozen=True, kw_only=True):
    """A volume backed by a claim."""

    claim_name: str


class Volume(Value, frozen=True, kw_only=True):
    """A pod's volume; only claims are declared."""

    name: str
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None


class PodSpec(Value, frozen=True, kw_only=True):
    """The part of a pod's spec that controllers of game servers read."""

    node_name: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    readiness_gates: tuple[PodReadinessGate, ...] = ()
    volumes: tuple[Volume, ...] = ()


class Pod(Object, frozen=True, kw_only=True):
    """A pod."""

    resource_type: ClassVar = ResourceType(
        "", "v1", "Pod", "pods", merge_keys=(("conditions", "type"),)
    )
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class NodeCondition(Value, frozen=True, kw_only=True):
    """One condition of a node; heartbeat times are left out on purpose."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


class NodeSpec(Value, frozen=True, kw_only=True):
    """The part of a node's spec that we read."""

    unschedulable: bool = False
    provider_id: str = msgspec.field(default="", name="providerID")


class NodeAddress(Value, frozen=True, kw_only=True):
    """An address of a node."""

    type: str
    address: str


class NodeStatus(Value, frozen=True, kw_only=True):
    """Conditions and addresses of a node."""

    conditions: tuple[NodeCondition, ...] = ()
    addresses: tuple[NodeAddress, ...] = ()


class Node(Object, frozen=True, kw_only=True):
    """A node."""

    resource_type: ClassVar = ResourceType("", "v1", "Node", "nodes", namespaced=False)
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class PersistentVolumeClaimSpec(Value, frozen=True, kw_only=True):
    """Which volume a claim is bound to."""

    volume_name: str = ""


class PersistentVolumeClaim(Object, frozen=True, kw_only=True):
    """A claim of storage."""

    resource_type: ClassVar = ResourceType(
        "", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"
    )
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()


class PersistentVolumeStatus(Value, frozen=True, kw_only=True):
    """State of a volume."""

    phase: str = ""
    reason: str = ""
    message: str = ""


class PersistentVolume(Object, frozen=True, kw_only=True):
    """A volume."""

    resource_type: ClassVar = ResourceType(
        "", "v1", "PersistentVolume", "persistentvolumes", namespaced=False
    )
    status: PersistentVolumeStatus = PersistentVolumeStatus()


class ConfigMap(Object, frozen=True, kw_only=True):
    """Plain configuration data."""

    resource_type: ClassVar = ResourceType("", "v1", "ConfigMap", "configmaps")
    data: Mapping[str, str] = {}


class Secret(Object, frozen=True, kw_only=True):
    """Secret data, base64 as on the wire; never log one."""

    resource_type: ClassVar = ResourceType("", "v1", "Secret", "secrets")
    type: str = ""
    data: Mapping[str, str] = {}


class Namespace(Object, frozen=True, kw_only=True):
    """A namespace."""

    resource_type: ClassVar = ResourceType("", "v1", "Namespace", "namespaces", namespaced=False)


class ObjectReference(Value, frozen=True, kw_only=True):
    """Names one object, also one we hold no value of."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    resource_version: str = ""

    @classmethod
    def of(cls, obj: Object) -> "ObjectReference":
        """Return the reference to an object as it was read."""
        meta, kind = obj.metadata, obj.resource_type
        return cls(
            api_version=kind.api_version,
            kind=kind.kind,
            namespace=meta.namespace,
            name=meta.name,
            uid=meta.uid,
            resource_version=meta.resource_version,
        )


class EventSource(Value, frozen=True, kw_only=True):
    """Which component reported an event."""

    component: str = ""
    host: str = ""


class Event(Object, frozen=True, kw_only=True):
    """core/v1 Event, the kind that kubectl describe and event exporters read."""

    resource_type: ClassVar = ResourceType("", "v1", "Event", "events")
    involved_object: ObjectReference = ObjectReference()
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int = 0
    source: EventSource = EventSource()
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    reporting_component: str = ""
    reporting_instance: str = ""


__all__ = [
    "ConfigMap", "Container", "ContainerPort", "ContainerState", "ContainerStateRunning",
    "ContainerStateTerminated", "ContainerStateWaiting", "ContainerStatus", "ContainerUser",
    "Event", "EventSource", "HostIP", "LinuxContainerUser", "Namespace", "Node", "NodeAddress",
    "NodeCondition", "NodeSpec", "NodeStatus", "ObjectMeta", "ObjectReference",
    "PersistentVolume", "PersistentVolumeClaim", "PersistentVolumeClaimSpec",
    "PersistentVolumeClaimVolumeSource", "PersistentVolumeStatus", "Pod", "PodCondition", "PodIP",
    "PodReadinessGate", "PodSpec", "PodStatus", "ResourceClaim", "ResourceClaimStatus",
    "ResourceHealth", "ResourceRequirements", "ResourceStatus", "Secret", "Volume",
    "VolumeMountStatus",
]  # fmt: skip
