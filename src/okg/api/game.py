"""game.kruise.io/v1alpha1: GameServerSet and GameServer, every field of their schemas.

Field order is the order of the CRD columns people know. Fields without a default are required by
the schema and are therefore always sent.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from okg.api.core import PodStatus, ResourceRequirements
from okg.api.kruise import (
    ContainerProbe,
    InPlaceUpdateStrategy,
    Lifecycle,
    PersistentVolumeClaimRetentionPolicy,
    StatefulSetScaleStrategy,
)
from okg.api.meta import Condition, IntOrString, Opaque, OpaqueValue, Value
from okg.api.resource import Object, ResourceType

GROUP = "game.kruise.io"
VERSION = "v1alpha1"


class GameServerTemplate(OpaqueValue, frozen=True, kw_only=True):
    """A pod template with two fields more. Metadata and spec are the user's bytes.

    Attributes:
        volume_claim_templates: Claims that every server gets one of each of; they outlive its pod.
        reclaim_policy: Cascade, as if empty: a GameServer goes with its pod. Delete: it goes only
            when the set scales it away.
    """

    metadata: Opaque = Opaque()
    spec: Opaque = Opaque()
    volume_claim_templates: Opaque = Opaque()
    reclaim_policy: str = ""


class NetworkConfParam(Value, frozen=True, kw_only=True):
    """One parameter of a network plugin."""

    name: str = ""
    value: str = ""


class Network(Value, frozen=True, kw_only=True):
    """Which network plugin serves the set, with its parameters.

    Attributes:
        network_type: Name of the plugin, e.g. Kubernetes-HostPort.
        network_conf: Parameters of the plugin.
    """

    network_type: str = ""
    network_conf: tuple[NetworkConfParam, ...] | None = None


class RollingUpdate(Value, frozen=True, kw_only=True):
    """Rolling update settings.

    Attributes:
        partition: How many servers to keep on the old revision; a count, not an ordinal.
        max_unavailable: How many servers, or which percentage, may be unavailable at a time.
        pod_update_policy: ReCreate, as if empty, InPlaceIfPossible or InPlaceOnly.
        paused: Whether the update stands still.
        in_place_update_strategy: How an in-place update proceeds.
        min_ready_seconds: How long an updated server must be ready before it counts as available.
    """

    partition: int | None = None
    max_unavailable: IntOrString | None = None
    pod_update_policy: str = ""
    paused: bool = False
    in_place_update_strategy: InPlaceUpdateStrategy | None = None
    min_ready_seconds: int | None = None


class UpdateStrategy(Value, frozen=True, kw_only=True):
    """How a changed template reaches the servers.

    Attributes:
        type: RollingUpdate, as if empty, or OnDelete; always RollingUpdate where rollingUpdate is
            set.
        rolling_update: Rolling update settings.
    """

    type: str = ""
    rolling_update: RollingUpdate | None = None


class ScaleStrategy(StatefulSetScaleStrategy, frozen=True, kw_only=True):
    """How the set grows and shrinks.

    Attributes:
        max_unavailable: How many servers, or which percentage, may be unavailable while it grows.
        scale_down_strategy_type: General, as if empty, or ReserveIds: ids that were scaled away are
            not used again.
    """

    scale_down_strategy_type: str = ""


class GameServerContainer(Value, frozen=True, kw_only=True):
    """Overrides for one container of one server.

    Attributes:
        name: Which container.
        image: Image in place of that of the template; changes in place.
        resources: Resources in place of those of the template.
    """

    name: str
    image: str = ""
    resources: ResourceRequirements | None = None


class GameServerSpec(Value, frozen=True, kw_only=True):
    """What a user sets on one server.

    Attributes:
        ops_state: State of operation: None, WaitToBeDeleted, Maintaining, Allocated, Kill, or a
            word of your own that is a legal label value.
        update_priority: Servers with a higher number are updated first.
        deletion_priority: Servers with a higher number are deleted first.
        network_disabled: Whether the server is cut off from its network.
        containers: Overrides of images and resources, by container.
    """

    ops_state: str = ""
    update_priority: IntOrString | None = None
    deletion_priority: IntOrString | None = None
    network_disabled: bool | None = None
    containers: tuple[GameServerContainer, ...] = ()


class ServiceQualityAction(GameServerSpec, frozen=True, kw_only=True):
    """What a probe result does to a server. Texts may be templates over {{.Result}}.

    Attributes:
        state: The outcome of the probe that this action is for: whether it succeeded.
        result: The output of the probe that this action is for; any if empty.
        labels: Labels to set on the GameServer.
        annotations: Annotations to set on the GameServer.
        containers: Overrides of images and resources to merge into those of the GameServer.
    """

    state: bool
    result: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class ServiceQuality(ContainerProbe, frozen=True, kw_only=True):
    """A probe and what follows from its results.

    Attributes:
        name: Tells it apart; the pod's condition is called game.kruise.io/<name>.
        container_name: Which container is probed.
        permanent: Whether an action is taken only once, and not each time the result changes.
        service_quality_action: What to do at which result.
    """

    name: str
    container_name: str = ""
    permanent: bool
    service_quality_action: tuple[ServiceQualityAction, ...] = ()


class GameServerSetSpec(Value, frozen=True, kw_only=True):
    """What a user wants of a set.

    Attributes:
        replicas: Number of game servers.
        game_server_template: The pod template of the servers.
        service_name: Name of the governing service; the set's name if empty. Read once, when the
            workload is made.
        reserve_game_server_ids: Ids that must not exist, as integers or as inclusive ranges like
            3-6.
        service_qualities: Probes of the servers, and what follows from their results.
        update_strategy: How a changed template reaches the servers.
        scale_strategy: How the set grows and shrinks.
        network: Which network plugin serves the set; none if absent.
        lifecycle: Hooks that hold transitions of a server back.
        persistent_volume_claim_retention_policy: What happens to claims when the set or a pod goes.
    """

    replicas: int
    game_server_template: GameServerTemplate = GameServerTemplate()
    service_name: str = ""
    reserve_game_server_ids: tuple[IntOrString, ...] = ()
    service_qualities: tuple[ServiceQuality, ...] | None = None
    update_strategy: UpdateStrategy = UpdateStrategy()
    scale_strategy: ScaleStrategy = ScaleStrategy()
    network: Network | None = None
    lifecycle: Lifecycle | None = None
    persistent_volume_claim_retention_policy: PersistentVolumeClaimRetentionPolicy | None = None


class GameServerSetStatus(Value, frozen=True, kw_only=True):
    """Counters of a set.

    Attributes:
        replicas: Repeats spec.replicas; autoscalers rely on it.
        ready_replicas: Servers whose pods are ready.
        available_replicas: Servers whose pods are available.
        current_replicas: Servers whose pods exist, those that are terminating included.
        updated_replicas: Servers of the newest revision.
        observed_generation: The generation of the spec that this status is about.
        updated_ready_replicas: Servers of the newest revision whose pods are ready.
        maintaining_replicas: Servers whose opsState is Maintaining.
        wait_to_be_deleted_replicas: Servers whose opsState is WaitToBeDeleted.
        pre_delete_replicas: Servers that a hook keeps from being deleted.
        label_selector: Selects the pods of the set; autoscalers use it.
        conditions: Ready, Progressing and, while somebody has to act, Stalled.
    """

    replicas: int
    ready_replicas: int
    available_replicas: int
    current_replicas: int
    updated_replicas: int
    observed_generation: int = 0
    updated_ready_replicas: int | None = None
    maintaining_replicas: int | None = None
    wait_to_be_deleted_replicas: int | None = None
    pre_delete_replicas: int | None = None
    label_selector: str = ""
    conditions: tuple[Condition, ...] = ()


class GameServerSet(Object, frozen=True, kw_only=True):
    """A set of game servers."""

    resource_type: ClassVar = ResourceType(
        GROUP, VERSION, "GameServerSet", "gameserversets", closed=True
    )
    spec: GameServerSetSpec | None = None
    status: GameServerSetStatus | None = None


class NetworkPort(Value, frozen=True, kw_only=True):
    """A port of an address."""

    name: str
    protocol: str = ""
    port: IntOrString | None = None


class NetworkPortRange(Value, frozen=True, kw_only=True):
    """A range of ports of an address."""

    protocol: str = ""
    port_range: str = ""


class NetworkAddress(Value, frozen=True, kw_only=True):
    """Where a server can be reached."""

    ip: str
    ports: tuple[NetworkPort, ...] = ()
    port_range: NetworkPortRange | None = None
    end_point: str = ""


class NetworkStatus(Value, frozen=True, kw_only=True):
    """State of a server's network."""

    network_type: str = ""
    internal_addresses: tuple[NetworkAddress, ...] = ()
    external_addresses: tuple[NetworkAddress, ...] = ()
    desired_network_state: str = ""
    current_network_state: str = ""
    create_time: datetime | None = None
    last_transition_time: datetime | None = None


