"""Host: what a controller needs of the manager that runs it."""

from collections.abc import Callable, Iterable
from typing import Protocol

from okg.api.resource import O
from okg.client.client import Client
from okg.runtime.events import EventRecorder


class Host(Protocol):
    """The part of a manager that reconcilers are made from."""

    @property
    def client(self) -> Client:
        """Reads from the caches, writes to the server."""
        ...

    def index(self, kind: type[O], name: str, function: Callable[[O], Iterable[str]]) -> None:
        """Keep a secondary index of a kind."""
        ...

    def recorder_for(self, component: str) -> EventRecorder:
        """Return a recorder whose events name ``component`` as their source."""
        ...
