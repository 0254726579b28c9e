"""Life of OpenKruise: its kinds outlive it, so that they are served says nothing.

What says something is a lease that is renewed, or a StatefulSet that comes back with defaults that
only its webhook fills in.
"""

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from okg.api.coordination import Lease
from okg.api.kruise import AdvancedStatefulSet

LEASE_NAMESPACE, LEASE_NAME = "kruise-system", "kruise-manager"
"""Where the managers of OpenKruise elect their leader."""

PATIENCE = timedelta(seconds=60)
"""How long a silent OpenKruise is waited for before a new set is begun without it: as long as an
upgrade or a node takes that goes down."""

FRESHNESS = timedelta(seconds=5)
"""How long an answer is good for."""

_SLACK = timedelta(seconds=10)
"""What clocks of two machines may differ by, and a renewal may be late."""


def is_renewed(lease: Lease, now: datetime) -> bool:
    """Whether somebody holds a lease at this moment."""
    spec = lease.spec
    if not spec.holder_identity or spec.renew_time is None:
        return False
    duration = timedelta(seconds=spec.lease_duration_seconds or 0)
    return now <= datetime.fromisoformat(spec.renew_time) + duration + _SLACK


def is_completed(workload: AdvancedStatefulSet) -> bool:
    """Whether a StatefulSet that said nothing of it has a limit of revisions: its webhook works."""
    return workload.spec.revision_history_limit is not None


class Vigil(msgspec.Struct, frozen=True):
    """What is known of OpenKruise's life, in monotonic seconds.

    Attributes:
        asked_at: when it was asked last, None for never.
        silent_since: when it first did not answer, None while it answers.
    """

    asked_at: float | None = None
    silent_since: float | None = None

    def is_due(self, now: float) -> bool:
        """Whether it is time to ask again."""
        return self.asked_at is None or now >= self.asked_at + FRESHNESS.total_seconds()

    def after(self, now: float, *, alive: bool) -> "Vigil":
        """Return what is known after an answer, or none."""
        if alive:
            return Vigil(asked_at=now)
        return replace(
            self,
            asked_at=now,
            silent_since=now if self.silent_since is None else self.silent_since,
        )

    def is_over(self, now: float) -> bool:
        """Whether it was silent for so long that it will not be waited for."""
        since = self.silent_since
        return since is not None and now >= since + PATIENCE.total_seconds()
