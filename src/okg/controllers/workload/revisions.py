"""RevisionKeeper: the revisions of a workload's template, made, renumbered, adopted and pruned."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from okg.api.apps import ControllerRevision
from okg.api.core import Pod
from okg.api.game import GameServerSet
from okg.api.kruise import AdvancedStatefulSet
from okg.client.client import Client
from okg.controllers.indexes import BY_SET, set_key
from okg.controllers.reader import Reader
from okg.controllers.workload.adoption import Adopter
from okg.errors import AlreadyExists, Conflict, NotFound
from okg.workload.names import OWNER_GSS
from okg.workload.native.history import (
    current_revision,
    have_same_template,
    newest_revision,
    surplus_revisions,
)
from okg.workload.native.membership import Claim, claim_revision

MAX_COLLISIONS = 20
"""Other templates of the same 32-bit hash that are stepped over; more cannot be chance."""


class Revisions(msgspec.Struct, frozen=True):
    """The revisions that matter to a pass.

    Attributes:
        known: all, for what pods were made from.
        current: of pods that an update has yet to reach.
        newest: of the workload's template.
    """

    known: Sequence[ControllerRevision]
    current: ControllerRevision
    newest: ControllerRevision


class RevisionKeeper:
    """Looks after ControllerRevisions.

    Args:
        client: reads and writes them.
        live: reads one that the cache does not show yet.
    """

    def __init__(self, client: Client, live: Reader) -> None:
        self._client = client
        self._live = live

    def sync(
        self, workload: AdvancedStatefulSet, gss: GameServerSet, adopter: Adopter
    ) -> Revisions:
        """Return the revisions, with that of the workload's template among them."""
        key = set_key(gss.metadata.namespace, gss.metadata.name)
        cached = self._client.list(ControllerRevision, index=(BY_SET, key))
        known = self._own(cached, gss, adopter)
        newest = newest_revision(workload, gss, known)
        if newest.metadata.name not in {revision.metadata.name for revision in known}:
            # Made beside one that the cache does not show yet, it would replace every server.
            known = self._own(self._listed(gss), gss, adopter)
        newest = self._newest(workload, gss, known)
        known = [*(r for r in known if r.metadata.name != newest.metadata.name), newest]
        return Revisions(known, current_revision(workload, known, newest), newest)

    def prune(
        self, workload: AdvancedStatefulSet, revisions: Revisions, pods: Iterable[Pod]
    ) -> None:
        """Delete revisions that nobody needs any more."""
        in_use = (revisions.current, revisions.newest)
        for surplus in surplus_revisions(workload, revisions.known, in_use, pods):
            with suppress(NotFound):
                self._client.delete(surplus)

    def _listed(self, gss: GameServerSet) -> Sequence[ControllerRevision]:
        meta = gss.metadata
        selector = f"{OWNER_GSS}={meta.name}"
        return self._live.list(ControllerRevision, namespace=meta.namespace, labels=selector)

    def _own(
        self, found: Iterable[ControllerRevision], gss: GameServerSet, adopter: Adopter
    ) -> Sequence[ControllerRevision]:
        own: list[ControllerRevision] = []
        for revision in found:
            claim = claim_revision(revision, gss)
            if claim is Claim.OURS:
                own.append(revision)
            elif claim is Claim.ADOPT and (taken := adopter.adopt(revision)) is not None:
                own.append(taken)
        return own

    def _newest(
        self,
        workload: AdvancedStatefulSet,
        gss: GameServerSet,
        known: Sequence[ControllerRevision],
    ) -> ControllerRevision:
        before = {revision.metadata.name: revision for revision in known}
        for collisions in range(MAX_COLLISIONS):
            wanted = newest_revision(workload, gss, known, collisions)
            stored = before.get(wanted.metadata.name)
            if stored is None:
                stored = self._make(wanted)
            elif have_same_template(stored, wanted):
                return self._client.patch(stored, wanted)
            if have_same_template(stored, wanted):
                return stored
        raise Conflict(409, "Conflict", "every name for a new revision is taken")

    def _make(self, wanted: ControllerRevision) -> ControllerRevision:
        """Create a revision, or return what has its name: its own earlier self, or another's."""
        try:
            return self._client.create(wanted)
        except AlreadyExists:
            meta = wanted.metadata
            stored = self._live.get(ControllerRevision, meta.namespace, meta.name)
            if stored is None:
                raise
            return stored