class ServiceQualityCondition(Value, frozen=True, kw_only=True):
    """Last result of one service quality."""

    name: str
    status: str = ""
    result: str = ""
    last_probe_time: datetime | None = None
    last_transition_time: datetime | None = None
    last_action_transition_time: datetime | None = None


class GameServerCondition(Value, frozen=True, kw_only=True):
    """Health of the pod, its node or its volumes."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_probe_time: datetime | None = None
    last_transition_time: datetime | None = None


class GameServerStatus(Value, frozen=True, kw_only=True):
    """What is known of one server.

    Attributes:
        desired_state: Always Ready.
        current_state: What the pod's state amounts to.
        network_status: State of the server's network.
        pod_status: Copy of the pod's status.
        service_qualities_conditions: Last results of the service qualities.
        update_priority: Update priority in force; a string, whatever it is in the spec.
        deletion_priority: Deletion priority in force; a string, whatever it is in the spec.
        last_transition_time: When this status was written last.
        conditions: Health of the pod, its node and its volumes.
    """

    desired_state: str = ""
    current_state: str = ""
    network_status: NetworkStatus = NetworkStatus()
    pod_status: PodStatus = PodStatus()
    service_qualities_conditions: tuple[ServiceQualityCondition, ...] = ()
    update_priority: IntOrString | None = None
    deletion_priority: IntOrString | None = None
    last_transition_time: datetime | None = None
    conditions: tuple[GameServerCondition, ...] = ()


class GameServer(Object, frozen=True, kw_only=True):
    """One game server; always of the same name as its pod."""

    resource_type: ClassVar = ResourceType(GROUP, VERSION, "GameServer", "gameservers", closed=True)
    spec: GameServerSpec = GameServerSpec()
    status: GameServerStatus = GameServerStatus()
