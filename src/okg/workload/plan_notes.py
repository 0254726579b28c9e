"""Notes of a plan: what a change does besides to servers, or does not do at all."""

from collections.abc import Iterator

from okg.api.game import GameServerSet, GameServerSetSpec
from okg.workload.ordinals import format_text
from okg.workload.scaling import read_explicit, spec_of

_LAZY = {
    "lifecycle": "spec.lifecycle",
    "persistent_volume_claim_retention_policy": "spec.persistentVolumeClaimRetentionPolicy",
}
"""Fields that reach the workload together with the next change of template or strategy."""


def notes_of(
    new: GameServerSet, old: GameServerSet | None, end: GameServerSet, *, updates: bool
) -> tuple[str, ...]:
    """Return what else there is to know.

    Args:
        new: the set as it would be stored.
        old: the set as it is stored, None if it is new.
        end: the set when the controller has written what it writes into it.
        updates: whether the workload's template and strategy are written.
    """
    notes = list(_own_writes(new, end))
    if old is not None and old.spec is not None:
        notes += _ignored(spec_of(new), old.spec)
        notes += _lazy(spec_of(new), old.spec, updates=updates)
    return tuple(notes)


def _own_writes(new: GameServerSet, end: GameServerSet) -> Iterator[str]:
    wanted, written = spec_of(new), spec_of(end)
    if written.replicas != wanted.replicas:
        killed = wanted.replicas - written.replicas
        yield f"spec.replicas becomes {written.replicas}: {killed} in opsState Kill"
    if written.reserve_game_server_ids != wanted.reserve_game_server_ids:
        listed = format_text(read_explicit(end)) or "empty"
        yield f"spec.reserveGameServerIds becomes {listed}: ids that went are not used again"


def _ignored(new: GameServerSetSpec, old: GameServerSetSpec) -> Iterator[str]:
    if new.service_name != old.service_name:
        yield "spec.serviceName is read once, when the workload is made: the change does nothing"
    policies = (old.game_server_template.reclaim_policy, new.game_server_template.reclaim_policy)
    if policies[0] != policies[1]:
        yield "reclaimPolicy holds for GameServers made from now on; existing ones keep theirs"


def _lazy(new: GameServerSetSpec, old: GameServerSetSpec, *, updates: bool) -> Iterator[str]:
    changed = [path for name, path in _LAZY.items() if getattr(new, name) != getattr(old, name)]
    if changed and not updates:
        fields = " and ".join(changed)
        yield f"{fields}: applied with the next change of template, strategy or networkConf"
    if new.scale_strategy.max_unavailable != old.scale_strategy.max_unavailable and not updates:
        same_size = new.replicas == old.replicas
        if same_size and new.reserve_game_server_ids == old.reserve_game_server_ids:
            yield "spec.scaleStrategy.maxUnavailable: applied with the next scale or update"
    if new.service_qualities != old.service_qualities:
        yield "spec.serviceQualities: the probes are changed, no server is touched"
