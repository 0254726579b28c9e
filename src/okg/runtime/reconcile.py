"""Request, Result, Reconciler: the contract between a controller and the code it runs."""

from datetime import timedelta
from typing import Protocol, Self

import msgspec

from okg.api.resource import Object
from okg.context import Context


class Request(msgspec.Struct, frozen=True, order=True, gc=False):
    """Which object to look at. Says nothing about what happened to it."""

    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Object) -> Self:
        """Return the request for an object."""
        return cls(obj.metadata.namespace, obj.metadata.name)

    def __str__(self) -> str:
        """``namespace/name``."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class Result(msgspec.Struct, frozen=True):
    """What to do after a reconcile that did not fail.

    Attributes:
        requeue_after: come back after this time; None to wait for the next change.
        tried: False where it was too early to try anything: the backoff of failures before is kept.
    """

    requeue_after: timedelta | None = None
    tried: bool = True


class Reconciler(Protocol):
    """Brings the world one step closer to what an object asks for; safe to repeat at any time."""

    def reconcile(self, ctx: Context, request: Request) -> Result | None:
        """Look at one object and act.

        Raises:
            TerminalError: retrying cannot help; wait for the next change.
            Exception: any other failure is retried with backoff.
        """
        ...
