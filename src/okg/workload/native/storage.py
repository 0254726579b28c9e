"""Storage: the claims of a pod, and who takes them along when it goes.

A claim is kept or collected by its owner references: the garbage collector does the rest.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from okg.api.core import ObjectMeta, PersistentVolumeClaim, Pod
from okg.api.drafts import ClaimDraft
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.api.meta import Opaque, OpaqueValue, OwnerReference
from okg.api.resource import Object
from okg.workload.invalid import InvalidField

DELETE = "Delete"
"""The retention policy that is not Retain."""

_FIELD = "the workload's spec.volumeClaimTemplates"


class _ClaimMeta(OpaqueValue, frozen=True, kw_only=True):
    name: str
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class ClaimTemplate(OpaqueValue, frozen=True, kw_only=True):
    """What a claim is made from; its spec is the user's bytes."""

    metadata: _ClaimMeta
    spec: Opaque = Opaque()

    @property
    def name(self) -> str:
        """Name of the template, and of the volume in the pod."""
        return self.metadata.name


def read_claim_templates(workload: AdvancedStatefulSet) -> Sequence[ClaimTemplate]:
    """Return the templates of a workload's claims.

    Raises:
        InvalidField: they make no sense.
    """
    return _read(bytes(workload.spec.volume_claim_templates))


def claim_name(template: str, workload: AdvancedStatefulSet, ordinal: int) -> str:
    """Return the name of one id's claim."""
    return f"{template}-{workload.metadata.name}-{ordinal}"


def claim_names(workload: AdvancedStatefulSet, ordinal: int) -> Sequence[str]:
    """Return the names of all claims of one id."""
    return [claim_name(t.name, workload, ordinal) for t in read_claim_templates(workload)]


def build_claims(
    workload: AdvancedStatefulSet, gss: GameServerSet, ordinal: int
) -> Sequence[ClaimDraft]:
    """Return the claims of one id as they are made for a pod that shall be."""
    selector = workload.spec.selector
    return [
        ClaimDraft(
            metadata=ObjectMeta(
                name=claim_name(template.name, workload, ordinal),
                namespace=workload.metadata.namespace,
                labels={
                    **template.metadata.labels,
                    **(selector.match_labels if selector else {}),
                },
                annotations=template.metadata.annotations,
                owner_references=(_plain(gss),) if _goes_with_set(workload) else (),
            ),
            spec=template.spec,
        )
        for template in read_claim_templates(workload)
    ]


def with_owners(
    claim: PersistentVolumeClaim,
    workload: AdvancedStatefulSet,
    gss: GameServerSet,
    pod: Pod,
    *,
    condemned: bool,
) -> PersistentVolumeClaim:
    """Return a claim with the owners that the retention policy gives it; others' are kept.

    Args:
        claim: of the pod.
        workload: has the policy.
        gss: whom the claim may go with.
        pod: whom the claim may go with, if its id shall no longer be.
        condemned: whether that is so.
    """
    goes_with_pod = condemned and _goes_with_pod(workload)
    wanted = {
        gss.metadata.uid: _goes_with_set(workload) and not goes_with_pod,
        pod.metadata.uid: goes_with_pod,
    }
    before = claim.metadata.owner_references
    kept = tuple(owner for owner in before if wanted.get(owner.uid, True))
    known = {owner.uid for owner in kept}
    new = tuple(
        _plain(o) for o in (gss, pod) if wanted[o.metadata.uid] and o.metadata.uid not in known
    )
    if not new and kept == before:
        return claim
    return replace(claim, metadata=replace(claim.metadata, owner_references=(*kept, *new)))


def is_stale(claim: PersistentVolumeClaim, pod_name: str) -> bool:
    """Whether a claim goes with an earlier pod of this name, and has to be waited for."""
    return any(
        (owner.kind, owner.name) == (Pod.resource_type.kind, pod_name)
        for owner in claim.metadata.owner_references
    )


def _goes_with_set(workload: AdvancedStatefulSet) -> bool:
    policy = workload.spec.persistent_volume_claim_retention_policy
    return policy is not None and policy.when_deleted == DELETE


def _goes_with_pod(workload: AdvancedStatefulSet) -> bool:
    policy = workload.spec.persistent_volume_claim_retention_policy
    return policy is not None and policy.when_scaled == DELETE


def _plain(owner: Object) -> OwnerReference:
    """Return a reference for the garbage collector alone."""
    return OwnerReference(
        api_version=owner.resource_type.api_version,
        kind=owner.resource_type.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
    )


@lru_cache(maxsize=1024)
def _read(document: bytes) -> Sequence[ClaimTemplate]:
    if not document:
        return ()
    try:
        return msgspec.json.decode(document, type=tuple[ClaimTemplate, ...] | None) or ()
    except msgspec.MsgspecError as error:
        raise InvalidField(_FIELD, str(error)) from error
