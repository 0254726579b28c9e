"""Service qualities: what follows for a game server from what its probes say.

Actions follow from changes of a result, never from a result that stands: what a user sets by hand
stays until the next change.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from okg.api.core import Pod, PodCondition
from okg.api.game import GameServer, ServiceQuality, ServiceQualityAction, ServiceQualityCondition
from okg.workload.names import QUALITY_PREFIX
from okg.workload.notices import Notice
from okg.workload.quality_action import apply_action

_OUTCOMES = {"True": True, "False": False}

_DROPPED = str.maketrans("", "", "|\n")
"""Characters of a probe's output that are not part of its result."""


class Evaluation(msgspec.Struct, frozen=True):
    """What a server should be after its probes were heard.

    Attributes:
        server: with the changes that actions make, the very same object if there are none.
        conditions: one for each quality, in their order; to be stored in the server's status.
        notices: values that could not be used.
    """

    server: GameServer
    conditions: tuple[ServiceQualityCondition, ...]
    notices: tuple[Notice, ...]


class _Judgement(msgspec.Struct, frozen=True):
    condition: ServiceQualityCondition
    actions: tuple[ServiceQualityAction, ...] = ()


def evaluate_qualities(
    qualities: Sequence[ServiceQuality], pod: Pod, server: GameServer, now: datetime
) -> Evaluation:
    """Return what the results of all probes make of a server; a later quality overrides.

    Args:
        qualities: those of the server's set.
        pod: the server's pod; its conditions are the results.
        server: as stored, with the results that were heard before.
        now: the time that actions carry.
    """
    heard = {c.name: c for c in server.status.service_qualities_conditions}
    conditions: list[ServiceQualityCondition] = []
    notices: list[Notice] = []
    for quality in qualities:
        seen = pod.status.condition(QUALITY_PREFIX + quality.name)
        judgement = _judge(quality, seen, heard.get(quality.name), now)
        conditions.append(judgement.condition)
        for action in judgement.actions:
            applied = apply_action(server, action, judgement.condition)
            server = applied.server
            notices += applied.notices
    return Evaluation(server, tuple(conditions), tuple(notices))


def _judge(
    quality: ServiceQuality,
    seen: PodCondition | None,
    heard: ServiceQualityCondition | None,
    now: datetime,
) -> _Judgement:
    """Return the condition of one quality and the actions that are due."""
    if seen is None:
        # Also forgets that a permanent action was taken: this is another pod.
        return _Judgement(ServiceQualityCondition(name=quality.name))
    result = seen.message.translate(_DROPPED)
    acted_at = heard.last_action_transition_time if heard else None
    actions: tuple[ServiceQualityAction, ...] = ()
    if _is_due(quality, seen.status, result, heard):
        actions = _actions(quality, seen.status, result)
        acted_at = now if actions else None
    condition = ServiceQualityCondition(
        name=quality.name,
        status=seen.status,
        result=result,
        last_probe_time=seen.last_probe_time,
        last_transition_time=_later(seen.last_probe_time, acted_at),
        last_action_transition_time=acted_at,
    )
    return _Judgement(condition, actions)


def _is_due(
    quality: ServiceQuality, status: str, result: str, heard: ServiceQualityCondition | None
) -> bool:
    if heard is None:
        return True
    if (heard.status, heard.result) == (status, result):
        return False
    return not quality.permanent or heard.last_action_transition_time is None


def _actions(quality: ServiceQuality, status: str, result: str) -> tuple[ServiceQualityAction, ...]:
    outcome = _OUTCOMES.get(status)
    return tuple(
        action
        for action in quality.service_quality_action
        if action.state is outcome and action.result in {"", result}
    )


def _later(probed_at: datetime | None, acted_at: datetime | None) -> datetime | None:
    if probed_at is None or acted_at is None:
        return probed_at or acted_at
    return max(probed_at, acted_at)
