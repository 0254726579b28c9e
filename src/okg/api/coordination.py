"""coordination.k8s.io/v1: the Lease behind leader election."""

from typing import ClassVar

from okg.api.meta import Value
from okg.api.resource import Object, ResourceType


class LeaseSpec(Value, frozen=True, kw_only=True):
    """Who holds the lease.

    Times are MicroTime strings: exactly six fractional digits, or the server answers 400.
    """

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Lease(Object, frozen=True, kw_only=True):
    """A lease."""

    resource_type: ClassVar = ResourceType(
        "coordination.k8s.io", "v1", "Lease", "leases", closed=True
    )
    spec: LeaseSpec = LeaseSpec()
