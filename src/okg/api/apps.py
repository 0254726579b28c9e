"""apps/v1: the kinds of it that we read."""

from typing import ClassVar

from okg.api.meta import Opaque, OpaqueValue, Value
from okg.api.resource import Object, ResourceType


class RevisionSpec(OpaqueValue, frozen=True, kw_only=True):
    """The part of a workload's spec that makes a revision."""

    template: Opaque = Opaque()


class RevisionData(Value, frozen=True, kw_only=True):
    """A patch that brings a workload to a revision, as OpenKruise and Kubernetes write it."""

    spec: RevisionSpec = RevisionSpec()


class ControllerRevision(Object, frozen=True, kw_only=True):
    """A pod template that a workload has, or had."""

    resource_type: ClassVar = ResourceType(
        "apps", "v1", "ControllerRevision", "controllerrevisions"
    )
    data: RevisionData = RevisionData()
    revision: int = 0
