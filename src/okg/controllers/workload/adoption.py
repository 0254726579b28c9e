"""Adopter: takes objects in that belong to a set and are managed by nobody."""

from functools import cached_property

from okg.api.game import GameServerSet
from okg.api.resource import O
from okg.client.client import Client
from okg.controllers.reader import Reader
from okg.errors import Conflict, NotFound
from okg.workload.native.membership import adopted


class Adopter:
    """Adopts for one set during one pass.

    The garbage collector removes what a set that is gone seems to own. So before the first adoption
    the server is asked whether the set is still there.
    """

    def __init__(self, client: Client, live: Reader, gss: GameServerSet) -> None:
        self._client = client
        self._live = live
        self._gss = gss

    def adopt(self, orphan: O) -> O | None:
        """Return the object as the set's own; None if it changed meanwhile or the set is gone."""
        if not self._is_alive:
            return None
        try:
            return self._client.patch(orphan, adopted(orphan, self._gss))
        except (Conflict, NotFound):
            return None

    @cached_property
    def _is_alive(self) -> bool:
        meta = self._gss.metadata
        stored = self._live.get(GameServerSet, meta.namespace, meta.name)
        return (
            stored is not None
            and stored.metadata.uid == meta.uid
            and stored.metadata.deletion_timestamp is None
        )
