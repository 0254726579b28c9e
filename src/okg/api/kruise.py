"""apps.kruise.io: the workload kinds of OpenKruise that we read and write."""

from collections.abc import Mapping
from typing import ClassVar

from okg.api.meta import Condition, IntOrString, LabelSelector, Opaque, OpaqueValue, Value
from okg.api.resource import Object, ResourceType


class OrderPriorityTerm(Value, frozen=True, kw_only=True):
    """Pods are updated by the number in this label."""

    ordered_key: str


class PriorityStrategy(Value, frozen=True, kw_only=True):
    """Which pods are updated first."""

    order_priority: tuple[OrderPriorityTerm, ...] = ()


class UnorderedUpdate(Value, frozen=True, kw_only=True):
    """Update by priority instead of by ordinal."""

    priority_strategy: PriorityStrategy | None = None


class InPlaceUpdateStrategy(Value, frozen=True, kw_only=True):
    """How an in-place update proceeds."""

    grace_period_seconds: int = 0


class StatefulSetRollingUpdate(Value, frozen=True, kw_only=True):
    """Rolling update settings of the Advanced StatefulSet."""

    partition: int | None = None
    max_unavailable: IntOrString | None = None
    pod_update_policy: str = ""
    paused: bool = False
    unordered_update: UnorderedUpdate | None = None
    in_place_update_strategy: InPlaceUpdateStrategy | None = None
    min_ready_seconds: int | None = None


class StatefulSetUpdateStrategy(Value, frozen=True, kw_only=True):
    """Update strategy of the Advanced StatefulSet."""

    type: str = ""
    rolling_update: StatefulSetRollingUpdate | None = None


class StatefulSetScaleStrategy(Value, frozen=True, kw_only=True):
    """How many pods may be unavailable while scaling up."""

    max_unavailable: IntOrString | None = None


class LifecycleHook(Value, frozen=True, kw_only=True):
    """What holds a transition back."""

    labels_handler: Mapping[str, str] = {}
    finalizers_handler: tuple[str, ...] = ()
    mark_pod_not_ready: bool = False


class Lifecycle(Value, frozen=True, kw_only=True):
    """Hooks of a pod's life."""

    pre_delete: LifecycleHook | None = None
    in_place_update: LifecycleHook | None = None
    pre_normal: LifecycleHook | None = None


class PersistentVolumeClaimRetentionPolicy(Value, frozen=True, kw_only=True):
    """What happens to claims when the set or a pod goes."""

    when_deleted: str = ""
    when_scaled: str = ""


class StatefulSetOrdinals(Value, frozen=True, kw_only=True):
    """Where ids begin."""

    start: int = 0


class StatefulSetSpec(OpaqueValue, frozen=True, kw_only=True):
    """Spec of the Advanced StatefulSet as far as it is ours; the template is kept as bytes."""

    replicas: int | None = None
    ordinals: StatefulSetOrdinals | None = None
    selector: LabelSelector | None = None
    template: Opaque = Opaque()
    volume_claim_templates: Opaque = Opaque()
    service_name: str = ""
    pod_management_policy: str = ""
    update_strategy: StatefulSetUpdateStrategy | None = None
    revision_history_limit: int | None = None
    reserve_ordinals: tuple[IntOrString, ...] = ()
    lifecycle: Lifecycle | None = None
    scale_strategy: StatefulSetScaleStrategy | None = None
    persistent_volume_claim_retention_policy: PersistentVolumeClaimRetentionPolicy | None = None


class StatefulSetStatus(Value, frozen=True, kw_only=True):
    """Status of the Advanced StatefulSet."""

    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    current_replicas: int = 0
    updated_replicas: int = 0
    updated_ready_replicas: int = 0
    updated_available_replicas: int = 0
    current_revision: str = ""
    update_revision: str = ""
    label_selector: str = ""
    conditions: tuple[Condition, ...] = ()


class AdvancedStatefulSet(Object, frozen=True, kw_only=True):
    """OpenKruise's StatefulSet. Its plural also exists in apps/v1: address it by full group."""

    resource_type: ClassVar = ResourceType(
        "apps.kruise.io", "v1beta1", "StatefulSet", "statefulsets"
    )
    spec: StatefulSetSpec = StatefulSetSpec()
    status: StatefulSetStatus = StatefulSetStatus()


class ContainerProbe(OpaqueValue, frozen=True, kw_only=True):
    """How a container is probed; the handlers are the user's bytes."""

    exec: Opaque = Opaque()
    http_get: Opaque = Opaque()
    tcp_socket: Opaque = Opaque()
    grpc: Opaque = Opaque()
    initial_delay_seconds: int = 0
    timeout_seconds: int = 0
    period_seconds: int = 0
    success_threshold: int = 0
    failure_threshold: int = 0
    termination_grace_period_seconds: int | None = None


class PodContainerProbe(Value, frozen=True, kw_only=True):
    """One probe of a PodProbeMarker."""

    name: str
    container_name: str = ""
    probe: ContainerProbe = ContainerProbe()
    pod_condition_type: str = ""


class PodProbeMarkerSpec(Value, frozen=True, kw_only=True):
    """Which pods are probed, and how."""

    selector: LabelSelector | None = None
    probes: tuple[PodContainerProbe, ...] = ()


class PodProbeMarkerStatus(Value, frozen=True, kw_only=True):
    """How far OpenKruise has taken note."""

    observed_generation: int = 0
    matched_pods: int = 0


class PodProbeMarker(Object, frozen=True, kw_only=True):
    """Probes whose results become pod conditions."""

    resource_type: ClassVar = ResourceType(
        "apps.kruise.io", "v1alpha1", "PodProbeMarker", "podprobemarkers"
    )
    spec: PodProbeMarkerSpec = PodProbeMarkerSpec()
    status: PodProbeMarkerStatus = PodProbeMarkerStatus()
