"""What a set may say of how it is updated and scaled.

The problems are what OpenKruise refuses (release 1.8, its webhook for StatefulSets), so that the
workload could never be written.
"""

import re
from collections.abc import Iterator

from okg.api.game import GameServerSetSpec, RollingUpdate, ScaleStrategy, UpdateStrategy
from okg.api.kruise import PersistentVolumeClaimRetentionPolicy
from okg.api.meta import IntOrString
from okg.workload.invalid import InvalidField, shown
from okg.workload.names import RECLAIM_CASCADE, RECLAIM_DELETE, ROLLING_UPDATE

UPDATE = "spec.updateStrategy"
ROLLING = f"{UPDATE}.rollingUpdate"
UPDATE_LIMIT = f"{ROLLING}.maxUnavailable"
SCALE_LIMIT = "spec.scaleStrategy.maxUnavailable"
RETENTION = "spec.persistentVolumeClaimRetentionPolicy"

MAX_READY_SECONDS = 300
"""Longest time of ``minReadySeconds`` (OpenKruise, ``MaxMinReadySeconds``)."""

_MAX_COUNT = 2**31 - 1
_WHOLE = 100
_PERCENT = re.compile(r"(\d{1,9})%", re.ASCII)
_LIMIT = 'write an integer of at least 1 or a percentage such as "20%"'

_ON_DELETE = "OnDelete"
_POLICIES = ("ReCreate", "InPlaceIfPossible", "InPlaceOnly")
_RETENTIONS = ("Retain", "Delete")
_SCALE_DOWN_TYPES = ("General", "ReserveIds")


def update_problems(spec: GameServerSetSpec) -> Iterator[InvalidField]:
    """Yield why the workload cannot be updated as asked."""
    strategy = spec.update_strategy
    if strategy.rolling_update is not None:
        yield from _rolling_problems(strategy.rolling_update)
    elif strategy.type not in {"", ROLLING_UPDATE, _ON_DELETE}:
        yield _unknown(f"{UPDATE}.type", strategy.type, (ROLLING_UPDATE, _ON_DELETE))
    if spec.persistent_volume_claim_retention_policy is not None:
        yield from _retention_problems(spec.persistent_volume_claim_retention_policy)


def scale_problems(strategy: ScaleStrategy) -> Iterator[InvalidField]:
    """Yield why the workload cannot be scaled as asked."""
    yield from _limit_problems(strategy.max_unavailable, SCALE_LIMIT)


def excess_problems(spec: GameServerSetSpec) -> Iterator[InvalidField]:
    """Yield limits beyond the whole. They work like 100%, so only new ones are refused."""
    rolling = spec.update_strategy.rolling_update or RollingUpdate()
    for field, limit in (
        (UPDATE_LIMIT, rolling.max_unavailable),
        (SCALE_LIMIT, spec.scale_strategy.max_unavailable),
    ):
        percent = _percent(limit)
        if percent is not None and percent > _WHOLE:
            yield InvalidField(field, f'"{limit}" is more than there is; write at most "100%"')


def strategy_cautions(spec: GameServerSetSpec) -> Iterator[InvalidField]:
    """Yield words that are ignored, or read as another."""
    yield from _type_cautions(spec.update_strategy)
    reclaim = spec.game_server_template.reclaim_policy
    if reclaim not in {"", RECLAIM_CASCADE, RECLAIM_DELETE}:
        yield InvalidField(
            "spec.gameServerTemplate.reclaimPolicy",
            f'"{shown(reclaim)}" is unknown, so GameServers stay until the set goes; write '
            f'"{RECLAIM_CASCADE}" or "{RECLAIM_DELETE}"',
        )
    scale_down = spec.scale_strategy.scale_down_strategy_type
    if scale_down not in {"", *_SCALE_DOWN_TYPES}:
        yield InvalidField(
            "spec.scaleStrategy.scaleDownStrategyType",
            f'"{shown(scale_down)}" is unknown and read as "General"; write "General" or '
            '"ReserveIds"',
        )


def _type_cautions(strategy: UpdateStrategy) -> Iterator[InvalidField]:
    if strategy.rolling_update is None or strategy.type in {"", ROLLING_UPDATE}:
        return
    yield InvalidField(
        f"{UPDATE}.type",
        f'"{shown(strategy.type)}" is ignored because rollingUpdate is set; remove rollingUpdate, '
        f'or write "{ROLLING_UPDATE}"',
    )


def _rolling_problems(rolling: RollingUpdate) -> Iterator[InvalidField]:
    partition, ready = rolling.partition or 0, rolling.min_ready_seconds or 0
    if partition < 0:
        yield InvalidField(f"{ROLLING}.partition", f"{partition} is negative; write 0 or more")
    if not 0 <= ready <= MAX_READY_SECONDS:
        yield InvalidField(
            f"{ROLLING}.minReadySeconds",
            f"{ready} is out of range; write 0 to {MAX_READY_SECONDS}",
        )
    if rolling.pod_update_policy not in {"", *_POLICIES}:
        yield _unknown(f"{ROLLING}.podUpdatePolicy", rolling.pod_update_policy, _POLICIES)
    yield from _limit_problems(rolling.max_unavailable, UPDATE_LIMIT)


def _retention_problems(policy: PersistentVolumeClaimRetentionPolicy) -> Iterator[InvalidField]:
    for name, value in (("whenDeleted", policy.when_deleted), ("whenScaled", policy.when_scaled)):
        if value not in {"", *_RETENTIONS}:
            yield _unknown(f"{RETENTION}.{name}", value, _RETENTIONS)


def _limit_problems(limit: IntOrString | None, field: str) -> Iterator[InvalidField]:
    """Yield what is wrong with a maxUnavailable: with 0 nothing could ever change."""
    if limit is None:
        return
    number = limit if isinstance(limit, int) else _percent(limit)
    if number is None:
        problem = f'"{shown(str(limit))}" is neither an integer nor a percentage; {_LIMIT}'
        yield InvalidField(field, problem)
    elif not 1 <= number <= _MAX_COUNT:
        size = "large" if number > 0 else "small"
        found = f'"{limit}"' if isinstance(limit, str) else str(limit)
        yield InvalidField(field, f"{found} is too {size}; {_LIMIT}")


def _percent(limit: IntOrString | None) -> int | None:
    match = _PERCENT.fullmatch(limit) if isinstance(limit, str) else None
    return int(match[1]) if match else None


def _unknown(field: str, found: str, known: tuple[str, ...]) -> InvalidField:
    words = ", ".join(f'"{word}"' for word in known[:-1])
    return InvalidField(field, f'"{shown(found)}" is unknown; write {words} or "{known[-1]}"')
