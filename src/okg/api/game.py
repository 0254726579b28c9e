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
    """A pod template with two fields more. Metadata and spec are the user's bytes."""

    metadata: Opaque = Opaque()
    spec: Opaque = Opaque()
    volume_claim_templates: Opaque = Opaque()
    reclaim_policy: str = ""


class NetworkConfParam(Value, frozen=True, kw_only=True):
    """One parameter of a network plugin."""

    name: str = ""
    value: str = ""


class Network(Value, frozen=True, kw_only=True):
    """Which network plugin serves the set, with its parameters."""

    network_type: str = ""
    network_conf: tuple[NetworkConfParam, ...] | None = None


class RollingUpdate(Value, frozen=True, kw_only=True):
    """Rolling update settings; ``partition`` is a count of servers to keep."""

    partition: int | None = None
    max_unavailable: IntOrString | None = None
    pod_update_policy: str = ""
    paused: bool = False
    in_place_update_strategy: InPlaceUpdateStrategy | None = None
    min_ready_seconds: int | None = None


class UpdateStrategy(Value, frozen=True, kw_only=True):
    """How a changed template reaches the servers."""

    type: str = ""
    rolling_update: RollingUpdate | None = None


class ScaleStrategy(StatefulSetScaleStrategy, frozen=True, kw_only=True):
    """How the set grows and shrinks."""

    scale_down_strategy_type: str = ""


class GameServerContainer(Value, frozen=True, kw_only=True):
    """Overrides for one container of one server."""

    name: str
    image: str = ""
    resources: ResourceRequirements | None = None


class GameServerSpec(Value, frozen=True, kw_only=True):
    """What a user sets on one server."""

    ops_state: str = ""
    update_priority: IntOrString | None = None
    deletion_priority: IntOrString | None = None
    network_disabled: bool | None = None
    containers: tuple[GameServerContainer, ...] = ()


class ServiceQualityAction(GameServerSpec, frozen=True, kw_only=True):
    """What a probe result does to a server."""

    state: bool
    result: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class ServiceQuality(ContainerProbe, frozen=True, kw_only=True):
    """A probe and what follows from its results."""

    name: str
    container_name: str = ""
    permanent: bool
    service_quality_action: tuple[ServiceQualityAction, ...] = ()


class GameServerSetSpec(Value, frozen=True, kw_only=True):
    """What a user wants of a set."""

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
    """Counters of a set; ``replicas`` repeats ``spec.replicas``, on which autoscalers rely."""

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
    """What is known of one server. Priorities are strings here, whatever they are in the spec."""

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
