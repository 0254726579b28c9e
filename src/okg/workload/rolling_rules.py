"""Rules: how a workload's update strategy is read, with OpenKruise's defaults."""

from typing import Self

import msgspec

from okg.api.kruise import StatefulSetUpdateStrategy
from okg.workload.update_order import unavailable_limit

RECREATE = "ReCreate"
IN_PLACE_ONLY = "InPlaceOnly"
_ON_DELETE = "OnDelete"


class Rules(msgspec.Struct, frozen=True):
    """How a set wants its servers updated.

    Attributes:
        replicas: how many servers there shall be.
        policy: ReCreate, InPlaceIfPossible or InPlaceOnly.
        on_delete: whether nobody updates them but who deletes their pods.
        paused: whether updates stand still.
        partition: how many servers stay as they are.
        at_a_time: how many may be unavailable together.
        by_priority: whether the update priority decides.
    """

    replicas: int
    policy: str = RECREATE
    on_delete: bool = False
    paused: bool = False
    partition: int = 0
    at_a_time: int = 1
    by_priority: bool = False

    @classmethod
    def of(cls, strategy: StatefulSetUpdateStrategy | None, replicas: int) -> Self:
        """Return the rules of a workload.

        Args:
            strategy: of the workload.
            replicas: of the workload.
        """
        rolling = strategy.rolling_update if strategy else None
        on_delete = strategy is not None and strategy.type == _ON_DELETE
        if rolling is None or on_delete:
            return cls(replicas, on_delete=on_delete)
        return cls(
            replicas,
            policy=rolling.pod_update_policy or RECREATE,
            paused=rolling.paused,
            partition=rolling.partition or 0,
            at_a_time=unavailable_limit(rolling.max_unavailable, replicas),
            by_priority=rolling.unordered_update is not None,
        )
