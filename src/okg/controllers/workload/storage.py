"""ClaimKeeper: the claims of pods, made before them and owned by whom the policy says."""

from contextlib import suppress

from okg.api.core import PersistentVolumeClaim, Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.client.client import Client
from okg.errors import AlreadyExists, NotFound
from okg.workload.native.storage import build_claims, claim_names, is_stale, with_owners
from okg.workload.ordinals import ordinal_of


class StorageGoing(Exception):
    """A claim is being deleted, so its pod cannot be made yet."""


class ClaimKeeper:
    """Makes claims and sets their owners."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def waits(self, workload: AdvancedStatefulSet, ordinal: int) -> bool:
        """Whether a claim goes with an earlier pod of this id and has not gone yet."""
        pod = f"{workload.metadata.name}-{ordinal}"
        claims = (self._get(workload, name) for name in claim_names(workload, ordinal))
        return any(claim is not None and is_stale(claim, pod) for claim in claims)

    def ensure(self, workload: AdvancedStatefulSet, gss: GameServerSet, ordinal: int) -> None:
        """Make the claims of one id that are missing.

        Raises:
            StorageGoing: one of them is on its way out.
        """
        for draft in build_claims(workload, gss, ordinal):
            claim = self._get(workload, draft.metadata.name)
            if claim is not None and claim.metadata.deletion_timestamp is not None:
                raise StorageGoing(f"claim {draft.metadata.name} is to be deleted; waiting for it")
            if claim is None:
                with suppress(AlreadyExists):
                    self._client.create_from(draft, PersistentVolumeClaim)

    def sync_owners(
        self, workload: AdvancedStatefulSet, gss: GameServerSet, pod: Pod, *, condemned: bool
    ) -> None:
        """Let the claims of a pod go with whom the policy says."""
        for name in claim_names(workload, ordinal_of(pod.metadata.name)):
            claim = self._get(workload, name)
            if claim is None:
                continue
            owned = with_owners(claim, workload, gss, pod, condemned=condemned)
            with suppress(NotFound):
                self._client.patch(claim, owned)

    def _get(self, workload: AdvancedStatefulSet, name: str) -> PersistentVolumeClaim | None:
        return self._client.get(PersistentVolumeClaim, workload.metadata.namespace, name)
