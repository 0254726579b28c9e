"""Membership: which objects a set may treat as its own, and which it takes in or lets go."""

from enum import StrEnum

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.resource import O, Object
from okg.workload.names import OWNER_GSS
from okg.workload.ordinals import ordinal_of
from okg.workload.ownership import controlled_by


class Claim(StrEnum):
    """What a set has to do with an object.

    OURS is managed by the set. ADOPT matches it and is managed by nobody. RELEASE is managed by the
    set and no longer matches. FOREIGN matches it and is managed by somebody else. LEAVE is none of
    the set's business.
    """

    OURS = "ours"
    ADOPT = "adopt"
    RELEASE = "release"
    FOREIGN = "foreign"
    LEAVE = "leave"


def claim_pod(pod: Pod, gss: GameServerSet) -> Claim:
    """Return what a set has to do with a pod: label and name must both be of the set."""
    name, known = pod.metadata.name, gss.metadata.name
    return _claim(pod, gss, matches=has_label(pod, gss) and name == f"{known}-{ordinal_of(name)}")


def claim_revision(revision: Object, gss: GameServerSet) -> Claim:
    """Return what a set has to do with a revision or a claim of storage: the label decides."""
    return _claim(revision, gss, matches=has_label(revision, gss))


def adopted(obj: O, gss: GameServerSet) -> O:
    """Return an object that nobody manages as one that the set manages."""
    owners = (*obj.metadata.owner_references, controlled_by(gss))
    return replace(obj, metadata=replace(obj.metadata, owner_references=owners))


def released(obj: O, gss: GameServerSet) -> O:
    """Return an object as one that the set has nothing to do with."""
    owners = tuple(o for o in obj.metadata.owner_references if o.uid != gss.metadata.uid)
    return replace(obj, metadata=replace(obj.metadata, owner_references=owners))


def has_label(obj: Object, gss: GameServerSet) -> bool:
    """Whether an object carries the set's label."""
    return obj.metadata.labels.get(OWNER_GSS) == gss.metadata.name


def _claim(obj: Object, gss: GameServerSet, *, matches: bool) -> Claim:
    manager, going = obj.metadata.controller, gss.metadata.deletion_timestamp is not None
    if manager is not None and manager.uid != gss.metadata.uid:
        return Claim.FOREIGN if matches else Claim.LEAVE
    if manager is not None:
        released = not matches and not going
        return Claim.RELEASE if released else Claim.OURS if matches else Claim.LEAVE
    adoptable = matches and not going and obj.metadata.deletion_timestamp is None
    return Claim.ADOPT if adoptable else Claim.LEAVE
