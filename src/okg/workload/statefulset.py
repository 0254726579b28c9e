"""The Advanced StatefulSet that OpenKruise makes pods of.

Which field is written when is contract: an update overwrites what ``_workload_fields`` lists and
nothing else, and only when the hash says so. The workload's own fields are never compared, because
OpenKruise fills in defaults.
"""

from msgspec.structs import replace

from okg.api.game import GameServerSet, GameServerSetSpec, Network, RollingUpdate
from okg.api.kruise import (
    AdvancedStatefulSet,
    Lifecycle,
    LifecycleHook,
    OrderPriorityTerm,
    PriorityStrategy,
    StatefulSetRollingUpdate,
    StatefulSetScaleStrategy,
    StatefulSetSpec,
    StatefulSetUpdateStrategy,
    UnorderedUpdate,
)
from okg.api.meta import IntOrString, LabelSelector, ObjectMeta
from okg.workload.hashing import hash_of
from okg.workload.names import (
    ALLOW_NOT_READY_CONTAINERS,
    NETWORK_CONF,
    NETWORK_TYPE,
    NOT_READY_BLOCKER,
    OWNER_GSS,
    POD_MANAGEMENT_PARALLEL,
    ROLLING_UPDATE,
    STATEFULSET_HASH,
    UPDATE_PRIORITY,
)
from okg.workload.network_conf import encode_network_conf
from okg.workload.ordinals import format_ordinals
from okg.workload.ownership import controlled_by
from okg.workload.scaling import Scale, spec_of
from okg.workload.template import build_pod_template

_PRIORITY_ORDER = UnorderedUpdate(
    priority_strategy=PriorityStrategy(
        order_priority=(OrderPriorityTerm(ordered_key=UPDATE_PRIORITY),)
    )
)


def build_statefulset(gss: GameServerSet) -> AdvancedStatefulSet:
    """Return the workload of a new set.

    Raises:
        InvalidField: the template cannot become a pod.
    """
    wanted, meta = spec_of(gss), gss.metadata
    blank = AdvancedStatefulSet(
        metadata=ObjectMeta(
            name=meta.name, namespace=meta.namespace, owner_references=(controlled_by(gss),)
        ),
        spec=StatefulSetSpec(
            replicas=wanted.replicas,
            reserve_ordinals=tuple(map(_without_blanks, wanted.reserve_game_server_ids)),
            selector=LabelSelector(match_labels={OWNER_GSS: meta.name}),
            service_name=wanted.service_name or meta.name,
        ),
    )
    return update_statefulset(blank, gss)


def needs_update(workload: AdvancedStatefulSet, gss: GameServerSet) -> bool:
    """Whether the workload was made from another template or update strategy."""
    return workload.metadata.annotations.get(STATEFULSET_HASH) != statefulset_hash(gss)


def update_statefulset(workload: AdvancedStatefulSet, gss: GameServerSet) -> AdvancedStatefulSet:
    """Return the workload with the set's template and update settings; its size is left alone.

    Raises:
        InvalidField: the template cannot become a pod.
    """
    wanted, meta = spec_of(gss), workload.metadata
    annotations = {**meta.annotations, STATEFULSET_HASH: statefulset_hash(gss)}
    spec = replace(
        workload.spec,
        pod_management_policy=POD_MANAGEMENT_PARALLEL,
        template=build_pod_template(
            wanted.game_server_template,
            labels={OWNER_GSS: gss.metadata.name},
            annotations=_network_annotations(wanted.network),
        ),
        volume_claim_templates=wanted.game_server_template.volume_claim_templates,
        lifecycle=_lifecycle(wanted),
        scale_strategy=_scale_strategy(wanted),
        update_strategy=update_strategy(wanted),
        persistent_volume_claim_retention_policy=wanted.persistent_volume_claim_retention_policy,
    )
    return replace(workload, metadata=replace(meta, annotations=annotations), spec=spec)


def scale_statefulset(
    workload: AdvancedStatefulSet, gss: GameServerSet, scale: Scale
) -> AdvancedStatefulSet:
    """Return the workload with the decided size and reserved ids."""
    wanted = spec_of(gss)
    spec = replace(
        workload.spec,
        replicas=wanted.replicas,
        reserve_ordinals=format_ordinals(scale.reserved),
        scale_strategy=_scale_strategy(wanted),
    )
    return replace(workload, spec=spec)


def statefulset_hash(gss: GameServerSet) -> str:
    """Return the hash of what makes an update of the workload necessary."""
    wanted = spec_of(gss)
    network_conf = wanted.network.network_conf if wanted.network else None
    return hash_of((wanted.update_strategy, wanted.game_server_template, network_conf))


def update_strategy(wanted: GameServerSetSpec) -> StatefulSetUpdateStrategy:
    """Return how the workload of a set updates its pods."""
    strategy = wanted.update_strategy
    if strategy.rolling_update is None:
        return StatefulSetUpdateStrategy(type=strategy.type)
    return StatefulSetUpdateStrategy(
        type=ROLLING_UPDATE, rolling_update=_rolling_update(strategy.rolling_update)
    )


def _without_blanks(item: IntOrString) -> IntOrString:
    """Return an id or range as OpenKruise reads it; what a user writes may have blanks in it."""
    return item if isinstance(item, int) else "".join(item.split())


def _network_annotations(network: Network | None) -> dict[str, str]:
    if network is None:
        return {}
    return {
        NETWORK_CONF: encode_network_conf(network.network_conf),
        NETWORK_TYPE: network.network_type,
    }


def _lifecycle(wanted: GameServerSetSpec) -> Lifecycle | None:
    """Return the user's hooks, and the one by which a network plugin holds updates back."""
    params = (wanted.network.network_conf if wanted.network else None) or ()
    if not any(param.name == ALLOW_NOT_READY_CONTAINERS for param in params):
        return wanted.lifecycle
    lifecycle = wanted.lifecycle or Lifecycle()
    hook = lifecycle.in_place_update or LifecycleHook()
    blocked = replace(hook, labels_handler={**hook.labels_handler, NOT_READY_BLOCKER: "true"})
    return replace(lifecycle, in_place_update=blocked)


def _scale_strategy(wanted: GameServerSetSpec) -> StatefulSetScaleStrategy:
    return StatefulSetScaleStrategy(max_unavailable=wanted.scale_strategy.max_unavailable)


def _rolling_update(wanted: RollingUpdate) -> StatefulSetRollingUpdate:
    return StatefulSetRollingUpdate(
        partition=wanted.partition,
        max_unavailable=wanted.max_unavailable,
        pod_update_policy=wanted.pod_update_policy,
        paused=wanted.paused,
        unordered_update=_PRIORITY_ORDER,
        in_place_update_strategy=wanted.in_place_update_strategy,
        min_ready_seconds=wanted.min_ready_seconds,
    )
