"""LeavingsReconciler: lets plugins give back what a set had, once there is no set of that name."""

from collections.abc import Sequence
from datetime import timedelta

from okg.api.game import GameServerSet
from okg.client.client import Client
from okg.cloudprovider.leaving import Leaving
from okg.cloudprovider.plugin import PluginError
from okg.context import Context
from okg.controllers.reader import Reader
from okg.runtime.reconcile import Request, Result

AGAIN = timedelta(seconds=30)
"""Time between two looks whether what has to go first is gone; clouds take minutes."""


class LeavingsReconciler:
    """Looks after what one set left behind.

    Args:
        client: reads sets; plugins read and write with it.
        live: reads sets past the cache, before one counts as gone.
        plugins: whose sets leave something behind.
    """

    def __init__(self, client: Client, live: Reader, plugins: Sequence[Leaving]) -> None:
        self._client = client
        self._live = live
        self._plugins = plugins

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Look at one set."""
        for reader in (self._client, self._live):
            if reader.get(GameServerSet, request.namespace, request.name) is not None:
                return None
        waiting = [it for it in self._plugins if not self._is_done(ctx, it, request)]
        return Result(requeue_after=AGAIN) if waiting else None

    def _is_done(self, ctx: Context, plugin: Leaving, request: Request) -> bool:
        try:
            plugin.on_set_gone(ctx, self._client, request.namespace, request.name)
        except PluginError as error:
            ctx.log.debug("something of a set that is gone has to wait", why=str(error))
            return False
        return True
