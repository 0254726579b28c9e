"""Leaving: what a plugin may say of objects that its sets leave behind."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from okg.api.resource import Object
from okg.client.client import Client
from okg.context import Context


@runtime_checkable
class Leaving(Protocol):
    """Something whose sets leave objects behind, which no owner reference removes in order."""

    @property
    def leaves(self) -> Mapping[type[Object], str]:
        """The kinds, and the label by which an object names its set."""
        ...

    def on_set_gone(self, ctx: Context, client: Client, namespace: str, set_name: str) -> None:
        """Give back what a set had; asked on the leader, when there is no set of this name.

        Raises:
            PluginError: something else has to go first; to be asked again.
        """
        ...
