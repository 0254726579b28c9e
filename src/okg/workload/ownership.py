"""Owner references: who goes when whom goes."""

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.meta import OwnerReference
from okg.api.resource import Object


def controlled_by(owner: Object) -> OwnerReference:
    """Return the reference that makes ``owner`` the one that manages an object."""
    return OwnerReference(
        api_version=owner.resource_type.api_version,
        kind=owner.resource_type.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def is_native(pod: Pod) -> bool:
    """Whether a pod is managed by its set itself, so that we do what a webhook does for others."""
    manager, resource = pod.metadata.controller, GameServerSet.resource_type
    return manager is not None and (manager.kind, manager.api_version) == (
        resource.kind,
        resource.api_version,
    )


def is_of_another(obj: Object, owner: Object) -> bool:
    """Whether an object is managed by a namesake of ``owner`` that is gone, and goes with it."""
    manager = obj.metadata.controller
    return (
        manager is not None
        and (manager.kind, manager.name) == (owner.resource_type.kind, owner.metadata.name)
        and manager.uid != owner.metadata.uid
    )


def is_going(obj: Object, owner: Object) -> bool:
    """Whether an object is removed, or will be together with an earlier owner of this name."""
    return obj.metadata.deletion_timestamp is not None or is_of_another(obj, owner)
