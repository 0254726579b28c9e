"""History: the pod templates that a workload has and had, as ControllerRevisions.

Names, data and order are those of OpenKruise and Kubernetes, so that servers are taken over from a
workload with the same template, and back. Templates are compared as values, because the server may
write their JSON anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from okg.api.apps import ControllerRevision, RevisionData, RevisionSpec
from okg.api.core import ObjectMeta, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import Opaque
from okg.workload.changes import as_json, without_nulls
from okg.workload.go_json import encode_as_go
from okg.workload.hashing import fnv1
from okg.workload.names import REVISION
from okg.workload.native.pod_template import read_template
from okg.workload.native.template_defaults import completed_like
from okg.workload.ownership import controlled_by

HASH = "controller.kubernetes.io/hash"
"""Label of a revision: what its name ends with."""

DEFAULT_LIMIT = 10
"""Revisions that are kept beside those in use, as in OpenKruise and Kubernetes."""

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and nothing that looks like one (k8s.io/apimachinery, util/rand)."""

_MAX_PREFIX = 223


def canonical_template(template: Opaque) -> Opaque:
    """Return a template as it is kept in a revision: keys in order, no nulls, marked as whole."""
    return msgspec.Raw(_canonical(bytes(template)))


def revision_hash(template: Opaque, collisions: int) -> str:
    """Return what the name of a template's revision ends with.

    Args:
        template: any form of it.
        collisions: how many other templates had the same hash.
    """
    data = b'{"spec":{"template":%s}}%d' % (_canonical(bytes(template)), collisions)
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(fnv1(data)))


def in_order(revisions: Iterable[ControllerRevision]) -> list[ControllerRevision]:
    """Return revisions, the oldest first."""
    return sorted(
        revisions,
        key=lambda r: (r.revision, str(r.metadata.creation_timestamp or ""), r.metadata.name),
    )


def have_same_template(stored: ControllerRevision, wanted: ControllerRevision) -> bool:
    """Whether a stored revision is of the wanted template, completed by OpenKruise or not."""
    template = stored.data.spec.template
    completed = completed_like(template, wanted.data.spec.template)
    return _canonical(bytes(template)) == _canonical(bytes(completed))


def newest_revision(
    workload: AdvancedStatefulSet,
    gss: GameServerSet,
    revisions: Iterable[ControllerRevision],
    collisions: int = 0,
) -> ControllerRevision:
    """Return the revision of the workload's template as it is to be.

    It is one of ``revisions`` if that is the newest, a later form of one if the set went back to an
    older template, and else a new one.
    """
    known = in_order(revisions)
    number = known[-1].revision + 1 if known else 1
    fresh = _build(workload, gss, number, collisions)
    equal = [revision for revision in known if have_same_template(revision, fresh)]
    if not equal:
        return fresh
    return equal[-1] if equal[-1] is known[-1] else replace(equal[-1], revision=number)


def current_revision(
    workload: AdvancedStatefulSet,
    revisions: Iterable[ControllerRevision],
    newest: ControllerRevision,
) -> ControllerRevision:
    """Return the revision that all servers have, or had before the update that is under way."""
    name = workload.status.current_revision
    return next((r for r in revisions if r.metadata.name == name), newest)


def surplus_revisions(
    workload: AdvancedStatefulSet,
    revisions: Iterable[ControllerRevision],
    in_use: Sequence[ControllerRevision],
    pods: Iterable[Pod],
) -> Sequence[ControllerRevision]:
    """Return the revisions that may go, the oldest first; never one that a pod names."""
    named = {pod.metadata.labels.get(REVISION, "") for pod in pods}
    kept = named | {revision.metadata.name for revision in in_use}
    idle = [revision for revision in in_order(revisions) if revision.metadata.name not in kept]
    limit = workload.spec.revision_history_limit
    return idle[: max(0, len(idle) - (DEFAULT_LIMIT if limit is None else limit))]


def _build(
    workload: AdvancedStatefulSet, gss: GameServerSet, number: int, collisions: int
) -> ControllerRevision:
    meta, template = workload.metadata, canonical_template(workload.spec.template)
    hash_ = revision_hash(template, collisions)
    return ControllerRevision(
        metadata=ObjectMeta(
            name=f"{meta.name[:_MAX_PREFIX]}-{hash_}",
            namespace=meta.namespace,
            labels={**read_template(template).metadata.labels, HASH: hash_},
            annotations=meta.annotations,
            owner_references=(controlled_by(gss),),
        ),
        data=RevisionData(spec=RevisionSpec(template=template)),
        revision=number,
    )


@lru_cache(maxsize=1024)
def _canonical(template: bytes) -> bytes:
    members = without_nulls(as_json(msgspec.Raw(template or b"{}")))
    whole = {**members, "$patch": "replace"} if isinstance(members, Mapping) else members
    # In Go's bytes: the API server writes a patched revision anew, and refuses one whose data is
    # then another.
    return encode_as_go(whole).encode()
