"""Drafts: objects made from a user's JSON, which says more than our types declare.

A draft is only ever created; what is stored is read as the kind that it is a draft of.
"""

from typing import ClassVar

from okg.api.core import PersistentVolumeClaim, Pod
from okg.api.meta import Opaque
from okg.api.resource import Object


class PodDraft(Object, frozen=True, kw_only=True):
    """A pod to be."""

    resource_type: ClassVar = Pod.resource_type
    spec: Opaque = Opaque()


class ClaimDraft(Object, frozen=True, kw_only=True):
    """A claim of storage to be."""

    resource_type: ClassVar = PersistentVolumeClaim.resource_type
    spec: Opaque = Opaque()
